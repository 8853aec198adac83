import { type Field, linksOf } from './meaning.ts';
import { MICRO_OPS, type MicroName } from './micro-op-table.ts';

/**
 * Micro-ops, the elements of blocks. A hot instruction becomes one to eight of them, each WORDS words in
 * the code array; all others become COLD or COLD_END, which call a handler on the decoded instruction.
 *
 *   0 op   1 a   2 b   3 x   4 scale   5 displacement   6 immediate   7 place
 *
 * `a` is the destination or source register, as an index into the whole-memory views (`i32`, for byte registers `u8`).
 * A memory operand is [b + (x << scale) + displacement]; absent parts are the ZERO register. `place` gives the position of the
 * instruction in its block. Transfers use `a` and `b` as links to the next blocks (0 = not known yet), displacement and immediate as the
 * EIP of target and fall-through, relative to the block's.
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

/** Place: offset of the instruction from the block's EIP, its length, and the number of instructions before it. */
export const OFFSET_BITS = 13;
export const OFFSET_MASK = (1 << OFFSET_BITS) - 1;
export const LENGTH_SHIFT = OFFSET_BITS;
export const LENGTH_MASK = 15;
export const INDEX_SHIFT = LENGTH_SHIFT + 4;

/** Maximum instructions in a block; bounds the cost of an exit to the slow loop. */
export const MAX_INSTRUCTIONS = 64;
/** Of 15 bytes each (80386 Programmer's Reference, 9.8.12). */
export const MAX_BLOCK_BYTES = MAX_INSTRUCTIONS * 15;

/** The header of a block, WORDS words before its first micro-op. */
export const COUNT = 0;
/** The COUNT of a dropped block: more than the rest of any run, so that links to it lead to a new lookup. */
export const GONE = 0x7fffffff;
export const BYTES = 1;
export const MODE = 2;
/** True if other blocks may link to it (BlockRunner.enter). */
export const LINKABLE = 3;
/** Remaining entries before it is hot (hot-blocks.ts); negative once it is. */
export const HEAT = 4;
export const NEVER_HOT = 0x7fffffff;
/** The compiled form of a hot block, in the compiler's terms; 0 for none. */
export const COMPILED = 5;
/** Physical address of its first byte; NOWHERE for a block for a single execution. */
export const HOME = 6;
export const NOWHERE = -1;
/** Value of `place` that marks the header of a block. */
export const HEADER = -1;

export type { MicroName };

/** Number of each micro-op, by name: its place in the table, which is also its case in the interpreter. */
export const MICRO = Object.fromEntries(MICRO_OPS.map(({ name }, number) => [name, number])) as Readonly<
  Record<MicroName, number>
>;

/** The number of a micro-op whose name is composed; undefined if there is none. */
export const microOp = (name: string): number | undefined => (MICRO as Record<string, number>)[name];

/** From this number on a micro-op ends its block. */
export const FIRST_END = MICRO_OPS.findIndex(({ transfer }) => transfer !== undefined);

/** Numbers of the micro-ops that keep a link to another block in A, and in B. */
const linkedBy = (field: 'a' | 'b'): ReadonlySet<number> =>
  new Set(MICRO_OPS.flatMap(({ transfer }, number) => (linksOf(transfer).includes(field) ? [number] : [])));
export const LINKED_BY_A = linkedBy('a');
export const LINKED_BY_B = linkedBy('b');
