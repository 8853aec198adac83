import type { Physical } from '../../schemas/units.ts';
import { FIRST_WORD, META, metaOf, ROW_WORDS, SUPERSEDED, sizeOf } from './row-words.ts';

/** The writes of the current epoch of the index, held in memory: the last one of each word. */

/** Serial numbers begin anew, and the slots with them, beyond this one. */
const LAST_SERIAL = 1 << 30;

/**
 * The writes of the current epoch in order. Only the last write of each place (physical address and size) counts; an open-addressing
 * table holds its row.
 */
export class Epoch {
  private rows: Int32Array;
  private rowCount = 0;
  private capacity: number;
  /** Serial number of the row at each slot. A slot is empty if that is less than `first`: starting over costs nothing. */
  private slots: Int32Array;
  /** Serial number of the epoch's first row. */
  private first = 1;

  constructor(capacity = 1 << 14) {
    this.capacity = capacity;
    this.rows = new Int32Array(capacity * ROW_WORDS);
    this.slots = new Int32Array(capacity * 2);
  }

  /** Number of rows, including superseded ones. */
  get count(): number {
    return this.rowCount;
  }

  /** The rows (row-words.ts) as they are now: valid until the next `add`. The first word is the physical address. */
  get words(): Int32Array {
    return this.rows;
  }

  /** Adds a write of `size` bytes at `physical`. Returns the index of its first word; callers fill those after META. */
  add(physical: Physical, size: number, since: number): number {
    if (this.rowCount === this.capacity) this.grow();
    const { slots, rows, first } = this;
    const slot = this.find(physical | 0, size);
    const serial = slots[slot];
    if (serial >= first) rows[(serial - first) * ROW_WORDS + META] = SUPERSEDED;
    const at = this.rowCount * ROW_WORDS;
    slots[slot] = first + this.rowCount++;
    rows[at + FIRST_WORD] = physical;
    rows[at + META] = metaOf(since, physical & 0xfff, size);
    return at;
  }

  /** Begins the next epoch. */
  clear(): void {
    this.first += this.rowCount;
    this.rowCount = 0;
    if (this.first < LAST_SERIAL) return;
    this.first = 1;
    this.slots.fill(0);
  }

  /** The slot of a place: that of its last row, or an empty one. */
  private find(physical: number, size: number): number {
    const { slots, first, rows } = this;
    const mask = slots.length - 1;
    let slot = (Math.imul((physical << 2) | (size >>> 1), 0x9e3779b1) >>> 8) & mask;
    for (;;) {
      const serial = slots[slot];
      if (serial < first) return slot;
      const at = (serial - first) * ROW_WORDS;
      if (rows[at + FIRST_WORD] === physical && sizeOf(rows[at + META]) === size) return slot;
      slot = (slot + 1) & mask;
    }
  }

  private grow(): void {
    const { rows } = this;
    this.capacity *= 2;
    this.rows = new Int32Array(this.capacity * ROW_WORDS);
    this.rows.set(rows);
    this.slots = new Int32Array(this.capacity * 2);
    for (let row = 0; row < this.rowCount; row++) {
      const meta = rows[row * ROW_WORDS + META];
      if (meta === SUPERSEDED) continue;
      this.slots[this.find(rows[row * ROW_WORDS + FIRST_WORD], sizeOf(meta))] = this.first + row;
    }
  }
}
