import { CS, DS, EAX, EBP, EBX, ECX, EDI, EDX, ES, ESI, ESP, SS } from '../../recorder/machine/cpu/state.ts';
import { RAM } from '../../recorder/machine/layout.ts';
import { CpuBench } from './bench.ts';
import type { MooRegister, MooTest } from './moo.ts';

/** Runs single-instruction tests made by an 80286 in real mode, and compares. */

export type Registers = Partial<Record<MooRegister, number>>;

/** The state that a test must leave: registers, and bytes by physical address. */
export interface Expected {
  readonly registers: Registers;
  readonly memory: ReadonlyMap<number, number>;
}

const GENERAL: Registers = { ax: EAX, bx: EBX, cx: ECX, dx: EDX, sp: ESP, bp: EBP, si: ESI, di: EDI };
const SEGMENTS: Registers = { cs: CS, ss: SS, ds: DS, es: ES };
/** Present, writable data at DPL 0, as real mode has it. */
const REAL_SEGMENT = 0x9300;
/** IOPL and NT: a 286 in real mode holds them at 0 and a 386 does not (14.7); the tests begin with random values. */
export const FLAGS = 0xfff;
/** A test ends at its HALT; some take a while (REP with a large CX). */
const MAX_INSTRUCTIONS = 350_000;

/** FFFF:FFFF is the last byte of real mode. */
const REACHABLE = 0x10fff0;

const bench = new CpuBench({ model: '386' });
const names = (map: Registers) => Object.entries(map) as [MooRegister, number][];
const hex = (n: number) => n.toString(16);

/** The state that the 286 left. */
export const hardware = ({ before, after }: MooTest): Expected => ({
  registers: { ...before.registers, ...after.registers },
  memory: new Map([...before.memory, ...after.memory]),
});

/** Runs `test`, after some bytes were changed; what went wrong, or undefined. */
export function run(test: MooTest, changed: ReadonlyMap<number, number> = new Map()): string | undefined {
  const { cpu } = bench;
  const register = (name: MooRegister) => test.before.registers[name] ?? 0;
  cpu.reset();
  for (const [name, index] of names(GENERAL)) cpu.setRegister(index, register(name));
  for (const [name, index] of names(SEGMENTS))
    cpu.setSegment(index, register(name), register(name) * 16, 0xffff, REAL_SEGMENT);
  cpu.eip = register('ip');
  cpu.eflags = register('flags') & FLAGS;
  for (const [address, byte] of new Map([...test.before.memory, ...changed])) bench.poke8(address, byte);
  // A port access may end `run`; the HALT comes after it.
  for (let n = 0; n < 3 && !cpu.halted; n++) {
    bench.ports.deadlineMoved = false;
    cpu.run(MAX_INSTRUCTIONS);
  }
  return cpu.halted ? undefined : `did not halt: ${cpu.shutdown ?? 'still running'}`;
}

/** Differences of what `run` left from what was expected, in words; empty if there are none. `undefinedFlags` are not compared. */
export function differences(
  test: MooTest,
  { registers, memory }: Expected,
  undefinedFlags: number,
  pushedFlags = test.exception !== null,
): string[] {
  const { cpu } = bench;
  const found: string[] = [];
  const compare = (what: string, got: number, want: number | undefined) => {
    if (want !== undefined && got !== want) found.push(`${what} is ${hex(got)}, not ${hex(want)}`);
  };
  for (const [name, index] of names(GENERAL)) compare(name, cpu.register(index) & 0xffff, registers[name]);
  for (const [name, index] of names(SEGMENTS)) compare(name, cpu.segment(index)[0], registers[name]);
  compare('ip', cpu.eip & 0xffff, registers.ip);
  const defined = FLAGS & ~undefinedFlags;
  compare('flags', cpu.eflags & defined, (registers.flags ?? 0) & defined);
  // Pushed first, so at the highest address. (EXCP gives it rounded down when SP is odd.)
  const flagsAt = (registers.ss ?? 0) * 16 + (registers.sp ?? 0) + 4;
  for (const [address, byte] of memory) {
    const pushed = pushedFlags ? address - flagsAt : -1;
    const mask = pushed === 0 ? defined & 0xff : pushed === 1 ? (defined >> 8) & 0xff : 0xff;
    compare(`[${hex(address)}]`, bench.peek8(address) & mask, byte & mask);
  }
  return found;
}

/** The state that `run` left: the registers that a 286 has, and the RAM that it can reach. */
export function snapshot({ before }: MooTest): { registers: Registers; memory: Map<number, number> } {
  const { cpu } = bench;
  const registers: Registers = { ...before.registers, ip: cpu.eip & 0xffff, flags: cpu.eflags & FLAGS };
  for (const [name, index] of names(GENERAL)) registers[name] = cpu.register(index) & 0xffff;
  for (const [name, index] of names(SEGMENTS)) registers[name] = cpu.segment(index)[0];
  const memory = new Map<number, number>();
  for (let address = 0; address < REACHABLE; address++) memory.set(address, bench.peek8(address));
  return { registers, memory };
}

/** Tests say what they read, on a 286: for one that reads more the rest must be the same each time. */
export function clearRam(): void {
  const { mem } = bench;
  mem.u8.fill(0, RAM, RAM + mem.ramBytes);
}
