/** A program of a few instructions and the state it starts in. Registers are in the order of their encoding. */
export interface Case {
  readonly address: number;
  readonly code: Uint8Array;
  readonly eflags: number;
  readonly registers: readonly number[];
  readonly fs: number;
  readonly gs: number;
  /** Number of the coprocessor's state (fpu-states.ts). */
  readonly fpu: number;
  /** By offset in `code` of each instruction, and of the end: the arithmetic flags undefined before it. */
  readonly undefinedFlags: ReadonlyMap<number, number>;
  /** It changes its own code on purpose, in ways that leave `undefinedFlags` true. */
  readonly selfModifying: boolean;
}

/** The end of a case. */
export interface Outcome {
  readonly registers: readonly number[];
  readonly eip: number;
  readonly eflags: number;
  /** 0-31, or one of those below. */
  readonly vector: number;
  readonly error: number;
  /** Of a page fault; whatever it was before otherwise. */
  readonly cr2: number;
  /** DS, ES, FS, GS, SS. */
  readonly selectors: readonly number[];
  /** The coprocessor's state (fpu-states.ts). */
  readonly fpu: readonly number[];
  /** Words of memory that differ from the initial memory with the code in it: linear address and value. */
  readonly changes: readonly (readonly [address: number, value: number])[];
}

export const TIMED_OUT = 0x100;
/** The host was asked for a system call: INT 80h or what has become of other opcodes. */
export const SYSTEM_CALL = 0x101;
/** The machine reached its instruction limit, or stopped for good. */
export const STOPPED = 0x102;

/** The arithmetic flags that the outcome cannot say, given where it ended. */
export function undefinedAtEnd({ undefinedFlags, address }: Case, eip: number): number {
  const known = undefinedFlags.get((eip - address) | 0);
  if (known !== undefined) return known;
  let all = 0;
  for (const mask of undefinedFlags.values()) all |= mask;
  return all;
}
