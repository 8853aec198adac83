import {
  type Column,
  type ColumnArray,
  EVENT_KIND_NAMES,
  EVENT_KINDS,
  type EventBatch,
  type EventKind,
  type EventTable,
} from '../../schemas/events.ts';
import type { EventTables } from './chunk-encoder.ts';

/**
 * A batch laid out in one shared buffer, for the writer thread. The machine's buffers are reused at once, so the recording thread copies
 * them; a copy is about ten times cheaper than encoding, which the writer thread does.
 */

/** Number of rows of each kind in a slot, in the order of storage. */
export type SlotLayout = readonly (readonly [kind: EventKind, rows: number])[];

/** Alignment of every column. */
const ALIGNMENT = 8;

const WIDTH = { icount: 8, ordinal: 4, address: 4, value: 4, small: 1 } as const;

const columnsOf = (kind: EventKind): readonly Column[] => EVENT_KINDS[kind].columns;

const columnBytes = (column: Column, rows: number) =>
  (WIDTH[column.type] * rows + ALIGNMENT - 1) & ~(ALIGNMENT - 1);

export const layoutOf = (batch: EventBatch): SlotLayout =>
  EVENT_KIND_NAMES.filter((kind) => batch.tables[kind].count > 0).map((kind) => [
    kind,
    batch.tables[kind].count,
  ]);

export const slotBytes = (layout: SlotLayout): number =>
  layout.reduce(
    (sum, [kind, rows]) =>
      sum + columnsOf(kind).reduce((bytes, column) => bytes + columnBytes(column, rows), 0),
    0,
  );

/** The tables of a slot, as views. */
export function slotTables(buffer: SharedArrayBuffer, layout: SlotLayout): EventTables {
  let at = 0;
  const tables: Partial<Record<EventKind, EventTable>> = {};
  for (const [kind, rows] of layout) {
    const columns = columnsOf(kind).map((column): ColumnArray => {
      const start = at;
      at += columnBytes(column, rows);
      if (column.type === 'icount') return new Float64Array(buffer, start, rows);
      if (column.type === 'small') return new Uint8Array(buffer, start, rows);
      return new Uint32Array(buffer, start, rows);
    });
    tables[kind] = { kind, count: rows, columns };
  }
  return tables;
}

/** Copies a batch into a slot of at least slotBytes(layout). */
export function fillSlot(buffer: SharedArrayBuffer, layout: SlotLayout, batch: EventBatch): void {
  const tables = slotTables(buffer, layout);
  for (const [kind, rows] of layout) {
    const from = batch.tables[kind].columns;
    const to = tables[kind]?.columns ?? [];
    for (let i = 0; i < to.length; i++) to[i].set(from[i].subarray(0, rows));
  }
}
