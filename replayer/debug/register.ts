import type { Processor } from '../../recorder/machine/cpu/decode/models.ts';
import type { Fpu } from '../../recorder/machine/cpu/fpu/unit.ts';
import type { Machine } from '../../recorder/machine/machine.ts';
import type { Physical } from '../../schemas/units.ts';

/** The interface of a register for debuggers. */

/** One register of gdb's description. Values are words (int32), lowest first. */
export interface Register {
  readonly name: string;
  readonly bits: number;
  readonly type: string;
  read(machine: Machine): readonly number[];
  /** The reason that the value cannot be set; undefined if it can. Called before `write`, without changing anything. */
  refuses?(machine: Machine, words: readonly number[]): string | undefined;
  write(machine: Machine, words: readonly number[]): void;
}

/** The members of the standard CPU that the target needs beyond MachineCpu. */
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
