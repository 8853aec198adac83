import { type Field, linksOf } from './meaning.ts';
import { MICRO_OPS, type MicroName } from './micro-op-table.ts';

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
/** Words of a micro-op that its meaning names. */
export const FIELDS: Readonly<Record<Field, number>> = {
  a: A,
  b: B,
  x: X,
  scale: SCALE,
  displacement: DISPLACEMENT,
  immediate: IMMEDIATE,
};

/** Place: offset of the instruction from the block's EIP, its length, and how many instructions come before it. */
export const OFFSET_BITS = 13;
export const OFFSET_MASK = (1 << OFFSET_BITS) - 1;
export const LENGTH_SHIFT = OFFSET_BITS;
export const LENGTH_MASK = 15;
export const INDEX_SHIFT = LENGTH_SHIFT + 4;

/** Instructions in a block at most: bounds what an exit to the slow loop can cost. */
export const MAX_INSTRUCTIONS = 64;
/** Of 15 bytes each (80386 Programmer's Reference, 9.8.12). */
export const MAX_BLOCK_BYTES = MAX_INSTRUCTIONS * 15;

/** WORDS words before the first micro-op of a block: what is known of it. */
export const COUNT = 0;
/** The COUNT of a block that is gone: more than any run has left, so that links to it lead to whoever looks for the next block. */
export const GONE = 0x7fffffff;
export const BYTES = 1;
export const MODE = 2;
/** True if other blocks may lead to it without asking (BlockRunner.enter). */
export const LINKABLE = 3;
/** Times that it is still to be entered before it is hot (hot-blocks.ts); below 0 it is. */
export const HEAT = 4;
export const NEVER_HOT = 0x7fffffff;
/** The compiled form of a hot block, in its maker's terms; 0 for none. */
export const COMPILED = 5;
/** Physical address of its first byte; NOWHERE of one that is to be found once only. */
export const HOME = 6;
export const NOWHERE = -1;
/** In the place of a micro-op's `place`: no micro-op, but the header of a block. */
export const HEADER = -1;

export type { MicroName };

/** Number of each micro-op, by name: its place in the table, which is also its case in the interpreter. */
export const MICRO = Object.fromEntries(MICRO_OPS.map(({ name }, number) => [name, number])) as Readonly<
  Record<MicroName, number>
>;

/** The number of a micro-op whose name is put together; undefined when there is none of that name. */
export const microOp = (name: string): number | undefined => (MICRO as Record<string, number>)[name];

/** From this number on a micro-op ends its block. */
export const FIRST_END = MICRO_OPS.findIndex(({ transfer }) => transfer !== undefined);

/** Numbers of the micro-ops that keep a link to another block in A, and in B. */
const linkedBy = (field: 'a' | 'b'): ReadonlySet<number> =>
  new Set(MICRO_OPS.flatMap(({ transfer }, number) => (linksOf(transfer).includes(field) ? [number] : [])));
export const LINKED_BY_A = linkedBy('a');
export const LINKED_BY_B = linkedBy('b');
