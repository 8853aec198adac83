import { type Column, type ColumnType, EVENT_KINDS, type EventKind } from '../../schemas/events.ts';
import { arrowBatch } from './arrow-batch.ts';
import type { ColumnKind, TableColumn, TraceTable } from './table.ts';

const KIND: Readonly<Record<ColumnType, ColumnKind>> = {
  icount: 'bigint',
  ordinal: 'uint',
  address: 'uint',
  value: 'uint',
  small: 'small',
};

export const tableColumn = ({ name, type, doc, names }: Column): TableColumn =>
  names ? { name, kind: 'word', doc, words: names } : { name, kind: KIND[type], doc };

/** The table of an event kind: its columns as they are. */
export function eventTable(kind: EventKind): TraceTable {
  const columns = EVENT_KINDS[kind].columns.map(tableColumn);
  return {
    name: kind,
    doc: EVENT_KINDS[kind].doc,
    columns,
    *batches(reader) {
      for (let chunk = 0; chunk < reader.chunks.length; chunk++) {
        if (!reader.chunks[chunk].rows[kind]) continue;
        const table = reader.readChunk(chunk).table(kind);
        yield arrowBatch(columns, table.columns as Uint32Array[], table.count);
      }
    },
  };
}
