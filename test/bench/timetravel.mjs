// Time travel: what checkpoints in the trace cost, and how long it takes to get anywhere in a run of a billion instructions.
// usage: node test/bench/timetravel.mjs [INSTRUCTIONS]      default 1e9
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fixed, grouped, product, runScript, table } from './measure.mjs';

const { DEFAULT_CONFIG } = await product('recorder/machine/config.js');
const { TraceReader } = await product('replayer/trace/trace-reader.js');

const INSTRUCTIONS = Number(process.argv[2] ?? 1e9);
const folder = mkdtempSync(join(tmpdir(), 'r386-timetravel-'));

/** In a process of its own, as a user does it. */
function recordRun({ kernel, seed, scale, instructions = INSTRUCTIONS, every }) {
  const file = join(folder, `${kernel}-${seed}-${every}.r386`);
  const args = [kernel, 'ftpd', seed, DEFAULT_CONFIG.detail, file, scale, every, instructions].map(String);
  const [{ seconds, bytes }] = runScript(join(import.meta.dirname, 'record-guest.mjs'), args);
  return { file, seconds, bytes };
}

/** Bytes of the frames of checkpoints. */
function checkpointShare(file) {
  const reader = TraceReader.open(file);
  const next = (offset) =>
    Math.min(
      ...[...reader.chunks, ...reader.checkpoints].map((entry) => entry.offset).filter((at) => at > offset),
      reader.bytes,
    );
  const bytes = reader.checkpoints.reduce((sum, { offset }) => sum + next(offset) - offset, 0);
  const result = { count: reader.checkpoints.length, bytes, share: bytes / reader.bytes };
  reader.close();
  return result;
}

const quantile = (sorted, q) => sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];
const middle = (list) =>
  quantile(
    list.toSorted((a, b) => a - b),
    0.5,
  );
const ms = (n) => `${fixed(n, 1)} ms`;

function recordingCost() {
  const rows = [];
  for (const [name, run, rounds] of [
    ['ftpd, seed 117 to its end', { kernel: 'buggy', seed: 117, scale: 100 }, 31],
    ['ftpd, 500 M instructions', { kernel: 'fixed', seed: 1, scale: 4000, instructions: 5e8 }, 11],
  ]) {
    // Turn about; the middle of the times, because what differs is less than what a machine's other work makes of the fastest.
    const times = { off: [], auto: [] };
    let file = '';
    for (let round = 0; round < rounds; round++) {
      for (const every of round % 2 ? ['auto', 'off'] : ['off', 'auto']) {
        const result = recordRun({ ...run, every });
        times[every].push(result.seconds);
        if (every === 'auto') file = result.file;
      }
    }
    const [off, auto] = [middle(times.off), middle(times.auto)];
    const { count, bytes, share } = checkpointShare(file);
    rows.push([
      name,
      `${fixed(off, 3)} s`,
      `${fixed(auto, 3)} s (${fixed(100 * (auto / off - 1), 1)} %)`,
      String(count),
      `${grouped(bytes / 1024)} KB (${fixed(100 * share, 1)} % of the trace)`,
    ]);
  }
  table(['workload', 'without', 'with checkpoints', 'made', 'size'], rows);
}

/** Each session in a process of its own, as a user has it: a second machine of a process is slower until V8 has compiled for both. */
function travel() {
  const { file, bytes } = recordRun({ kernel: 'fixed', seed: 1, scale: 4000, every: 'auto' });
  const session = (kind) => runScript(join(import.meta.dirname, 'travel-trace.mjs'), [file, kind])[0];
  const fresh = session('fresh');
  const { end, recorded, build, count, spacing, memory, seeks, first, more, stops } = session('filled');
  const row = (name, list) => {
    const sorted = list.toSorted((a, b) => a - b);
    return [name, ...[0.5, 0.9, 0.99, 1].map((q) => ms(quantile(sorted, q)))];
  };
  console.log(
    `\n${grouped(end)} instructions, trace ${fixed(bytes / 2 ** 20, 1)} MB with ${recorded} checkpoints; ` +
      `one pass that fills the timeline: ${fixed(build / 1000, 1)} s, ${count} checkpoints, ${grouped(spacing)} instructions apart, ` +
      `${grouped(memory / 2 ** 20)} MB of memory; the very first seek, with nothing compiled: ${ms(fresh.seeks[0])}\n`,
  );
  table(
    ['', 'p50', 'p90', 'p99', 'worst'],
    [
      row('seek to a random icount', seeks),
      row('first reverse step there', first),
      row('the next ones', more),
      row('seek in a session just opened, by what the trace holds', fresh.seeks),
    ],
  );
  console.log('');
  table(
    ['waiting for', 'M instr/s', 'to nothing'],
    Object.entries(stops).map(([name, { speed, seconds }]) => [
      name,
      fixed(speed, 1),
      `${fixed(seconds / stops.nothing.seconds)}x`,
    ]),
  );
}

try {
  recordingCost();
  travel();
} finally {
  rmSync(folder, { recursive: true });
}
