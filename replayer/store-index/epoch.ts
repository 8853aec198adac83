import { allocateColumn, type ColumnArray } from '../../schemas/events.ts';
import type { Physical } from '../../schemas/units.ts';

/** The writes of the current epoch of the index, held in memory: the last one of each word. */

/** Columns of a write during its epoch. */
const COLUMNS = {
  physical: 'address',
  /** Size; 0 if the same place was written again. */
  size: 'small',
  since: 'address',
  linear: 'address',
  eip: 'address',
  cr3: 'address',
  depth: 'small',
  source: 'small',
} as const;
type EpochColumns = Record<keyof typeof COLUMNS, ColumnArray>;

const SIZE_SHIFT = { 1: 0, 2: 1, 4: 2 } as const;

/**
 * The writes of the current epoch in order. Only the last write of each place (physical address and size) counts; an open-addressing
 * table holds its row.
 */
export class Epoch {
  private rows: EpochColumns;
  private rowCount = 0;
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

  /** Number of rows, including superseded ones. */
  get count(): number {
    return this.rowCount;
  }

  /** Row for the next write, of `size` bytes at `physical`; callers fill all other columns. */
  add(physical: Physical, size: number): number {
    if (this.rowCount === this.capacity) this.grow();
    const { rows, slots } = this;
    const slot = this.find(physical, size);
    const row = this.rowCount++;
    if (this.stamps[slot] === this.generation) rows.size[slots[slot]] = 0;
    this.stamps[slot] = this.generation;
    slots[slot] = row;
    rows.physical[row] = physical;
    rows.size[row] = size;
    return row;
  }

  /** The columns as they are now: valid until the next `add`. */
  get columns(): Readonly<EpochColumns> {
    return this.rows;
  }

  /** Begins the next epoch. */
  clear(): void {
    this.rowCount = 0;
    this.generation++;
  }

  private find(physical: Physical, size: number): number {
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
    for (const name of NAMES) this.rows[name].set(rows[name]);
    this.slots = new Uint32Array(this.capacity * 2);
    this.stamps = new Uint32Array(this.capacity * 2);
    for (let row = 0; row < this.rowCount; row++) {
      if (rows.size[row] === 0) continue;
      const slot = this.find(rows.physical[row], rows.size[row]);
      this.stamps[slot] = this.generation;
      this.slots[slot] = row;
    }
  }
}

const NAMES = Object.keys(COLUMNS) as (keyof typeof COLUMNS)[];

const allocate = (capacity: number): EpochColumns =>
  Object.fromEntries(NAMES.map((name) => [name, allocateColumn(COLUMNS[name], capacity)])) as EpochColumns;
