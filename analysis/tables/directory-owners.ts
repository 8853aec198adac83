import { Owners } from './owners.ts';
import { RowBuffer } from './row-buffer.ts';
import type { TableColumn, TraceTable } from './table.ts';

/** The table directory_owners. */

/** An icount after the end of every run. */
const FOREVER = Number.MAX_SAFE_INTEGER;

const columns: readonly TableColumn[] = [
  { name: 'dir', kind: 'uint', doc: 'physical address of the page directory' },
  { name: 'from_icount', kind: 'bigint', doc: 'first icount at which it belongs to this process' },
  { name: 'from_seq', kind: 'uint', doc: 'position among all events of the event by which it does' },
  {
    name: 'to_icount',
    kind: 'bigint',
    doc: 'icount at which that ends (exclusive); 2^53-1 if it does not end',
  },
  { name: 'pid', kind: 'uint', doc: 'process id; NULL if no process ever ran under it', nullable: true },
  { name: 'comm', kind: 'text', doc: 'command name; NULL if no process ever ran under it', nullable: true },
];

export const directoryOwners: TraceTable = {
  name: 'directory_owners',
  doc: 'the owner of a page directory over a stretch of the run',
  columns,
  *batches(reader) {
    const rows = new RowBuffer(columns);
    for (const { dir, fromIcount, fromSeq, toIcount, process } of Owners.of(reader).all())
      rows.add(dir, fromIcount, fromSeq, toIcount ?? FOREVER, process?.pid ?? null, process?.comm ?? null);
    if (rows.rows > 0) yield rows.batch();
  },
};
