import { SHADOW } from './cpu/state.ts';
import { wouldRequest } from './devices/pic8259.ts';
import { CPU_STATE } from './layout.ts';
import type { Machine } from './machine.ts';

/** Tests whether an interrupt could be delivered now, without delivering it. */

/**
 * True if a line that rose at this boundary would be delivered here: IF is set, the previous instruction was not STI or a load of SS,
 * and the 8259s let the line through (unmasked, nothing of its priority or above in service or requested).
 */
export function isDeliverable({ cpu, mem }: Machine, irq: number): boolean {
  if (!cpu.interruptsEnabled || mem.i32[(CPU_STATE >>> 2) + SHADOW] !== 0) return false;
  return wouldRequest(mem, irq);
}
