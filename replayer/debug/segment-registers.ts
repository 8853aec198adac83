import { CR0_PE } from '../../recorder/machine/control-registers.ts';
import {
  ACCESSED,
  baseOf,
  dplOf,
  isApplication,
  isCode,
  isConforming,
  isNull,
  isPresent,
  isReadable,
  isWritableData,
  limitOf,
  SEGMENT_PRESENT,
  SELECTOR_LDT,
  SELECTOR_RPL,
} from '../../recorder/machine/cpu/descriptors.ts';
import { VM } from '../../recorder/machine/cpu/flags.ts';
import { CS, DS, ES, FS, GDT_BASE, GDT_LIMIT, GS, LDTR, SS } from '../../recorder/machine/cpu/state.ts';
import { RAM } from '../../recorder/machine/layout.ts';
import type { Machine } from '../../recorder/machine/machine.ts';
import { cpuOf, hexNumber, type Register } from './register.ts';

/** Segment registers for debuggers: a change must be one that a program could make. */

/** True if selectors name descriptors: protected mode without virtual-8086 mode. */
const usesDescriptors = (machine: Machine): boolean =>
  (machine.cpu.cr0 & CR0_PE) !== 0 && (cpuOf(machine).eflags & VM) === 0;

interface Descriptor {
  readonly low: number;
  readonly high: number;
}

/** A descriptor from the guest's tables, which are only read; undefined if there is none. */
function descriptorOf(machine: Machine, selector: number): Descriptor | undefined {
  const { mem, mmu } = machine;
  const [, localBase, localLimit, localAttributes] = cpuOf(machine).segment(LDTR);
  const local = (selector & SELECTOR_LDT) !== 0;
  if (local && (localAttributes & SEGMENT_PRESENT) === 0) return undefined;
  const base = local ? localBase : mem.i32[GDT_BASE];
  const limit = local ? localLimit >>> 0 : mem.i32[GDT_LIMIT];
  const offset = selector & 0xfff8;
  if (offset + 7 > limit) return undefined;
  const [low, high] = [0, 4].map((at) => {
    const physical = mmu.translateForDebug((base + offset + at) | 0);
    return physical >= 0 && physical + 4 <= mem.ramBytes
      ? mem.view.getInt32(RAM + physical, true)
      : undefined;
  });
  return low === undefined || high === undefined ? undefined : { low, high };
}

/**
 * The reason that a descriptor is not acceptable, by the rules of a load by a program at this CPL (80386 PRM, 6.3), which never changes.
 */
function mismatch(number: number, selector: number, high: number, cpl: number): string | undefined {
  const rpl = selector & SELECTOR_RPL;
  const dpl = dplOf(high);
  if (number === CS) {
    if (!isCode(high)) return 'is not code';
    if (rpl !== cpl || (isConforming(high) ? dpl > cpl : dpl !== cpl)) return `is not for CPL ${cpl}`;
  } else if (number === SS) {
    if (!isWritableData(high)) return 'is not writable data';
    if (rpl !== cpl || dpl !== cpl) return `is not for CPL ${cpl}`;
  } else {
    if (!isReadable(high)) return 'cannot be read';
    const guarded = !(isApplication(high) && isCode(high) && isConforming(high));
    if (guarded && Math.max(cpl, rpl) > dpl) return `is not for CPL ${cpl}`;
  }
  return isPresent(high) ? undefined : 'is not present';
}

/** A segment register: setting the selector loads its descriptor, if a program at the same privilege could. */
const segment = (name: string, number: number): Register => ({
  name,
  bits: 32,
  type: 'int',
  read: (machine) => [cpuOf(machine).segment(number)[0]],
  refuses: (machine, [value]) => {
    if (value === cpuOf(machine).segment(number)[0]) return undefined;
    if (value >>> 16 !== 0) return `${hexNumber(value)} is not a selector`;
    if (!usesDescriptors(machine)) return undefined;
    if (isNull(value) && number !== CS && number !== SS) return undefined;
    const descriptor = isNull(value) ? undefined : descriptorOf(machine, value);
    if (!descriptor) return `no descriptor for selector ${hexNumber(value)}`;
    const wrong = mismatch(number, value, descriptor.high, machine.cpu.cpl);
    return wrong && `the segment of selector ${hexNumber(value)} ${wrong}`;
  },
  write: (machine, [value]) => {
    const cpu = cpuOf(machine);
    const [selector, , limit, attributes] = cpu.segment(number);
    if (value === selector) return;
    if (!usesDescriptors(machine)) cpu.setSegment(number, value, value << 4, limit, attributes);
    else if (isNull(value)) cpu.setSegment(number, value, 0, 0, 0);
    else {
      const { low, high } = descriptorOf(machine, value) as Descriptor;
      cpu.setSegment(number, value, baseOf(low, high), limitOf(low, high), high | ACCESSED);
    }
  },
});

/** In gdb's order, with the numbers of the encoding. */
export const SEGMENT_REGISTERS: readonly Register[] = [
  segment('cs', CS),
  segment('ss', SS),
  segment('ds', DS),
  segment('es', ES),
  segment('fs', FS),
  segment('gs', GS),
];
