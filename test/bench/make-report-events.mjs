// Writes a trace of made-up events of the kinds that a report draws: page-table writes, CR3 loads, page faults, interrupts, and switches of
// the alternate map, as a kernel that forks and faults makes them.
// usage: node test/bench/make-report-events.mjs FILE EVENTS
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { product, runScript } from './measure.mjs';

const { TraceReader } = await product('replayer/trace/trace-reader.js');
const { TraceWriter } = await product('recorder/capture/trace-writer.js');
const { allocateTable, EVENT_KIND_NAMES, EVENT_KINDS } = await product('schemas/events.js');
const { MAX_TABLE_ROWS } = await product('schemas/trace/limits.js');

const [file, count] = process.argv.slice(2);
const events = Number(count);
// A recording of the built-in guest, whose chunks are written again and again, each time later.
const model = `${file}.model`;
runScript(join(import.meta.dirname, 'record-guest.mjs'), [
  'fixed',
  'ftpd',
  '1',
  'paging',
  model,
  '100',
  'off',
  '20e6',
]);
const reader = TraceReader.open(model);
const writer = new TraceWriter(file, reader.header);

/** Columns that hold a place in time or order, or the number of a frame, which are moved with each copy. */
const ICOUNTS = new Set(['icount', 'raise_icount', 'iret_icount', 'abandoned_icount', 'last_icount']);
const SEQS = new Set(['seq', 'iret_seq']);
const IDS = new Set(['id', 'frame_id', 'parent']);
const length = reader.endIcount;
const chunks = reader.chunks.map((_, n) => reader.readChunk(n));
const seqs = reader.events;
const ids = 1 << 20;

let seq = 0;
let copies = 0;
for (; seq < events; copies++) {
  for (const chunk of chunks) {
    const tables = Object.fromEntries(
      EVENT_KIND_NAMES.map((kind) => {
        const { count: rows, columns } = chunk.table(kind);
        const made = allocateTable(kind, Math.max(1, Math.min(MAX_TABLE_ROWS, rows)));
        for (const [c, { name }] of EVENT_KINDS[kind].columns.entries()) {
          const by = ICOUNTS.has(name)
            ? copies * length
            : SEQS.has(name)
              ? copies * seqs
              : IDS.has(name)
                ? copies * ids
                : 0;
          for (let row = 0; row < rows; row++) {
            const value = columns[c][row];
            made.columns[c][row] = by > 0 && value > 0 ? value + by : value;
          }
        }
        made.count = rows;
        return [kind, made];
      }),
    );
    const firstSeq = seq;
    seq += Object.values(tables).reduce((sum, { count: rows }) => sum + rows, 0);
    writer.flush({ tables, firstSeq, endSeq: seq });
  }
}
writer.finish({ kind: 'limit', code: 0, message: '' }, { ...reader.footer.final, icount: copies * length });
reader.close();
rmSync(model);
