// Who wrote a range of physical memory last, in a run of a billion instructions: each question opens the index anew.
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fixed, grouped, runScript, table } from './measure.mjs';

const dist = join(import.meta.dirname, '../../dist');
const { StoreIndex } = await import(join(dist, 'analysis/db/store-index.js'));
const { buildMachine } = await import(join(dist, 'recorder/machine/build.js'));
const { builtinDisk } = await import(join(dist, 'analysis/cli/builtin-guest.js'));

const QUESTIONS = 1000;
const folder = mkdtempSync(join(tmpdir(), 'r386-bench-'));
const trace = join(folder, 'run.r386');

/** Numbers below `n` from a fixed sequence: the questions are the same in every run. */
let state = 1;
const pick = (n) => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor((state / 2 ** 32) * n);
};
const quantile = (sorted, q) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))];

try {
  const script = join(import.meta.dirname, 'record-guest.mjs');
  const [{ instructions, bytes }] = runScript(script, ['fixed', 'ftpd', '1', 'paging', trace, '1100']);
  const options = { build: buildMachine, builtinDisk, note: console.error };
  const begun = performance.now();
  (await StoreIndex.open(trace, options)).close();
  const seconds = (performance.now() - begun) / 1000;
  const size = statSync(`${trace}-cache/stores.index`).size;
  console.log(
    `ftpd, ${grouped(instructions)} instructions, trace ${fixed(bytes / (1 << 20))} MB; index made in ${fixed(seconds, 1)} s (one replay), ${fixed(size / (1 << 20))} MB\n`,
  );
  const rows = [];
  for (const [what, length, instant] of [
    ['4 bytes, at the end', 4, () => instructions],
    ['4 bytes, at any instant', 4, () => pick(instructions)],
    ['a page, at the end', 4096, () => instructions],
  ]) {
    const times = [];
    let hidden = 0;
    for (let n = 0; n < QUESTIONS; n++) {
      const start = performance.now();
      const index = await StoreIndex.open(trace, options);
      const physical = pick(index.ramBytes / length) * length;
      const runs = index.look(physical, length, instant());
      index.close();
      times.push(performance.now() - start);
      if (runs.some(({ last }) => last.kind === 'hidden')) hidden++;
    }
    times.sort((a, b) => a - b);
    rows.push([
      what,
      fixed(quantile(times, 0.5)),
      fixed(quantile(times, 0.99)),
      fixed(times.at(-1)),
      `${fixed((hidden / QUESTIONS) * 100, 1)} %`,
    ]);
  }
  table(['who wrote', 'p50 (ms)', 'p99 (ms)', 'worst (ms)', 'not in the index'], rows);
} finally {
  rmSync(folder, { recursive: true });
}
