import { type Column, EVENT_KIND_NAMES, EVENT_KINDS, type EventTable } from '../../schemas/events.ts';
import type { Icount } from '../../schemas/units.ts';
import type { TraceReader } from '../trace/trace-reader.ts';
import { columnText } from '../verify/event-check.ts';

/** The last recorded events before an instant, for the report of a bisection. */

/** A recorded event. */
export interface PastEvent {
  readonly icount: Icount;
  readonly kind: string;
  /** Linear address of its instruction. */
  readonly eip: number;
  /** Its other informative columns, as name=value. */
  readonly text: string;
}

/** Columns that only serve as references for other events. */
const UNTOLD = new Set(['seq', 'frame_id']);

/** The last recorded events before an icount, in the order of the run. */
export function eventsBefore(reader: TraceReader, icount: Icount, count: number): PastEvent[] {
  let found: PastEvent[] = [];
  for (let n = reader.chunks.length - 1; n >= 0 && found.length < count; n--) {
    const { range } = reader.chunks[n];
    if (range.firstIcount > icount) continue;
    found = [...inChunk(reader, n, icount, count), ...found].slice(-count);
  }
  return found;
}

function inChunk(reader: TraceReader, n: number, icount: Icount, count: number): PastEvent[] {
  const chunk = reader.readChunk(n);
  const { firstSeq } = reader.chunks[n].range;
  const rows = EVENT_KIND_NAMES.flatMap((kind) => {
    const table = chunk.table(kind);
    const [when, seq] = table.columns;
    let end = table.count;
    while (end > 0 && when[end - 1] > icount) end--;
    const first = Math.max(0, end - count);
    return Array.from({ length: end - first }, (_, i) => ({ table, row: first + i, seq: seq[first + i] }));
  });
  // seq is stored modulo 2^32.
  rows.sort((a, b) => ((a.seq - firstSeq) >>> 0) - ((b.seq - firstSeq) >>> 0));
  return rows.slice(-count).map(({ table, row }) => pastEvent(table, row));
}

function pastEvent(table: EventTable, row: number): PastEvent {
  const columns: readonly Column[] = EVENT_KINDS[table.kind].columns;
  const event = { icount: 0, kind: table.kind, eip: 0, text: '' };
  const told: string[] = [];
  for (const [c, column] of columns.entries()) {
    const value = table.columns[c][row];
    if (column.name === 'icount' || column.name === 'eip') event[column.name] = value;
    else if (!UNTOLD.has(column.name) && (value !== 0 || column.names || column.name === 'new'))
      told.push(columnText(column, value));
  }
  return { ...event, text: told.join(' ') };
}
