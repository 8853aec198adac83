import type { Processor } from '../../recorder/machine/cpu/decode/models.ts';
import type { Fpu } from '../../recorder/machine/cpu/fpu/unit.ts';
import type { Machine } from '../../recorder/machine/machine.ts';
import type { Physical } from '../../schemas/units.ts';

/** The form of a register for debuggers. */

/** One register as gdb knows it. Values are words (int32), the lowest first. */
export interface Register {
  readonly name: string;
  readonly bits: number;
  readonly type: string;
  read(machine: Machine): readonly number[];
  /** The reason that it cannot be set so; undefined if it can. Asked, with nothing changed, before `write`. */
  refuses?(machine: Machine, words: readonly number[]): string | undefined;
  write(machine: Machine, words: readonly number[]): void;
}

/** The members that the target needs of the CPU beyond MachineCpu: the standard one has it. */
export interface DebuggableCpu {
  readonly eflags: number;
  readonly fpu: Fpu;
  readonly processor: Processor;
  readonly eip: number;
  readonly pushedFrames: readonly number[];
  cr2: number;
  /** Cpu.compiledText. */
  compiledText(physical: Physical): string[] | undefined;
  register(number: number): number;
  segment(number: number): readonly [selector: number, base: number, limit: number, attributes: number];
  setSegment(number: number, selector: number, base: number, limit: number, attributes: number): void;
}

export const cpuOf = (machine: Machine): DebuggableCpu => machine.cpu as unknown as DebuggableCpu;

export const hexNumber = (n: number): string => `0x${(n >>> 0).toString(16)}`;
