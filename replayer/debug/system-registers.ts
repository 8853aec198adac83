import { CR0_ET, CR0_PE, CR0_PG } from '../../recorder/machine/control-registers.ts';
import type { Machine } from '../../recorder/machine/machine.ts';
import { cpuOf, hexNumber, type Register } from './register.ts';

/** Control registers for debuggers: a change must be one that the processor allows. */

const control = (
  name: string,
  read: (machine: Machine) => number,
  refuses: (machine: Machine, value: number) => string | undefined,
  write: (machine: Machine, value: number) => void,
): Register => ({
  name,
  bits: 32,
  type: 'int',
  read: (machine) => [read(machine)],
  refuses: (machine, [value]) => (value === read(machine) ? undefined : refuses(machine, value)),
  write: (machine, [value]) => {
    if (value !== read(machine)) write(machine, value);
  },
});

const missingBits = (value: number, known: number): string | undefined =>
  (value & ~known) === 0 ? undefined : `this processor does not have bits ${hexNumber(value & ~known)} of it`;

/** Registers that only a kernel can use. */
export const SYSTEM: readonly Register[] = [
  control(
    'cr0',
    ({ cpu }) => cpu.cr0,
    (machine, value) => {
      if ((value ^ machine.cpu.cr0) & CR0_PE) return 'the segments are loaded for the current mode';
      if (value & CR0_PG && !(value & CR0_PE)) return 'paging (PG) needs protected mode (PE)';
      return missingBits(value, cpuOf(machine).processor.cr0 | CR0_ET);
    },
    ({ mmu }, value) => mmu.setCr0(value | CR0_ET),
  ),
  control(
    'cr2',
    ({ cpu }) => cpu.cr2,
    () => undefined,
    (machine, value) => {
      cpuOf(machine).cr2 = value;
    },
  ),
  control(
    'cr3',
    ({ cpu }) => cpu.cr3,
    ({ mem }, value) =>
      value >>> 0 < mem.ramBytes ? undefined : `${hexNumber(value)} is beyond the guest's memory`,
    ({ mmu }, value) => mmu.setCr3(value),
  ),
  control(
    'cr4',
    ({ cpu }) => cpu.cr4,
    (machine, value) => missingBits(value, cpuOf(machine).processor.cr4),
    ({ mmu }, value) => mmu.setCr4(value),
  ),
];
