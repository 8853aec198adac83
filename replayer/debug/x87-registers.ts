import {
  FPU_DATA_OFFSET,
  FPU_DATA_SELECTOR,
  FPU_INSTRUCTION_OFFSET,
  FPU_INSTRUCTION_SELECTOR,
  FPU_OPCODE,
} from '../../recorder/machine/cpu/state.ts';
import type { Machine } from '../../recorder/machine/machine.ts';
import { cpuOf, type Register } from './register.ts';

/** The x87's registers for debuggers. */

const fpuOf = (machine: Machine) => cpuOf(machine).fpu;

const absent = (machine: Machine): string | undefined =>
  fpuOf(machine).present ? undefined : 'this machine has no coprocessor';

const word = (
  name: string,
  read: (machine: Machine) => number,
  write: (machine: Machine, value: number) => void,
): Register => ({
  name,
  bits: 32,
  type: 'int',
  read: (machine) => [read(machine)],
  refuses: absent,
  write: (machine, [value]) => write(machine, value),
});

/** A word that only FNSTENV and FNSAVE store; `mask` has its valid bits. */
const pointer = (name: string, place: number, mask: number): Register =>
  word(
    name,
    ({ mem }) => mem.i32[place],
    ({ mem }, value) => {
      mem.i32[place] = value & mask;
    },
  );

/** ST(index) of the stack. Whether it is empty is shown by `ftag`, as in a debugger on a real processor. */
const stackRegister = (index: number): Register => ({
  name: `st${index}`,
  bits: 80,
  type: 'i387_ext',
  read: (machine) => {
    const at = fpuOf(machine).at(index);
    return [...machine.mem.i32.subarray(at, at + 3)];
  },
  refuses: absent,
  write: (machine, [low, high, top]) => {
    machine.mem.i32.set([low, high, top & 0xffff], fpuOf(machine).at(index));
  },
});

/** The x87 (SDM volume 1, 8.1) in gdb's order. Bits that do not exist or are derived from others are ignored when setting. */
export const X87: readonly Register[] = [
  ...Array.from({ length: 8 }, (_, index) => stackRegister(index)),
  word(
    'fctrl',
    (machine) => fpuOf(machine).control,
    (machine, value) => {
      fpuOf(machine).control = value;
    },
  ),
  word(
    'fstat',
    (machine) => fpuOf(machine).status,
    (machine, value) => {
      fpuOf(machine).status = value;
    },
  ),
  word(
    'ftag',
    (machine) => fpuOf(machine).tags,
    (machine, value) => {
      fpuOf(machine).tags = value;
    },
  ),
  pointer('fiseg', FPU_INSTRUCTION_SELECTOR, 0xffff),
  pointer('fioff', FPU_INSTRUCTION_OFFSET, -1),
  pointer('foseg', FPU_DATA_SELECTOR, 0xffff),
  pointer('fooff', FPU_DATA_OFFSET, -1),
  pointer('fop', FPU_OPCODE, 0x7ff),
];
