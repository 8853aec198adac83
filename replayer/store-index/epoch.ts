import { allocateColumn, type ColumnArray } from '../../schemas/events.ts';
import { DETAIL_COLUMNS, encodeRows, KEY_COLUMNS, ROW_COLUMNS } from './rows.ts';

export type RowColumn = (typeof ROW_COLUMNS)[number]['name'];

const SIZE_SHIFT = { 1: 0, 2: 1, 4: 2 } as const;
/** More rows than an epoch can have: a store at most for each instruction and element. */
const ROW_LIMIT = 2 ** 20;

/** An epoch as it goes into the file. */
export interface EpochContents {
  readonly keys: Uint8Array;
  readonly details: Uint8Array;
  /** The words (physical / 4) it wrote, ascending, each as word * 16 + mask of its bytes. */
  readonly words: Uint32Array;
}

/** The last write of each place in the epoch at hand: an open-addressing table whose slots name rows. */
export class Epoch {
  private rows: Record<RowColumn, ColumnArray> & { count: number };
  private capacity: number;
  /** Row + 1 of each slot, valid where `stamps` has the current generation: starting over costs nothing. */
  private slots: Uint32Array;
  private stamps: Uint32Array;
  private generation = 1;

  constructor(capacity = 1 << 14) {
    this.capacity = capacity;
    this.rows = allocate(capacity);
    this.slots = new Uint32Array(capacity * 2);
    this.stamps = new Uint32Array(capacity * 2);
  }

  get count(): number {
    return this.rows.count;
  }

  /** Row in which to put a write of `size` bytes at `physical`; callers fill all other columns. */
  rowOf(physical: number, size: number): number {
    if (this.rows.count === this.capacity) this.grow();
    const slot = this.find(physical, size);
    if (this.stamps[slot] === this.generation) return this.slots[slot];
    const row = this.rows.count++;
    this.stamps[slot] = this.generation;
    this.slots[slot] = row;
    this.rows.physical[row] = physical;
    this.rows.size[row] = size;
    return row;
  }

  /** The columns as they are now: valid until the next `rowOf`. */
  get columns(): Readonly<Record<RowColumn, ColumnArray>> {
    return this.rows;
  }

  private find(physical: number, size: number): number {
    const { slots, stamps, generation, rows } = this;
    const mask = slots.length - 1;
    const key = ((physical << 2) | SIZE_SHIFT[size as 1 | 2 | 4]) >>> 0;
    let slot = (Math.imul(key, 0x9e3779b1) >>> 8) & mask;
    while (
      stamps[slot] === generation &&
      (rows.physical[slots[slot]] !== physical || rows.size[slots[slot]] !== size)
    )
      slot = (slot + 1) & mask;
    return slot;
  }

  private grow(): void {
    const { rows, capacity } = this;
    this.capacity = capacity * 2;
    this.rows = allocate(this.capacity);
    for (const { name } of ROW_COLUMNS) this.rows[name].set(rows[name]);
    this.rows.count = rows.count;
    this.slots = new Uint32Array(this.capacity * 2);
    this.stamps = new Uint32Array(this.capacity * 2);
    for (let row = 0; row < rows.count; row++) {
      const slot = this.find(rows.physical[row], rows.size[row]);
      this.stamps[slot] = this.generation;
      this.slots[slot] = row;
    }
  }

  /** The epoch as it goes into the file. Begins the next one. */
  close(): EpochContents {
    const { rows } = this;
    const { physical, size, count } = rows;
    // Address, size and row in one number of at most 53 bits: what a typed array sorts fast.
    const sorted = Float64Array.from({ length: count }, (_, row) => {
      const place = physical[row] * 4 + SIZE_SHIFT[size[row] as 1 | 2 | 4];
      return place * ROW_LIMIT + row;
    }).sort();
    const order = Uint32Array.from(sorted, (key) => key % ROW_LIMIT);
    const keys = encodeRows(KEY_COLUMNS, rows, order);
    const details = encodeRows(DETAIL_COLUMNS, rows, order);
    const words = wordsOf(order, physical, size);
    rows.count = 0;
    this.generation++;
    return { keys, details, words };
  }
}

/** The words that rows in order of address cover, as EpochContents.words. */
function wordsOf(order: Uint32Array, physical: ColumnArray, size: ColumnArray): Uint32Array {
  const words: number[] = [];
  for (const row of order) {
    for (let byte = physical[row]; byte < physical[row] + size[row]; byte++) {
      const word = byte >>> 2;
      let at = words.length - 1;
      // A row before may have reached into the next word.
      while (at >= 0 && words[at] >>> 4 > word) at--;
      if (at < 0 || words[at] >>> 4 < word) at = words.push(word << 4) - 1;
      words[at] |= 1 << (byte & 3);
    }
  }
  return Uint32Array.from(words);
}

const allocate = (capacity: number): Record<RowColumn, ColumnArray> & { count: number } => ({
  ...(Object.fromEntries(
    ROW_COLUMNS.map(({ name, type }) => [name, allocateColumn(type, capacity)]),
  ) as Record<RowColumn, ColumnArray>),
  count: 0,
});
