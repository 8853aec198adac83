import type { TraceReader } from '../../replayer/trace/trace-reader.ts';
import {
  CONTEXT_COLUMNS,
  type Column,
  type ColumnType,
  contextColumnsOf,
  ESP_REVISION,
  EVENT_KINDS,
  type EventKind,
  type EventTable,
  FOLDED_KINDS,
} from '../../schemas/events.ts';
import type { ChunkEntry } from '../../schemas/trace/chunk.ts';
import { arrowBatch, type ColumnValues } from './arrow-batch.ts';
import { chunksWith } from './event-columns.ts';
import { REPEAT_COLUMNS, type RepeatsOf, repeatsOf } from './repeat-columns.ts';
import type { ColumnKind, TableColumn, TraceTable } from './table.ts';

/** Makes an Arrow table of an event kind: its columns as they are recorded. */

const KIND: Readonly<Record<ColumnType, ColumnKind>> = {
  icount: 'bigint',
  ordinal: 'uint',
  address: 'uint',
  value: 'uint',
  small: 'small',
};

export const tableColumn = ({ name, type, doc, names }: Column): TableColumn =>
  names ? { name, kind: 'word', doc, words: names } : { name, kind: KIND[type], doc };

/** CONTEXT_COLUMNS as columns of a table. Traces made before ESP_REVISION have no `esp`. */
export const CONTEXT_TABLE_COLUMNS: readonly TableColumn[] = CONTEXT_COLUMNS.map((column) =>
  column.name === 'esp'
    ? {
        ...tableColumn(column),
        doc: `${column.doc}; NULL in a trace of version 0.2 or before`,
        nullable: true,
      }
    : tableColumn(column),
);

/** The columns of a kind as columns of a table. */
const columnsOf = (kind: EventKind): readonly TableColumn[] => [
  ...CONTEXT_TABLE_COLUMNS.slice(0, contextColumnsOf(kind)),
  ...EVENT_KINDS[kind].own.map(tableColumn),
];

/** The `esp` of a trace that has none: validity bits of `rows` NULLs. */
export function espNulls(
  { header }: TraceReader,
  kind: EventKind,
  rows: number,
): ReadonlyMap<string, Uint8Array> | undefined {
  const isRecorded = header.machine.eventRevision >= ESP_REVISION;
  const isOwn = contextColumnsOf(kind) < CONTEXT_COLUMNS.length;
  return isRecorded || isOwn ? undefined : new Map([['esp', new Uint8Array((rows + 7) >>> 3)]]);
}

/** The table of an event kind: its columns as they are; of a kind that is folded, how often as well. */
export function eventTable(kind: EventKind): TraceTable {
  const isFolded = (FOLDED_KINDS as readonly EventKind[]).includes(kind);
  const columns = [...columnsOf(kind), ...(isFolded ? REPEAT_COLUMNS : [])];
  const rowsIn = ({ rows }: ChunkEntry) => rows[kind] ?? 0;
  return {
    name: kind,
    doc: EVENT_KINDS[kind].doc,
    columns,
    rowsIn,
    *batches(reader, chunks) {
      const repeats = isFolded ? repeatsOf(reader, kind) : undefined;
      for (const chunk of chunksWith(rowsIn, reader, chunks)) {
        const table = reader.readChunk(chunk).table(kind);
        const values = repeats ? [...table.columns, ...repeatsIn(table, repeats)] : table.columns;
        yield arrowBatch(columns, values, table.count, espNulls(reader, kind, table.count));
      }
    },
  };
}

/** The values of REPEAT_COLUMNS. */
function repeatsIn(
  { count: rows, columns: [icount, , eip] }: EventTable,
  repeats: RepeatsOf,
): ColumnValues[] {
  const count = new Uint32Array(rows).fill(1);
  const last = Float64Array.from(icount.subarray(0, rows));
  if (!repeats.none)
    for (let row = 0; row < rows; row++) {
      const repeat = repeats.at(icount[row], eip[row]);
      if (!repeat) continue;
      count[row] += repeat.count;
      last[row] = repeat.lastIcount;
    }
  return [count, last];
}
