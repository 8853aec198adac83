import {
  CONTEXT,
  CR3,
  depthOf,
  EIP,
  FIRST_WORD,
  META,
  offsetOf,
  PAGE,
  ROW_WORDS,
  sinceOf,
  sizeOf,
  sourceOf,
} from './row-words.ts';
import type { RowColumns } from './rows.ts';

/** Rows of the index for one page frame that are not written as a block yet. */

export const FRAME_BYTES = 4096;
/** A block ends when it has at least this many new rows, and several times as many as it began with. */
const BLOCK_ROWS = 4096;
const NEW_TO_CARRIED = 4;
const FIRST_CAPACITY = 16;

/**
 * The writes to one frame that are not in a block yet. A block begins with the last writers of each byte of the frame at that time (the
 * *carried* rows), so that one block answers for any instant it covers, however long ago a byte was written.
 */
export class FrameRows {
  count = 0;
  /** The rows (row-words.ts); the first word is the number of the epoch. */
  private words = new Int32Array(FIRST_CAPACITY * ROW_WORDS);
  private carried = 0;

  /** Rows that are not in a block yet. */
  get fresh(): number {
    return this.count - this.carried;
  }

  /** Epoch of the first of these rows. */
  get from(): number {
    return this.words[this.carried * ROW_WORDS + FIRST_WORD];
  }

  /** Epoch of the last row; -1 before the first. */
  get last(): number {
    return this.count === 0 ? -1 : this.words[(this.count - 1) * ROW_WORDS + FIRST_WORD];
  }

  get full(): boolean {
    return this.fresh >= Math.max(BLOCK_ROWS, NEW_TO_CARRIED * this.carried);
  }

  /** Adds the row whose first word is at `at` of `from`, of the given epoch. */
  add(epoch: number, from: Int32Array, at: number): void {
    if ((this.count + 1) * ROW_WORDS > this.words.length) this.grow();
    const { words } = this;
    const to = this.count++ * ROW_WORDS;
    words[to + FIRST_WORD] = epoch;
    words[to + META] = from[at + META];
    words[to + PAGE] = from[at + PAGE];
    words[to + EIP] = from[at + EIP];
    words[to + CR3] = from[at + CR3];
    words[to + CONTEXT] = from[at + CONTEXT];
  }

  /** Writes the rows to columns of at least `count` rows. */
  copyTo({ epoch, since, offset, size, page, eip, cr3, depth, source }: RowColumns): void {
    const { words, count } = this;
    for (let row = 0, at = 0; row < count; row++, at += ROW_WORDS) {
      const meta = words[at + META];
      epoch[row] = words[at + FIRST_WORD];
      since[row] = sinceOf(meta);
      offset[row] = offsetOf(meta);
      size[row] = sizeOf(meta);
      page[row] = words[at + PAGE];
      eip[row] = words[at + EIP];
      cr3[row] = words[at + CR3];
      depth[row] = depthOf(words[at + CONTEXT]);
      source[row] = sourceOf(words[at + CONTEXT]);
    }
  }

  /** Called after the rows were written as a block: keeps those with which the next block begins. */
  turn(): void {
    const { words } = this;
    const kept = this.lastWriters();
    // Room for as many again: a frame that fills a block fast grows fast, and most of memory is in frames that do not.
    this.words = new Int32Array(Math.max(FIRST_CAPACITY, 2 * kept.length) * ROW_WORDS);
    for (let n = 0; n < kept.length; n++)
      for (let word = 0; word < ROW_WORDS; word++)
        this.words[n * ROW_WORDS + word] = words[kept[n] * ROW_WORDS + word];
    this.count = this.carried = kept.length;
  }

  /** The rows that are the last writer of any byte, in order. */
  private lastWriters(): Uint32Array {
    const { words, count } = this;
    const written = new Uint8Array(FRAME_BYTES);
    const found = new Uint32Array(Math.min(count, FRAME_BYTES));
    let first = found.length;
    for (let row = count - 1; row >= 0; row--) {
      const meta = words[row * ROW_WORDS + META];
      const offset = offsetOf(meta);
      let isLast = false;
      for (let at = offset; at < offset + sizeOf(meta); at++) {
        if (written[at] === 0) isLast = true;
        written[at] = 1;
      }
      if (isLast) found[--first] = row;
    }
    return found.subarray(first);
  }

  private grow(): void {
    const { words } = this;
    this.words = new Int32Array(words.length * 2);
    this.words.set(words);
  }
}
