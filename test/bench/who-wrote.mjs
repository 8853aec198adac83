// Who wrote a range of physical memory last, in a run of a billion instructions: each question opens the index anew.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fixed, grouped, product, runScript, table } from './measure.mjs';

const root = join(import.meta.dirname, '../..');
const { StoreIndex } = await product('analysis/db/store-index.js');
const { TraceCache } = await product('analysis/db/cache.js');
const { buildMachine } = await product('recorder/machine/build.js');
const { builtinDisk } = await product('analysis/cli/options/builtin-guest.js');

const QUESTIONS = 1000;
/** The fastest of so many counts, for each question: what else runs here is not measured. */
const ROUNDS = 3;
const PROCESSES = 40;
const COMMANDS = 10;
const HIDDEN = 5;
const PAGE = 4096;
const folder = mkdtempSync(join(tmpdir(), 'r386-bench-'));
const trace = join(folder, 'run.r386');
process.env.XDG_CACHE_HOME = join(folder, 'cache');

/** Numbers below `n` from a fixed sequence: the questions are the same in every run. */
let state = 1;
const pick = (n) => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor((state / 2 ** 32) * n);
};
const quantile = (sorted, q) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))];

const rows = [];
const addRow = (what, times, hidden) => {
  times.sort((a, b) => a - b);
  const share = hidden === undefined ? '' : `${fixed((hidden / times.length) * 100, 1)} %`;
  rows.push([what, grouped(times.length), ...[0.5, 0.99, 1].map((q) => fixed(quantile(times, q))), share]);
};

try {
  const script = join(import.meta.dirname, 'record-guest.mjs');
  const [{ instructions, bytes }] = runScript(script, ['fixed', 'ftpd', '1', 'paging', trace, '1100']);
  const options = { build: buildMachine, builtinDisk, note: console.error };
  const begun = performance.now();
  const made = await StoreIndex.open(trace, options);
  const { ramBytes } = made;
  made.close();
  const seconds = (performance.now() - begun) / 1000;
  const size = statSync(new TraceCache(trace, console.error).find('stores.index')).size;
  console.log(
    `ftpd, ${grouped(instructions)} instructions, trace ${fixed(bytes / (1 << 20))} MB; index made in ${fixed(seconds, 1)} s (one replay), ${fixed(size / (1 << 20))} MB\n`,
  );

  const atEnd = () => instructions;
  const anyTime = () => pick(instructions);
  const anyOf = (length) => () => pick(ramBytes / length) * length;
  const hiddenOnes = [];
  for (const [what, count, length, place, instant] of [
    ['4 bytes, at the end', QUESTIONS, 4, anyOf(4), atEnd],
    ['4 bytes, at any instant', QUESTIONS, 4, anyOf(4), anyTime],
    ['a page, at the end', QUESTIONS, PAGE, anyOf(PAGE), atEnd],
    ['a page, at any instant', QUESTIONS, PAGE, anyOf(PAGE), anyTime],
    ['each page of memory, at the end', ramBytes / PAGE, PAGE, (n) => n * PAGE, atEnd],
  ]) {
    const times = [];
    let hidden = 0;
    for (let n = 0; n < count; n++) {
      const question = [place(n), length, instant()];
      let best = Number.POSITIVE_INFINITY;
      let runs = [];
      for (let round = 0; round < ROUNDS; round++) {
        const start = performance.now();
        const index = await StoreIndex.open(trace, options);
        runs = index.look(...question);
        index.close();
        best = Math.min(best, performance.now() - start);
      }
      times.push(best);
      if (!runs.some(({ last }) => last.kind === 'hidden')) continue;
      hidden++;
      hiddenOnes.push(question);
    }
    addRow(what, times, hidden);
  }

  const once = join(import.meta.dirname, 'who-wrote-once.mjs');
  const cold = Array.from({ length: PROCESSES }, () => {
    const question = [anyOf(PAGE)(), PAGE, anyTime()];
    const ask = () => runScript(once, [trace, ...question.map(String)])[0].milliseconds;
    return Math.min(...Array.from({ length: ROUNDS }, ask));
  });
  addRow('a page, at any instant, in a new process', cold);
  const command = Array.from({ length: COMMANDS }, () => {
    const args = [join(root, 'bin/rewind386.js'), 'who-wrote', trace, `${anyOf(PAGE)()}+${PAGE}`];
    const ask = () => {
      const start = performance.now();
      spawnSync(process.execPath, args);
      return performance.now() - start;
    };
    return Math.min(...Array.from({ length: ROUNDS }, ask));
  });
  addRow('a page, the whole command with symbols and processes, at the end', command);

  const executed = [];
  for (const question of hiddenOnes.slice(0, HIDDEN)) {
    const index = await StoreIndex.open(trace, options);
    const start = performance.now();
    await index.find(...question);
    executed.push(performance.now() - start);
    index.close();
  }
  if (executed.length > 0) addRow('what the index hides, by executing', executed);
  table(['who wrote', 'questions', 'p50 (ms)', 'p99 (ms)', 'worst (ms)', 'not in the index'], rows);
} finally {
  rmSync(folder, { recursive: true });
}
