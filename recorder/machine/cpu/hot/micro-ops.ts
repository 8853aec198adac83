import { TEMPLATES } from './templates.ts';

/**
 * Micro-ops: what blocks are made of. An instruction of the hot kind becomes one to eight of them, each WORDS words in
 * the code array; all others become COLD or COLD_END, which call a handler on the decoded instruction.
 *
 *   0 op   1 a   2 b   3 x   4 scale   5 displacement   6 immediate   7 place
 *
 * `a` is the destination or source register, as an index into the whole-memory views (`i32`, for byte registers `u8`).
 * A memory operand is [b + (x << scale) + displacement]; absent parts are the ZERO register. `place` tells where the
 * instruction stands in its block. Transfers use `a` and `b` as links to the blocks they lead to (0 = not known yet),
 * displacement and immediate as the EIP of target and fall-through, relative to the block's.
 *
 * A store to memory comes last in its instruction, and anything that may fault before anything visible, so that an
 * instruction can be abandoned at any micro-op that faults.
 */
export const WORDS = 8;
export const OP = 0;
export const A = 1;
export const B = 2;
export const X = 3;
export const SCALE = 4;
export const DISPLACEMENT = 5;
export const IMMEDIATE = 6;
export const PLACE = 7;

/** Place: offset of the instruction from the block's EIP, its length, and how many instructions come before it. */
export const OFFSET_BITS = 13;
export const OFFSET_MASK = (1 << OFFSET_BITS) - 1;
export const LENGTH_SHIFT = OFFSET_BITS;
export const LENGTH_MASK = 15;
export const INDEX_SHIFT = LENGTH_SHIFT + 4;

/** WORDS words before the first micro-op of a block: what is known of it. */
export const COUNT = 0;
export const BYTES = 1;
export const MODE = 2;
/** Whether other blocks may lead to it without asking (BlockRunner.enter). */
export const LINKABLE = 3;

/** Number of each micro-op, by name: its position in the templates, which are also the cases of the interpreter. */
export const MICRO: Readonly<Record<string, number>> = Object.fromEntries(
  TEMPLATES.map(({ name }, number) => [name, number]),
);

/** From this number on a micro-op ends its block. */
export const FIRST_END = TEMPLATES.findIndex(({ ends }) => ends);
