import { EVENT_KIND_NAMES } from '../../schemas/events.ts';
import { describeEvent } from '../event-check.ts';
import type { TraceReader } from '../trace-reader.ts';

/** The last recorded events before an icount, for people, the last one last. */
export function eventsBefore(reader: TraceReader, icount: number, count: number): string[] {
  let found: { seq: number; text: string }[] = [];
  for (let n = reader.chunks.length - 1; n >= 0 && found.length < count; n--) {
    const { range } = reader.chunks[n];
    if (range.firstIcount > icount) continue;
    found = [...inChunk(reader, n, icount, count), ...found].slice(-count);
  }
  return found.map(({ text }) => text);
}

function inChunk(reader: TraceReader, n: number, icount: number, count: number) {
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
  return rows
    .slice(-count)
    .map(({ table, row, seq }) => ({ seq, text: `${table.kind} ${describeEvent(table, row)}` }));
}
