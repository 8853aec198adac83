import {
  type ColumnArray,
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
export type WriteColumns = Readonly<Record<(typeof WRITE_COLUMNS)[number], ColumnArray>>;

const BY_STORE = WRITE_SOURCE.indexOf('store');
/** Sources of writes by a program, or by hardware on its behalf; writes by devices are reported separately (device-writes.ts). */
const BY_HARDWARE = WRITE_SOURCE.indexOf('accessed_dirty');
const PTE_BYTES = 4;

const columnOf = ({ kind, columns }: EventTable, name: string): ColumnArray =>
  columns[EVENT_KINDS[kind].columns.findIndex((column) => column.name === name)];

const writeColumns = (table: EventTable): WriteColumns => {
  const [icount, seq, eip, depth, cr3, linear, physical] = WRITE_COLUMNS.map((name) => columnOf(table, name));
  return { icount, seq, eip, depth, cr3, linear, physical };
};

/**
 * Calls `each` for every write to memory of a batch with detail `stores`, in order: stores, and the bits that hardware sets
 * in page tables. `source` is an index into WRITE_SOURCE.
 */
export function forEachWrite(
  tables: WriteTables,
  each: (columns: WriteColumns, row: number, size: number, source: number) => void,
): void {
  const stores = writeColumns(tables.stores);
  const paging = writeColumns(tables.paging_writes);
  const sizes = columnOf(tables.stores, OWN_COLUMN.stores);
  const sources = columnOf(tables.paging_writes, OWN_COLUMN.paging_writes);
  const storeCount = tables.stores.count;
  const pagingCount = tables.paging_writes.count;
  let s = 0;
  for (let p = 0; p <= pagingCount; p++) {
    const until = p < pagingCount ? paging.seq[p] : Number.POSITIVE_INFINITY;
    for (; s < storeCount && stores.seq[s] < until; s++) each(stores, s, sizes[s], BY_STORE);
    // A store's write is among the stores; an adopted entry was written before.
    if (p < pagingCount && sources[p] === BY_HARDWARE) each(paging, p, PTE_BYTES, BY_HARDWARE);
  }
}
