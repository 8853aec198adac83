import { BLOCK, BLOCK_WORDS, type BlockKind, MASK_BYTES } from './trace-checkpoint.ts';

/**
 * What the kind of a block expects its words to be; a checkpoint has the others (trace.proto, BlockKind). Most of what a guest
 * changes is a few words of a structure; page tables, counters and arrays of structures that point to each other go on in
 * straight lines, word for word or structure for structure. The words themselves compress better than their difference
 * to the old ones: pointers repeat.
 */

/** Words between two of a line, at most. */
const MAX_STRIDE = 32;
/** What lines go on from: words in front of the block. */
export const CONTEXT_WORDS = 2 * MAX_STRIDE;

/** A block with the words in front of it, and what it was before. */
export class BlockLine {
  readonly words = new Int32Array(CONTEXT_WORDS + BLOCK_WORDS);
  readonly block = this.words.subarray(CONTEXT_WORDS);
  readonly blockBytes = new Uint8Array(this.words.buffer, CONTEXT_WORDS * 4);
  readonly base = new Int32Array(BLOCK_WORDS);
  private readonly bytes = new Uint8Array(this.words.buffer);
  private readonly baseBytes = new Uint8Array(this.base.buffer);

  /** The block comes after the first `end` bytes of `before`; shorter ones go on with zeros. */
  set(before: Uint8Array | undefined, end: number, now: Uint8Array | undefined, base: Uint8Array): void {
    const { bytes, baseBytes } = this;
    const at = CONTEXT_WORDS * 4;
    if (before) bytes.set(before.subarray(end - at, end));
    else bytes.fill(0, 0, at);
    if (now) {
      bytes.set(now, at);
      bytes.fill(0, at + now.length);
    }
    baseBytes.set(base);
    baseBytes.fill(0, base.length);
  }

  /** The kind by which the fewest words are unexpected, and for BLOCK.ramp its stride. */
  bestKind(): { readonly kind: BlockKind; readonly stride: number } {
    const { block, base } = this;
    let changed = 0;
    let sparse = 0;
    for (let i = 0; i < BLOCK_WORDS; i++) {
      if (block[i] !== base[i]) changed++;
      if (block[i] !== 0) sparse++;
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
    const { words } = this;
    let count = 0;
    for (let i = CONTEXT_WORDS; i < words.length && count < enough; i++)
      if (words[i] !== ((2 * words[i - stride] - words[i - 2 * stride]) | 0)) count++;
    return count;
  }

  /** Sets the bits of unexpected words from `masks[maskAt]` on and puts the words at `out[at]`; returns the place after them. */
  encode(
    kind: BlockKind,
    stride: number,
    masks: Uint8Array,
    maskAt: number,
    out: Int32Array,
    at: number,
  ): number {
    let next = at;
    for (let i = 0; i < BLOCK_WORDS; i++) {
      if (this.block[i] === this.expected(kind, stride, i)) continue;
      masks[maskAt + (i >>> 3)] |= 1 << (i & 7);
      out[next++] = this.block[i];
    }
    return next;
  }

  private expected(kind: BlockKind, stride: number, i: number): number {
    if (kind === BLOCK.changed) return this.base[i];
    if (kind !== BLOCK.ramp) return 0;
    const { words } = this;
    const at = CONTEXT_WORDS + i;
    return (2 * words[at - stride] - words[at - 2 * stride]) | 0;
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
