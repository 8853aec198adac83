import type { Machine } from '../../recorder/machine/machine.ts';
import { cpuOf } from './register.ts';

/** Finds interrupt frames on a kernel's stack. */

/** Pages above a stack pointer that are searched; kernel stacks have 1 to 4 pages. */
const STACK_PAGES = 16;
/** Size of the linear address space. */
const PAGES = 1 << 20;

/**
 * Linear addresses at which deliveries of interrupts pushed an EIP (with CS and EFLAGS above it) that no IRET has popped, from
 * `esp` upwards, the lowest first. They come from the processor's list of open frames (IRQs and INT n, but not exceptions), so no debug
 * information is needed. A SYSENTER pushes nothing and has no frame. A frame may have been abandoned; the caller must judge.
 */
export function interruptFrames(machine: Machine, esp: number): number[] {
  const slots = cpuOf(machine).pushedFrames;
  if (slots.length === 0) return [];
  const found: number[] = [];
  const first = esp >>> 12;
  for (let vpn = first; vpn < first + STACK_PAGES && vpn < PAGES; vpn++) {
    const physical = machine.mmu.translateForDebug((vpn << 12) | 0);
    if (physical < 0) break;
    const here = slots.filter((slot) => slot >>> 12 === physical >>> 12);
    found.push(...here.map((slot) => ((vpn << 12) | (slot & 4095)) >>> 0));
  }
  return found.filter((address) => address >= esp >>> 0).sort((a, b) => a - b);
}
