import { allocateRows, ROW_COLUMNS, type RowColumns } from './rows.ts';

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
  rows: RowColumns = allocateRows(FIRST_CAPACITY);
  count = 0;
  private capacity = FIRST_CAPACITY;
  private carried = 0;

  /** Rows that are not in a block yet. */
  get fresh(): number {
    return this.count - this.carried;
  }

  /** Epoch of the first of these rows. */
  get from(): number {
    return this.rows.epoch[this.carried];
  }

  get full(): boolean {
    return this.fresh >= Math.max(BLOCK_ROWS, NEW_TO_CARRIED * this.carried);
  }

  /** Index of a new row; the caller fills every column. */
  add(): number {
    if (this.count === this.capacity) this.grow();
    return this.count++;
  }

  /** Called after the rows were written as a block: keeps those with which the next block begins. */
  turn(): void {
    const { rows } = this;
    const kept = this.lastWriters();
    for (const { name } of ROW_COLUMNS) {
      const column = rows[name];
      for (let n = 0; n < kept.length; n++) column[n] = column[kept[n]];
    }
    this.count = this.carried = kept.length;
  }

  /** The rows that are the last writer of any byte, in order. */
  private lastWriters(): Uint32Array {
    const { offset, size } = this.rows;
    const written = new Uint8Array(FRAME_BYTES);
    const found = new Uint32Array(Math.min(this.count, FRAME_BYTES));
    let first = found.length;
    for (let row = this.count - 1; row >= 0; row--) {
      let isLast = false;
      for (let at = offset[row]; at < offset[row] + size[row]; at++) {
        if (written[at] === 0) isLast = true;
        written[at] = 1;
      }
      if (isLast) found[--first] = row;
    }
    return found.subarray(first);
  }

  private grow(): void {
    const { rows, capacity } = this;
    this.capacity = capacity * 2;
    this.rows = allocateRows(this.capacity);
    for (const { name } of ROW_COLUMNS) this.rows[name].set(rows[name]);
  }
}
