import { BLOCK, BLOCK_WORDS, type BlockKind, MASK_BYTES } from './checkpoint.ts';

/**
 * Predicts the words of a block by its kind; a checkpoint has the others (trace.proto, BlockKind). Most of what a guest
 * changes is a few words of a structure; page tables, counters and arrays of structures that point to each other go on in
 * straight lines, word for word or structure for structure. The words themselves compress better than their difference
 * to the old ones: pointers repeat.
 */

/** Words between two of a line, at most. */
const MAX_STRIDE = 32;
/** Words that lines go on from, in front of the block. */
export const CONTEXT_WORDS = 2 * MAX_STRIDE;

/** A stretch of blocks with the words in front of it, and what it was before; of these, one block is at hand. */
export class BlockLine {
  private readonly words: Int32Array;
  private base: Int32Array = new Int32Array(BLOCK_WORDS);
  /** The index at which the block at hand begins: in `words`, and in `base`. */
  private at = CONTEXT_WORDS;
  private baseAt = 0;

  /** For stretches of `blocks` blocks at most. */
  constructor(blocks: number) {
    this.words = new Int32Array(CONTEXT_WORDS + blocks * BLOCK_WORDS);
  }

  /**
   * The stretch `now`, copied, and what it was before, `base`, which must not change. It comes after the last words of `before`;
   * undefined stands for zeros. The block at hand is its first.
   */
  set(before: Int32Array | undefined, now: Int32Array, base: Int32Array): void {
    const { words } = this;
    if (before) words.set(before.subarray(before.length - CONTEXT_WORDS));
    else words.fill(0, 0, CONTEXT_WORDS);
    words.set(now, CONTEXT_WORDS);
    this.base = base;
    this.select(0);
  }

  /** Takes another block of the stretch at hand, by its number. */
  select(block: number): void {
    this.baseAt = block * BLOCK_WORDS;
    this.at = CONTEXT_WORDS + this.baseAt;
  }

  /** The kind by which the fewest words are unexpected, and for BLOCK.ramp its stride. */
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

  /** At least `enough` when it is not less. */
  private offTheLine(stride: number, enough: number): number {
    const { words, at } = this;
    const end = at + BLOCK_WORDS;
    let count = 0;
    for (let i = at; i < end && count < enough; i++)
      if (words[i] !== ((2 * words[i - stride] - words[i - 2 * stride]) | 0)) count++;
    return count;
  }

  /** Sets the bits of unexpected words from `masks[maskAt]` on and puts the words at `out[to]`; returns the place after them. */
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
 * The reverse of BlockLine.encode: makes the block at `words[at]`, where what it was before is, and in front of it
 * CONTEXT_WORDS. Returns the place in `from` after its own. Throws when there are not enough masks or words.
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
  if (maskAt + MASK_BYTES > masks.length) throw new Error('its masks end too early');
  if (kind === BLOCK.ramp && !(stride >= 1 && stride <= MAX_STRIDE))
    throw new Error(`a line of stride ${stride}`);
  if (kind === BLOCK.sparse) words.fill(0, at, at + BLOCK_WORDS);
  let next = fromAt;
  for (let i = 0; i < BLOCK_WORDS; i++) {
    const n = at + i;
    if (masks[maskAt + (i >>> 3)] & (1 << (i & 7))) words[n] = from[next++];
    else if (kind === BLOCK.ramp) words[n] = 2 * words[n - stride] - words[n - 2 * stride];
  }
  if (next > from.length) throw new Error('its words end too early');
  return next;
}
