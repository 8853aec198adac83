import {
  type ColumnArray,
  EVENT_KINDS,
  type EventBatch,
  type EventTable,
  WRITE_SOURCE,
} from '../../schemas/events.ts';

/** Writes to memory in the events of a replay, of whatever kind. */

/** Columns of an event kind by name. */
export type Columns = Readonly<Record<string, ColumnArray>>;

const BY_STORE = WRITE_SOURCE.indexOf('store');
/** By a program, or hardware on its behalf: of devices' writes the replay tells, wherever they go (device-writes.ts). */
const BY_HARDWARE = WRITE_SOURCE.indexOf('accessed_dirty');
const PTE_BYTES = 4;

const columnsOf = ({ kind, columns }: EventTable): Columns =>
  Object.fromEntries(EVENT_KINDS[kind].columns.map(({ name }, i) => [name, columns[i]]));

/**
 * Calls `each` for every write to memory of a batch with detail `stores`, in order: stores, and the bits that hardware sets
 * in page tables. `source` is an index of WRITE_SOURCE.
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
      // What a store wrote is among the stores; what was adopted was there before.
      if (paging.source[p] === BY_HARDWARE) each(paging, p, PTE_BYTES, BY_HARDWARE);
      p++;
    }
  }
}
