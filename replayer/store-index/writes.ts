import {
  type ColumnArray,
  columnOf,
  EVENT_KINDS,
  type EventBatch,
  type EventTable,
  WRITE_SOURCE,
} from '../../schemas/events.ts';

/** Writes to memory in the events of a replay, of every kind. */

/** The columns that describe a write, of whatever kind its event is. */
const WRITE_COLUMNS = ['icount', 'seq', 'eip', 'depth', 'cr3', 'linear', 'physical'] as const;
/** The kinds of event that are writes, and the columns of each that are read here. */
export type WriteTables = Pick<EventBatch['tables'], 'stores' | 'paging_writes'>;
const OWN_COLUMN = { stores: 'size', paging_writes: 'source' } as const;
/** True for a column of one of these kinds that is read here. */
export const isWriteColumn = (kind: keyof WriteTables, column: number): boolean => {
  const { name } = EVENT_KINDS[kind].columns[column];
  return name === OWN_COLUMN[kind] || WRITE_COLUMNS.some((one) => one === name);
};

/** Columns by name; always the same shape, for the loops over every write. */
export type WriteColumns = Readonly<Record<(typeof WRITE_COLUMNS)[number] | 'size', ColumnArray>>;

const BY_STORE = WRITE_SOURCE.indexOf('store');
/** Sources of writes by a program, or by hardware on its behalf; writes by devices are reported separately (device-writes.ts). */
const BY_HARDWARE = WRITE_SOURCE.indexOf('accessed_dirty');
const PTE_BYTES = 4;

const writeColumns = (table: EventTable, size: ColumnArray): WriteColumns => {
  const [icount, seq, eip, depth, cr3, linear, physical] = WRITE_COLUMNS.map((name) => columnOf(table, name));
  return { icount, seq, eip, depth, cr3, linear, physical, size };
};

/**
 * Calls `each` for the writes to memory of a batch with detail `stores`, in order, by runs of rows from `first` up to `end`: stores, and the
 * bits that hardware sets in page tables. `source` is an index into WRITE_SOURCE.
 */
export function forEachRun(
  tables: WriteTables,
  each: (columns: WriteColumns, first: number, end: number, source: number) => void,
): void {
  const stores = writeColumns(tables.stores, columnOf(tables.stores, OWN_COLUMN.stores));
  const paging = writeColumns(
    tables.paging_writes,
    new Uint8Array(tables.paging_writes.count).fill(PTE_BYTES),
  );
  const sources = columnOf(tables.paging_writes, OWN_COLUMN.paging_writes);
  let s = 0;
  for (let p = 0; p < tables.paging_writes.count; p++) {
    // A store's write is among the stores; an adopted entry was written before.
    if (sources[p] !== BY_HARDWARE) continue;
    const first = s;
    while (s < tables.stores.count && stores.seq[s] < paging.seq[p]) s++;
    if (s > first) each(stores, first, s, BY_STORE);
    each(paging, p, p + 1, BY_HARDWARE);
  }
  if (s < tables.stores.count) each(stores, s, tables.stores.count, BY_STORE);
}
