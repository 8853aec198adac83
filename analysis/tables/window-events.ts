import {
  CONTEXT_COLUMNS,
  type ColumnArray,
  columnIndex,
  EVENT_KINDS,
  type EventKind,
  type EventTable,
} from '../../schemas/events.ts';
import type { ChunkEntry } from '../../schemas/trace/chunk.ts';
import { arrowBatch } from './arrow-batch.ts';
import { chunksWith } from './event-columns.ts';
import { CONTEXT_TABLE_COLUMNS, espNulls, tableColumn } from './event-table.ts';
import type { TableColumn, TraceTable } from './table.ts';

/**
 * Switches of windows, and accesses through them: those of the alternate map, which traces have as kinds of their own, and those of the
 * windows that a profile declares, in one table each.
 */

/** The alternate map in `window_id`. */
const ALTERNATE = 0;

interface Rows {
  readonly count: number;
  readonly columns: readonly ColumnArray[];
}

/**
 * The table of a kind of window events. `alternate` is the kind of those of the alternate map; `from` says which of its columns are the
 * table's: a name, or a function of the row's directory (physical address) and the alternate slot.
 */
export function windowEventTable(
  kind: 'window_switches' | 'window_accesses',
  alternate: EventKind,
  from: Readonly<Record<string, string | ((directory: number, slot: number) => number)>>,
): TraceTable {
  const own = EVENT_KINDS[kind].columns.slice(CONTEXT_COLUMNS.length);
  const columns: TableColumn[] = [
    ...CONTEXT_TABLE_COLUMNS,
    {
      name: 'window_id',
      kind: 'small',
      doc: 'number of the window (windows.window_id); 0 = the alternate map',
    },
    ...own.slice(1).map(tableColumn),
  ];
  const alternateColumn = (name: string) => columnIndex(alternate, name);
  const cr3 = alternateColumn('cr3');

  /** Rows of the alternate map in the columns of the table. */
  function asWindow({ count, columns: given }: EventTable, slot: number): Rows {
    const made = own.map(({ name }): ColumnArray => {
      const source = from[name];
      if (source === undefined) return new Uint8Array(count).fill(ALTERNATE);
      if (typeof source === 'string') return given[alternateColumn(source)];
      return Uint32Array.from(given[cr3].subarray(0, count), (value) => source(value & ~0xfff, slot));
    });
    return { count, columns: [...given.slice(0, CONTEXT_COLUMNS.length), ...made] };
  }

  const rowsIn = ({ rows }: ChunkEntry) => (rows[kind] ?? 0) + (rows[alternate] ?? 0);

  return {
    name: kind,
    doc: EVENT_KINDS[kind].doc.replace('a window of the guest profile', 'a window'),
    columns,
    rowsIn,
    *batches(reader, chunks) {
      const slot = reader.header.profile.alternateSlot;
      for (const n of chunksWith(rowsIn, reader, chunks)) {
        const { rows } = reader.chunks[n];
        const chunk = reader.readChunk(n);
        const parts: Rows[] = [];
        if (rows[alternate]) parts.push(asWindow(chunk.table(alternate), slot));
        if (rows[kind]) parts.push(chunk.table(kind));
        const { count, columns: values } = parts.length === 1 ? parts[0] : merged(parts[0], parts[1]);
        yield arrowBatch(columns, values, count, espNulls(reader, kind, count));
      }
    },
  };
}

const SEQ = CONTEXT_COLUMNS.findIndex(({ name }) => name === 'seq');

/** The rows of both in the order of the run. */
function merged(a: Rows, b: Rows): Rows {
  const count = a.count + b.count;
  const fromA = new Uint8Array(count);
  for (let row = 0, i = 0, j = 0; row < count; row++) {
    const isA = j === b.count || (i < a.count && ((a.columns[SEQ][i] - b.columns[SEQ][j]) | 0) < 0);
    fromA[row] = isA ? 1 : 0;
    if (isA) i++;
    else j++;
  }
  const columns = a.columns.map((column, c): ColumnArray => {
    const other = b.columns[c];
    const joined = new (column.constructor as new (length: number) => ColumnArray)(count);
    for (let row = 0, i = 0, j = 0; row < count; row++) joined[row] = fromA[row] ? column[i++] : other[j++];
    return joined;
  });
  return { count, columns };
}
