import {
  type ColumnArray,
  EVENT_KINDS,
  type EventBatch,
  type EventTable,
  WRITE_SOURCE,
} from '../../schemas/events.ts';

/** Writes to memory in the events of a replay, of every kind. */

/** Columns of an event kind by name. */
export type Columns = Readonly<Record<string, ColumnArray>>;

const BY_STORE = WRITE_SOURCE.indexOf('store');
/** Sources of writes by a program, or by hardware on its behalf; writes by devices are reported separately (device-writes.ts). */
const BY_HARDWARE = WRITE_SOURCE.indexOf('accessed_dirty');
const PTE_BYTES = 4;

const columnsOf = ({ kind, columns }: EventTable): Columns =>
  Object.fromEntries(EVENT_KINDS[kind].columns.map(({ name }, i) => [name, columns[i]]));

/**
 * Calls `each` for every write to memory of a batch with detail `stores`, in order: stores, and the bits that hardware sets
 * in page tables. `source` is an index into WRITE_SOURCE.
 */
export function forEachWrite(
  { tables }: EventBatch,
  each: (columns: Columns, row: number, size: number, source: number) => void,
): void {
  const stores = columnsOf(tables.stores);
  const paging = columnsOf(tables.paging_writes);
  const storeCount = tables.stores.count;
  const pagingCount = tables.paging_writes.count;
  let s = 0;
  let p = 0;
  while (s < storeCount || p < pagingCount) {
    if (p === pagingCount || (s < storeCount && stores.seq[s] < paging.seq[p])) {
      each(stores, s, stores.size[s], BY_STORE);
      s++;
    } else {
      // A store's write is among the stores; an adopted entry was written before.
      if (paging.source[p] === BY_HARDWARE) each(paging, p, PTE_BYTES, BY_HARDWARE);
      p++;
    }
  }
}
