import type { TraceReader } from '../../replayer/trace/trace-reader.ts';
import { EVENT_KINDS, type EventKind } from '../../schemas/events.ts';
import type { ChunkRange, TraceTable } from './table.ts';

/** Some columns of a kind of event in a whole trace, for tables that are made of several kinds. */

/** The columns of a kind in each chunk that has rows of it, in the order of `wanted`. */
export function* eventColumns(reader: TraceReader, kind: EventKind, wanted: readonly string[]) {
  const names: readonly string[] = EVENT_KINDS[kind].columns.map(({ name }) => name);
  for (const [n, { rows }] of reader.chunks.entries()) {
    if (!rows[kind]) continue;
    const { count, columns } = reader.readChunk(n).table(kind, new Set(wanted));
    yield { count, columns: wanted.map((name) => columns[names.indexOf(name)]) };
  }
}

/** Numbers of the chunks in a range, default all, that have rows of a table. */
export function* chunksWith(
  rowsIn: NonNullable<TraceTable['rowsIn']>,
  { chunks }: TraceReader,
  { from, end }: ChunkRange = { from: 0, end: chunks.length },
): Iterable<number> {
  for (let n = from; n < end; n++) if (rowsIn(chunks[n]) > 0) yield n;
}

/** Index of the last of some ascending numbers that is not above `limit`; -1 if there is none. */
export function lastUpTo(numbers: ArrayLike<number>, limit: number): number {
  let low = 0;
  let high = numbers.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (numbers[middle] <= limit) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
