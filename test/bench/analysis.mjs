// From a trace of ten million events to answers: the first query with no cache, then each named query from the cache.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fixed, grouped, runScript, table } from './measure.mjs';

const ROUNDS = 3;
const folder = mkdtempSync(join(tmpdir(), 'r386-bench-'));
const file = join(folder, 'run.r386');
const script = (name) => join(import.meta.dirname, name);
const ask = (...queries) => runScript(script('query-trace.mjs'), [file, ...queries]);
const best = (runs) => runs.reduce((a, b) => (b.seconds < a.seconds ? b : a));
const rounds = (measure) => Array.from({ length: ROUNDS }, measure);
process.env.XDG_CACHE_HOME = join(folder, 'cache');
const forget = () => rmSync(process.env.XDG_CACHE_HOME, { recursive: true, force: true });

const EVERYTHING = `SELECT symbol(run_id, eip) AS code, n FROM (
  SELECT run_id, eip, count(*) AS n FROM stores GROUP BY ALL ORDER BY n DESC, eip LIMIT 10)`;
const NAMED = [
  'foreign-pmap',
  'latent-hijack',
  'pte-history:0xefbfe000',
  'who-wrote:0x38b000',
  'interrupt-nesting',
  'aptd-timeline',
];

try {
  const [{ events, bytes, instructions }] = runScript(script('record-guest.mjs'), [
    'fixed',
    'ftpd',
    '1',
    'stores',
    file,
  ]);
  console.log(
    `ftpd, detail stores: ${grouped(events)} events, ${grouped(instructions)} instructions, ${fixed(bytes / (1 << 20))} MB\n`,
  );
  const rows = [];
  for (const [what, query] of [
    ['first query, every store counted', EVERYTHING],
    ['first query, foreign-pmap', 'foreign-pmap'],
  ]) {
    const runs = rounds(() => {
      forget();
      return ask(query)[0];
    });
    const { sinceStart, rows: count } = runs.reduce((a, b) => (b.sinceStart < a.sinceStart ? b : a));
    rows.push([what, 'no', fixed(sinceStart), grouped(count)]);
  }
  forget();
  ask(EVERYTHING, ...NAMED);
  for (const query of [EVERYTHING, ...NAMED]) {
    const { name, seconds, rows: count } = best(rounds(() => ask(query)[0]));
    rows.push([name === 'sql' ? 'every store counted' : name, 'yes', fixed(seconds), grouped(count)]);
  }
  table(['query', 'cached', 'seconds', 'rows'], rows);
} finally {
  rmSync(folder, { recursive: true });
}
