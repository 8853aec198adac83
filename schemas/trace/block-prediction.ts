import { BLOCK, BLOCK_WORDS, type BlockKind, MASK_BYTES } from './checkpoint.ts';

/**
 * Predicts the words of a block by its kind; a checkpoint stores the words that were not predicted (trace.proto, BlockKind). Most changes
 * by a guest are a few words of a structure; page tables, counters and arrays of linked structures form arithmetic progressions, word by
 * word or structure by structure. Words are stored as they are, not as differences from the old ones, because repeated pointers compress
 * better.
 */

/** Largest distance in words between two terms of a progression. */
const MAX_STRIDE = 32;
/** Words before the block from which progressions continue. */
export const CONTEXT_WORDS = 2 * MAX_STRIDE;

/** A stretch of blocks, the words before it and its previous contents; one of its blocks is current. */
export class BlockLine {
  private readonly words: Int32Array;
  private base: Int32Array = new Int32Array(BLOCK_WORDS);
  /** The index at which the current block begins: in `words`, and in `base`. */
  private at = CONTEXT_WORDS;
  private baseAt = 0;

  /** Allocates for stretches of at most `blocks` blocks. */
  constructor(blocks: number) {
    this.words = new Int32Array(CONTEXT_WORDS + blocks * BLOCK_WORDS);
  }

  /**
   * Copies the stretch `now`, whose previous contents are `base`, which must not change. It follows the last words of `before`; undefined
   * stands for zeros. The first block becomes current.
   */
  set(before: Int32Array | undefined, now: Int32Array, base: Int32Array): void {
    const { words } = this;
    if (before) words.set(before.subarray(before.length - CONTEXT_WORDS));
    else words.fill(0, 0, CONTEXT_WORDS);
    words.set(now, CONTEXT_WORDS);
    this.base = base;
    this.select(0);
  }

  /** Makes another block of the stretch current, by its number. */
  select(block: number): void {
    this.baseAt = block * BLOCK_WORDS;
    this.at = CONTEXT_WORDS + this.baseAt;
  }

  /** The kind that mispredicts the fewest words, and for BLOCK.ramp its stride. */
  bestKind(): { readonly kind: BlockKind; readonly stride: number } {
    const { words, base, at, baseAt } = this;
    let changed = 0;
    let sparse = 0;
    for (let i = 0; i < BLOCK_WORDS; i++) {
      const word = words[at + i];
      if (word !== base[baseAt + i]) changed++;
      if (word !== 0) sparse++;
    }
    let kind: BlockKind = changed <= sparse ? BLOCK.changed : BLOCK.sparse;
    let fewest = Math.min(changed, sparse);
    let stride = 0;
    for (let s = 1; s <= MAX_STRIDE; s++) {
      const unexpected = this.offTheLine(s, fewest);
      if (unexpected >= fewest) continue;
      kind = BLOCK.ramp;
      fewest = unexpected;
      stride = s;
    }
    return { kind, stride };
  }

  /** Counts mispredicted words; may stop counting at `enough`. */
  private offTheLine(stride: number, enough: number): number {
    const { words, at } = this;
    const end = at + BLOCK_WORDS;
    let count = 0;
    for (let i = at; i < end && count < enough; i++)
      if (words[i] !== ((2 * words[i - stride] - words[i - 2 * stride]) | 0)) count++;
    return count;
  }

  /** Sets the bits of mispredicted words from `masks[maskAt]` on and writes the words at `out[to]`; returns the index after them. */
  encode(
    kind: BlockKind,
    stride: number,
    masks: Uint8Array,
    maskAt: number,
    out: Int32Array,
    to: number,
  ): number {
    let next = to;
    for (let i = 0; i < BLOCK_WORDS; i++) {
      const word = this.words[this.at + i];
      if (word === this.expected(kind, stride, i)) continue;
      masks[maskAt + (i >>> 3)] |= 1 << (i & 7);
      out[next++] = word;
    }
    return next;
  }

  private expected(kind: BlockKind, stride: number, i: number): number {
    if (kind === BLOCK.changed) return this.base[this.baseAt + i];
    if (kind !== BLOCK.ramp) return 0;
    const { words } = this;
    const n = this.at + i;
    return (2 * words[n - stride] - words[n - 2 * stride]) | 0;
  }
}

/**
 * The inverse of BlockLine.encode: replaces the previous contents at `words[at]`, after CONTEXT_WORDS of context, by the block. Returns
 * the index in `from` after its words. Throws if there are not enough masks or words.
 */
export function decodeBlock(
  kind: BlockKind,
  stride: number,
  masks: Uint8Array,
  maskAt: number,
  from: Int32Array,
  fromAt: number,
  words: Int32Array,
  at: number,
): number {
  if (maskAt + MASK_BYTES > masks.length) throw new Error('masks are missing');
  if (kind === BLOCK.ramp && !(stride >= 1 && stride <= MAX_STRIDE))
    throw new Error(`a line of stride ${stride}`);
  if (kind === BLOCK.sparse) words.fill(0, at, at + BLOCK_WORDS);
  let next = fromAt;
  for (let i = 0; i < BLOCK_WORDS; i++) {
    const n = at + i;
    if (masks[maskAt + (i >>> 3)] & (1 << (i & 7))) words[n] = from[next++];
    else if (kind === BLOCK.ramp) words[n] = 2 * words[n - stride] - words[n - 2 * stride];
  }
  if (next > from.length) throw new Error('words are missing');
  return next;
}
