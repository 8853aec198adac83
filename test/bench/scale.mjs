// A trace of many stores: from it to the first answer, then the same from the cache, with the memory that each took. Then a trace of as
// many events of every kind: every question of the catalogue. Then many traces in one call.
// EVENTS=100000000 npm run bench -- scale     (default: 20 million; ONLY=stores, catalogue or many for a part;
// NAMES=page-faults,executed: of the catalogue these alone)
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fixed, grouped, product, runScript, runTool, table } from './measure.mjs';

const events = Number(process.env.EVENTS ?? 20e6);
const folder = mkdtempSync(join(tmpdir(), 'r386-bench-'));
const file = join(folder, 'run.r386');
const cache = join(folder, 'cache');
process.env.XDG_CACHE_HOME = cache;
const script = (name) => join(import.meta.dirname, name);
const QUERY = 'SELECT eip, count(*) AS n FROM stores GROUP BY ALL ORDER BY n DESC, eip LIMIT 10';

/** Bytes of all files below. */
const bytesOf = (path) =>
  readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce(
      (sum, { parentPath, path: parent, name }) => sum + statSync(join(parentPath ?? parent, name)).size,
      0,
    );

const ask = (trace, ...questions) => runScript(script('query-trace.mjs'), [trace, ...questions]);

function stores() {
  runScript(script('make-events.mjs'), [file, String(events)]);
  const rows = ['trace to first answer', 'the same, cached'].map((what) => {
    const [{ sinceStart, processor, rss }] = ask(file, QUERY);
    return [what, fixed(sinceStart), fixed(processor), grouped(rss / 1e6), fixed(events / sinceStart / 1e6)];
  });
  const [trace, kept] = [statSync(file).size, bytesOf(join(cache, 'rewind386', 'traces'))];
  console.log(
    `${grouped(events)} stores: the trace ${fixed(trace / events)} bytes an event, the cache ${fixed(kept / events)}\n`,
  );
  table(['query', 'seconds', 'of processors', 'peak RSS, MB', 'million events/s'], rows);
}

async function catalogue() {
  const { TABLES } = await product('analysis/tables/index.js');
  const { catalogueQuestions } = await import('./catalogue-questions.mjs');
  const [{ copies, length }] = runScript(script('make-facts.mjs'), [file, String(events)]);
  const tables = ask(file, ...TABLES.map(({ name }) => `SELECT count(*) FROM ${name}`));
  console.log(
    `\n${grouped(events)} events of every kind; all tables made in ${fixed(tables.at(-1).sinceStart)} s\n`,
  );
  const names = process.env.NAMES?.split(',');
  const questions = catalogueQuestions((copies - 1) * length).filter(
    ({ name }) => !names || names.includes(name),
  );
  const rows = questions.map(({ kind, name, sql }) => {
    const answers = answersOf(sql);
    process.stderr.write(
      `${kind} ${name}: ${answers.map(({ sinceStart }) => fixed(sinceStart)).join(', ') || FAILED}\n`,
    );
    return { kind, name, first: answers[0], again: answers[1] };
  });
  const secondsOf = ({ again }) => again?.sinceStart ?? Number.POSITIVE_INFINITY;
  rows.sort((a, b) => secondsOf(b) - secondsOf(a));
  console.log(`${rows.length} questions; those of more than a second, each in a new process:\n`);
  table(
    ['', 'name', 'first', 'cached, seconds', 'of processors', 'peak RSS, MB'],
    rows
      .filter((row) => secondsOf(row) > 1)
      .map(({ kind, name, first, again }) =>
        again
          ? [
              ...[kind, name, fixed(first.sinceStart), fixed(again.sinceStart)],
              ...[fixed(again.processor), grouped(again.rss / 1e6)],
            ]
          : [kind, name, FAILED, '', '', ''],
      ),
  );
}

const FAILED = 'failed';

/** Of a question asked twice, each time by a new process: the first makes what is kept besides tables. None of one beyond the limits. */
function answersOf(sql) {
  try {
    return [ask(file, sql)[0], ask(file, sql)[0]];
  } catch {
    return [];
  }
}

/** `check` of 100 traces and a query of 500, each a run of the built-in guest to its panic: no two have the same bytes. */
async function many() {
  const { copyTrace } = await import('./copy-trace.mjs');
  const runs = join(folder, 'runs');
  mkdirSync(runs);
  const model = join(folder, 'model.r386');
  runScript(script('record-guest.mjs'), ['buggy', 'ftpd', '117', 'paging', model, '100', 'off']);
  const names = Array.from({ length: 500 }, (_, n) => join(runs, `${String(n).padStart(3, '0')}.r386`));
  copyTrace(model, names);
  const pattern = join(runs, '*.r386');
  const rows = [
    ['query of 500 traces', () => runTool(['query', pattern, 'foreign-pmap'])],
    ['check of 100 traces', () => runTool(['check', ...names.slice(0, 100)], [1])],
  ].map(([what, run]) => [what, fixed(run()), fixed(run())]);
  console.log('');
  table(['command', 'first, seconds', 'cached'], rows);
}

const PARTS = { stores, catalogue, many };
try {
  for (const [name, part] of Object.entries(PARTS)) if ((process.env.ONLY ?? name) === name) await part();
} finally {
  rmSync(folder, { recursive: true });
}
