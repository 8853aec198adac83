// Views of the timeline of a trace of many events: the first, which makes the levels, then zoomed and moved ones from them.
// EVENTS=100000000 npm run bench -- serve     (default: 20 million)
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fixed, grouped, product, runScript, table } from './measure.mjs';

await product('host/install.js');
const { TraceReader } = await product('replayer/trace/trace-reader.js');
const { TraceDatabase } = await product('analysis/db/trace-database.js');
const { serve } = await product('analysis/server/serve.js');

const events = Number(process.env.EVENTS ?? 20e6);
/** Places at which each zoom is measured. */
const PLACES = 20;
const folder = mkdtempSync(join(tmpdir(), 'r386-bench-'));
const file = join(folder, 'run.r386');
process.env.XDG_CACHE_HOME = join(folder, 'cache');

const served = () =>
  serve({
    files: [file],
    port: 0,
    facts: () => Promise.reject(new Error('not asked for')),
    symbols: () => [],
    debug: () => Promise.reject(new Error('not asked for')),
    difference: () => Promise.reject(new Error('not asked for')),
    openQuestions: async () => ({
      ask: () => Promise.reject(new Error('not asked for')),
      close: async () => {},
    }),
    openDatabase: (files, options) => TraceDatabase.open(files, options),
  });

/** Milliseconds from a request to its last byte. */
async function asked({ url }, from, to) {
  const begin = performance.now();
  const response = await fetch(`${url}view?run=0&from=${Math.floor(from)}&to=${Math.ceil(to)}`);
  const bytes = (await response.arrayBuffer()).byteLength;
  if (!response.ok) throw new Error(`status ${response.status}`);
  return { ms: performance.now() - begin, bytes };
}

try {
  runScript(join(import.meta.dirname, 'make-events.mjs'), [file, String(events)]);
  const reader = TraceReader.open(file);
  const end = reader.endIcount;
  reader.close();
  const rows = [];
  for (const what of ['levels made', 'levels from the cache']) {
    const server = await served();
    const { ms } = await asked(server, 0, end);
    rows.push([`the whole run, ${what}`, '', fixed(ms / 1000), '']);
    await server.close();
  }
  const server = await served();
  await asked(server, 0, end);
  const views = [];
  for (let span = end; span > 50; span /= 8) {
    const times = [];
    let most = 0;
    for (let place = 0; place < PLACES; place++) {
      const from = ((end - span) * place) / PLACES;
      const { ms, bytes } = await asked(server, from, from + span);
      times.push(ms);
      most = Math.max(most, bytes);
    }
    times.sort((a, b) => a - b);
    views.push([grouped(span), fixed(times[PLACES / 2]), fixed(times.at(-1)), fixed(most / 1000)]);
  }
  await server.close();
  console.log(`${grouped(events)} events, ${grouped(end)} instructions\n`);
  table(['first view', '', 'seconds', ''], rows);
  console.log('');
  table(['instructions in view', 'median, ms', 'slowest, ms', 'KB'], views);
} finally {
  rmSync(folder, { recursive: true });
}
