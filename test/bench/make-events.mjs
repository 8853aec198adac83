// Writes a trace of made-up stores, as a kernel's loops make them: fills, copies, and the frames of calls.
// usage: node test/bench/make-events.mjs FILE EVENTS
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { product, runScript } from './measure.mjs';

const { TraceReader } = await product('replayer/trace/trace-reader.js');
const { TraceWriter } = await product('recorder/capture/trace-writer.js');
const { allocateTable, EVENT_KIND_NAMES, EVENT_KINDS } = await product('schemas/events.js');
const { MAX_TABLE_ROWS } = await product('schemas/trace/limits.js');

const [file, count] = process.argv.slice(2);
const events = Number(count);
// The header of a recording of the built-in guest.
const model = `${file}.model`;
const recording = ['buggy', 'ftpd', '1', 'stores', model, '100', 'off', '100000'];
runScript(join(import.meta.dirname, 'record-guest.mjs'), recording);
const reader = TraceReader.open(model);
const writer = new TraceWriter(file, reader.header);

let state = 1;
/** 0 to limit-1, xorshift32. */
function random(limit) {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return (state >>> 0) % limit;
}

const tables = Object.fromEntries(
  EVENT_KIND_NAMES.map((kind) => [kind, allocateTable(kind, MAX_TABLE_ROWS)]),
);
const { stores } = tables;
const COLUMNS = EVENT_KINDS.stores.columns.map(({ name }) => name);
const column = Object.fromEntries(COLUMNS.map((name, n) => [name, stores.columns[n]]));
let icount = 1000;
let seq = 0;
/** A loop of one instruction that writes so many words. */
let loop = { left: 0 };
for (let firstSeq = 0; seq < events; firstSeq = seq) {
  const rows = Math.min(MAX_TABLE_ROWS, events - seq);
  for (let row = 0; row < rows; row++, seq++) {
    if (loop.left === 0)
      loop = {
        left: 1 + (random(4) === 0 ? random(1024) : random(12)),
        linear: (0xf0100000 + 4 * random(1 << 18)) >>> 0,
        eip: (0xf0100000 + 16 * random(4000)) >>> 0,
        every: 1 + random(6),
        copies: random(3) === 0,
      };
    icount += loop.every;
    column.icount[row] = icount;
    column.seq[row] = seq;
    column.eip[row] = loop.eip;
    column.cr3[row] = 0x101000 + 0x1000 * ((icount >>> 20) % 7);
    column.linear[row] = loop.linear;
    column.physical[row] = loop.linear - 0xf0000000;
    column.size[row] = 4;
    column.old[row] = loop.copies ? random(2 ** 16) : 0;
    column.new[row] = loop.copies ? random(2 ** 31) : loop.left;
    loop.linear += 4;
    loop.left--;
  }
  stores.count = rows;
  writer.flush({ tables, firstSeq, endSeq: seq });
}
writer.finish({ kind: 'limit', code: 0, message: '' }, { ...reader.footer.final, icount: icount + 1 });
reader.close();
rmSync(model);
