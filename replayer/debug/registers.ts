import { VM } from '../../recorder/machine/cpu/flags.ts';
import type { Machine } from '../../recorder/machine/machine.ts';
import { POKE_REGISTERS } from '../../schemas/trace/inputs.ts';
import { cpuOf, type Register } from './register.ts';
import { SEGMENT_REGISTERS } from './segment-registers.ts';
import { SYSTEM } from './system-registers.ts';
import { X87 } from './x87-registers.ts';

/** All registers for debuggers, in gdb's order, and changes to them. */

/** `poke` also invalidates state derived from the old value. */
const poked = (
  name: (typeof POKE_REGISTERS)[number],
  type: string,
  read: (machine: Machine) => number,
): Register => ({
  name,
  bits: 32,
  type,
  read: (machine) => [read(machine)],
  write: ({ cpu }, [value]) => cpu.poke(POKE_REGISTERS.indexOf(name), value),
});

const general = (name: (typeof POKE_REGISTERS)[number], number: number, type = 'int'): Register =>
  poked(name, type, (machine) => cpuOf(machine).register(number));

const EFLAGS: Register = {
  ...poked('eflags', 'i386_eflags', (machine) => cpuOf(machine).eflags),
  refuses: (machine, [value]) =>
    (value ^ cpuOf(machine).eflags) & VM ? 'the segments are loaded for the current mode' : undefined,
};

const CORE: readonly Register[] = [
  ...(['eax', 'ecx', 'edx', 'ebx'] as const).map((name, number) => general(name, number)),
  general('esp', 4, 'data_ptr'),
  general('ebp', 5, 'data_ptr'),
  general('esi', 6),
  general('edi', 7),
  poked('eip', 'code_ptr', ({ cpu }) => cpu.eip),
  EFLAGS,
  ...SEGMENT_REGISTERS,
  ...X87,
];

/** A register's number is its index here. */
const REGISTERS: readonly Register[] = [...CORE, ...SYSTEM];

/** The number of a register in gdb's order; -1 for an unknown name. */
export const registerNumber = (name: string): number =>
  REGISTERS.findIndex((register) => register.name === name);

const FLAGS = { CF: 0, PF: 2, AF: 4, ZF: 6, SF: 7, TF: 8, IF: 9, DF: 10, OF: 11, NT: 14, RF: 16, VM: 17 };

/** GDB manual, appendix G: the standard i386 feature, and an additional one for system registers. */
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

const bytesOf = ({ bits }: Register): number => bits / 8;

const hexOfRegister = (register: Register, machine: Machine): string =>
  Buffer.from(Int32Array.from(register.read(machine)).buffer).toString('hex', 0, bytesOf(register));

/** The answer to `p`; undefined for an unknown register number. */
export function readRegister(machine: Machine, number: number): string | undefined {
  const register = REGISTERS[number];
  return register && hexOfRegister(register, machine);
}

/** The value of a register of at most 32 bits, unsigned; undefined for others. */
export function wordOfRegister(machine: Machine, number: number): number | undefined {
  const register = REGISTERS[number];
  return register && register.bits <= 32 ? register.read(machine)[0] >>> 0 : undefined;
}

/** The answer to `g`. */
export const readRegisters = (machine: Machine): string =>
  REGISTERS.map((register) => hexOfRegister(register, machine)).join('');

/** A valid change, or the reason that it is invalid. */
export type RegisterChange = { readonly apply: () => void } | { readonly refused: string };

/** The change that sets a register to the value in `P`, hexadecimal in memory order. */
export function changeRegister(machine: Machine, number: number, hex: string): RegisterChange {
  const register = REGISTERS[number];
  if (!register) return { refused: `there is no register ${number}` };
  const bytes = Buffer.alloc(12);
  bytes.write(hex.slice(0, 2 * bytesOf(register)), 'hex');
  const words = [0, 4, 8].map((at) => bytes.readInt32LE(at));
  const why = register.refuses?.(machine, words);
  if (why) return { refused: `${register.name}: ${why}` };
  return { apply: () => register.write(machine, words) };
}

/** The change that sets all registers to the values in `G`: all that differ, or none. */
export function changeRegisters(machine: Machine, hex: string): RegisterChange {
  const changes: (() => void)[] = [];
  let at = 0;
  for (const [number, register] of REGISTERS.entries()) {
    const length = 2 * bytesOf(register);
    const text = hex.slice(at, at + length);
    at += length;
    if (text.length < length || text === hexOfRegister(register, machine)) continue;
    const change = changeRegister(machine, number, text);
    if ('refused' in change) return change;
    changes.push(change.apply);
  }
  return {
    apply: () => {
      for (const apply of changes) apply();
    },
  };
}
