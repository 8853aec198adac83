import {
  FPU_CONTROL,
  FPU_DATA_OFFSET,
  FPU_DATA_SELECTOR,
  FPU_EMPTY,
  FPU_INSTRUCTION_OFFSET,
  FPU_INSTRUCTION_SELECTOR,
  FPU_OPCODE,
  FPU_REGISTER_WORDS,
  FPU_REGISTERS,
  FPU_STATUS,
} from '../../recorder/machine/cpu/state.ts';
import type { Machine } from '../../recorder/machine/machine.ts';

/** One register as gdb knows it; its number is its place in REGISTERS. */
interface Register {
  readonly name: string;
  readonly bits: number;
  readonly type: string;
  read(machine: Machine): number;
  /** The words above the lowest. */
  more?(machine: Machine): number[];
  /** False when it cannot be set. */
  write(machine: Machine, value: number): boolean;
}

/** What the target needs of the CPU beyond MachineCpu: the standard one has it. */
export interface DebuggableCpu {
  eip: number;
  eflags: number;
  register(number: number): number;
  setRegister(number: number, value: number): void;
  segment(number: number): readonly [number, number, number, number];
}

export const cpuOf = (machine: Machine): DebuggableCpu => machine.cpu as unknown as DebuggableCpu;

const general = (name: string, number: number, type = 'int'): Register => ({
  name,
  bits: 32,
  type,
  read: (machine) => cpuOf(machine).register(number),
  write: (machine, value) => {
    cpuOf(machine).setRegister(number, value);
    return true;
  },
});

/** Selectors are not loaded: that would take the guest's descriptor tables along. */
const segment = (name: string, number: number): Register => ({
  name,
  bits: 32,
  type: 'int',
  read: (machine) => cpuOf(machine).segment(number)[0],
  write: (machine, value) => value === cpuOf(machine).segment(number)[0],
});

const words = ({ mem }: Machine): Int32Array => mem.i32;

/** A word of the coprocessor; in gdb they are 32 bits wide. */
const x87Word = (name: string, place: number): Register => ({
  name,
  bits: 32,
  type: 'int',
  read: (machine) => words(machine)[place],
  write: (machine, value) => {
    words(machine)[place] = name.endsWith('off') ? value | 0 : value & 0xffff;
    return true;
  },
});

/** Two bits a register, by its number, not its place on the stack; what is not empty counts as valid. */
const x87Tags: Register = {
  name: 'ftag',
  bits: 32,
  type: 'int',
  read: (machine) => {
    const empty = words(machine)[FPU_EMPTY];
    return Array.from({ length: 8 }, (_, n) => ((empty >>> n) & 1 ? 3 << (2 * n) : 0)).reduce(
      (a, b) => a | b,
    );
  },
  write: (machine, value) => value === x87Tags.read(machine),
};

/** First word of register `index` of the stack (SDM volume 1, 8.1.2). */
const x87Place = (machine: Machine, index: number): number => {
  const top = (words(machine)[FPU_STATUS] >>> 11) & 7;
  return FPU_REGISTERS + ((top + index) & 7) * FPU_REGISTER_WORDS;
};

const x87Register = (index: number): Register => ({
  name: `st${index}`,
  bits: 80,
  type: 'i387_ext',
  read: (machine) => words(machine)[x87Place(machine, index)],
  more: (machine) => [1, 2].map((n) => words(machine)[x87Place(machine, index) + n]),
  write: () => false,
});

const control = (name: string, read: Register['read'], set?: (machine: Machine, value: number) => void) => ({
  name,
  bits: 32,
  type: 'int',
  read,
  write: (machine: Machine, value: number) => {
    if (read(machine) === (value | 0)) return true;
    set?.(machine, value);
    return set !== undefined;
  },
});

const CORE: readonly Register[] = [
  ...['eax', 'ecx', 'edx', 'ebx'].map((name, number) => general(name, number)),
  general('esp', 4, 'data_ptr'),
  general('ebp', 5, 'data_ptr'),
  general('esi', 6),
  general('edi', 7),
  {
    name: 'eip',
    bits: 32,
    type: 'code_ptr',
    read: (machine) => machine.cpu.eip,
    write: (machine, value) => {
      cpuOf(machine).eip = value | 0;
      return true;
    },
  },
  {
    name: 'eflags',
    bits: 32,
    type: 'i386_eflags',
    read: (machine) => cpuOf(machine).eflags,
    write: (machine, value) => {
      cpuOf(machine).eflags = value | 0;
      return true;
    },
  },
  // gdb's order, with the numbers of the encoding.
  segment('cs', 1),
  segment('ss', 2),
  segment('ds', 3),
  segment('es', 0),
  segment('fs', 4),
  segment('gs', 5),
  ...Array.from({ length: 8 }, (_, index) => x87Register(index)),
  x87Word('fctrl', FPU_CONTROL),
  x87Word('fstat', FPU_STATUS),
  x87Tags,
  x87Word('fiseg', FPU_INSTRUCTION_SELECTOR),
  x87Word('fioff', FPU_INSTRUCTION_OFFSET),
  x87Word('foseg', FPU_DATA_SELECTOR),
  x87Word('fooff', FPU_DATA_OFFSET),
  x87Word('fop', FPU_OPCODE),
];

const SYSTEM: readonly Register[] = [
  control(
    'cr0',
    ({ cpu }) => cpu.cr0,
    ({ mmu }, value) => mmu.setCr0(value | 0),
  ),
  control('cr2', ({ cpu }) => cpu.cr2),
  control(
    'cr3',
    ({ cpu }) => cpu.cr3,
    ({ mmu }, value) => mmu.setCr3(value | 0),
  ),
  control(
    'cr4',
    ({ cpu }) => cpu.cr4,
    ({ mmu }, value) => mmu.setCr4(value | 0),
  ),
];

const REGISTERS: readonly Register[] = [...CORE, ...SYSTEM];

/** Its number, as gdb counts; -1 for a name that no register has. */
export const registerNumber = (name: string): number =>
  REGISTERS.findIndex((register) => register.name === name);

const FLAGS = { CF: 0, PF: 2, AF: 4, ZF: 6, SF: 7, TF: 8, IF: 9, DF: 10, OF: 11, NT: 14, RF: 16, VM: 17 };

/** GDB manual, appendix G: the standard i386 feature, and one of our own for what only a kernel has. */
export function targetXml(): string {
  const lines = (registers: readonly Register[], first: number) =>
    registers.map(
      ({ name, bits, type }, i) =>
        `<reg name="${name}" bitsize="${bits}" type="${type}" regnum="${first + i}"/>`,
    );
  const flags = Object.entries(FLAGS).map(
    ([name, bit]) => `<field name="${name}" start="${bit}" end="${bit}"/>`,
  );
  return [
    '<?xml version="1.0"?><!DOCTYPE target SYSTEM "gdb-target.dtd">',
    '<target version="1.0"><architecture>i386</architecture>',
    '<feature name="org.gnu.gdb.i386.core">',
    `<flags id="i386_eflags" size="4">${flags.join('')}</flags>`,
    ...lines(CORE, 0),
    '</feature><feature name="org.rewind386.system">',
    ...lines(SYSTEM, CORE.length),
    '</feature></target>',
  ].join('\n');
}

function hexOfRegister({ bits, read, more }: Register, machine: Machine): string {
  const bytes = Buffer.from(Int32Array.of(read(machine), ...(more?.(machine) ?? [])).buffer);
  return bytes.toString('hex', 0, bits / 8);
}

/** The value of `p`; undefined for a number that no register has. */
export function readRegister(machine: Machine, number: number): string | undefined {
  const register = REGISTERS[number];
  return register && hexOfRegister(register, machine);
}

/** The value of `g`. */
export const readRegisters = (machine: Machine): string =>
  REGISTERS.map((register) => hexOfRegister(register, machine)).join('');

const littleEndian = (hex: string): number => Buffer.from(hex.padEnd(8, '0'), 'hex').readUInt32LE(0);

/** False when it does not exist or cannot be set. */
export function writeRegister(machine: Machine, number: number, hex: string): boolean {
  return REGISTERS[number]?.write(machine, littleEndian(hex)) ?? false;
}

export function writeRegisters(machine: Machine, hex: string): boolean {
  let at = 0;
  let all = true;
  for (const register of REGISTERS) {
    const length = register.bits / 4;
    const text = hex.slice(at, at + length);
    at += length;
    if (text.length < length || text === hexOfRegister(register, machine)) continue;
    all = register.write(machine, littleEndian(text)) && all;
  }
  return all;
}
