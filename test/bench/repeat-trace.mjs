// A recording written again and again, each time later, until a trace has so many events: as long a run as one wants, of real events.
import { product } from './measure.mjs';

const { TraceReader } = await product('replayer/trace/trace-reader.js');
const { TraceWriter } = await product('recorder/capture/trace-writer.js');
const { allocateTable, EVENT_KIND_NAMES, EVENT_KINDS } = await product('schemas/events.js');
const { MAX_TABLE_ROWS } = await product('schemas/trace/limits.js');

/** Columns that hold a place in time or order, or the number of a frame or a call, which are moved with each copy. */
const ICOUNTS = new Set(['icount']);
const SEQS = new Set(['seq']);
const IDS = new Set(['id', 'frame_id', 'parent', 'interrupt_id', 'call_id']);
/** Ids of one copy at most. */
const IDS_OF_COPY = 1 << 14;

/** Writes the trace and returns how many copies it has, of how many instructions. */
export function repeatTrace(model, file, events) {
  const reader = TraceReader.open(model);
  const writer = new TraceWriter(file, reader.header);
  const length = reader.endIcount;
  const chunks = reader.chunks.map((_, n) => reader.readChunk(n));
  let seq = 0;
  let copies = 0;
  for (; seq < events; copies++) {
    for (const chunk of chunks) {
      const by = { icount: copies * length, seq: copies * reader.events, id: copies * IDS_OF_COPY };
      const tables = Object.fromEntries(
        EVENT_KIND_NAMES.map((kind) => [kind, movedTable(kind, chunk.table(kind), by)]),
      );
      const firstSeq = seq;
      seq += Object.values(tables).reduce((sum, { count }) => sum + count, 0);
      writer.flush({ tables, firstSeq, endSeq: seq });
    }
  }
  writer.finish({ kind: 'limit', code: 0, message: '' }, { ...reader.footer.final, icount: copies * length });
  reader.close();
  return { copies, length };
}

function movedTable(kind, { count, columns }, by) {
  const made = allocateTable(kind, Math.max(1, Math.min(MAX_TABLE_ROWS, count)));
  for (const [c, { name }] of EVENT_KINDS[kind].columns.entries()) {
    const add = ICOUNTS.has(name) ? by.icount : SEQS.has(name) ? by.seq : IDS.has(name) ? by.id : 0;
    const [from, to] = [columns[c], made.columns[c]];
    if (add === 0) to.set(from.subarray(0, count));
    else if (IDS.has(name)) for (let row = 0; row < count; row++) to[row] = from[row] && from[row] + add;
    else for (let row = 0; row < count; row++) to[row] = from[row] + add;
  }
  made.count = count;
  return made;
}
