// Time travel: what checkpoints in the trace cost, and how long it takes to get anywhere in a run of a billion instructions.
// usage: node test/bench/timetravel.mjs [INSTRUCTIONS]      default 1e9
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fixed, grouped, product, runScript, table } from './measure.mjs';

const { builtinDisk } = await product('analysis/cli/options/builtin-guest.js');
const { buildMachine } = await product('recorder/machine/build.js');
const { DEFAULT_CONFIG } = await product('recorder/machine/config.js');
const { ForwardSession } = await product('replayer/timeline/forward-session.js');
const { Timeline } = await product('replayer/timeline/timeline.js');
const { TraceReader } = await product('replayer/trace/trace-reader.js');

const INSTRUCTIONS = Number(process.argv[2] ?? 1e9);
const TARGETS = 300;
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

async function timed(run) {
  const start = performance.now();
  await run();
  return performance.now() - start;
}

/** xorshift32: the same targets every time. */
function* randomIcounts(end, count) {
  let x = 0x2545f491;
  for (let n = 0; n < count; n++) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    yield Math.floor(((x >>> 0) / 2 ** 32) * end);
  }
}

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

async function travel() {
  const { file, bytes } = recordRun({ kernel: 'fixed', seed: 1, scale: 4000, every: 'auto' });
  const reader = TraceReader.open(file);
  const open = () => new Timeline(ForwardSession.open(reader, { build: buildMachine, builtinDisk }));
  const opened = open();
  const { end } = opened;
  const fresh = await seeksOfFreshSession(opened);
  const timeline = open();
  const build = await timed(() => timeline.build());
  const { spacing, count } = timeline.checkpoints;
  const seeks = [];
  const first = [];
  const more = [];
  for (const icount of randomIcounts(end, TARGETS)) {
    seeks.push(await timed(() => timeline.seek({ icount, deliveries: 0 })));
    first.push(await timed(() => timeline.stepBack()));
    for (let n = 0; n < 5; n++) more.push(await timed(() => timeline.stepBack()));
  }
  for (const list of [seeks, first, more]) list.sort((a, b) => a - b);
  const row = (name, list) => [name, ...[0.5, 0.9, 0.99, 1].map((q) => ms(quantile(list, q)))];
  console.log(
    `\n${grouped(end)} instructions, trace ${fixed(bytes / 2 ** 20, 1)} MB with ${reader.checkpoints.length} checkpoints; ` +
      `one pass that fills the timeline: ${fixed(build / 1000, 1)} s, ${count} checkpoints, ${grouped(spacing)} instructions apart, ` +
      `${grouped(process.memoryUsage().rss / 2 ** 20)} MB of memory; ` +
      `the very first seek, with nothing compiled: ${ms(fresh.veryFirst)}\n`,
  );
  table(
    ['', 'p50', 'p90', 'p99', 'worst'],
    [
      row('seek to a random icount', seeks),
      row('first reverse step there', first),
      row('the next ones', more),
      row('seek in a session just opened, by what the trace holds', fresh.times),
    ],
  );
  await watching(timeline);
  reader.close();
}

/** The same targets by a timeline that has nothing yet but what it leaves on its way; the very first one apart. */
async function seeksOfFreshSession(timeline) {
  const times = [];
  for (const icount of randomIcounts(timeline.end, TARGETS))
    times.push(await timed(() => timeline.seek({ icount, deliveries: 0 })));
  const [veryFirst] = times;
  return { veryFirst, times: times.sort((a, b) => a - b) };
}

/** Full speed where nothing is watched: the same stretch with a breakpoint and a watchpoint that are not met. */
async function watching(timeline) {
  const from = Math.floor(timeline.end / 2);
  const length = Math.min(5e7, timeline.end - from);
  const speed = async (conditions) => {
    await timeline.seek({ icount: from, deliveries: 0 });
    const checkpoint = timeline.checkpoints.before({ icount: from, deliveries: 0 });
    const begin = checkpoint.snapshot.icount;
    const seconds =
      (await timed(() =>
        timeline.lastHit(conditions, checkpoint, { icount: begin + length, deliveries: 0 }),
      )) / 1000;
    return { seconds, speed: length / seconds / 1e6 };
  };
  const none = { breakpoints: [], watches: [] };
  const watch = (first) => ({ space: 'linear', first, last: first + 3, reads: false, writes: true });
  const best = {};
  for (let round = 0; round < 3; round++) {
    for (const [name, conditions] of Object.entries({
      nothing: none,
      'a breakpoint in code that does not run (panic)': { ...none, breakpoints: [0xf0103480] },
      'a watchpoint on a page that is seldom written': { ...none, watches: [watch(0xf0109000)] },
      'a watchpoint on the kernel stack, not met': { ...none, watches: [watch(0xefbfe004)] },
    })) {
      const result = await speed(conditions);
      if (!best[name] || result.seconds < best[name].seconds) best[name] = result;
    }
  }
  console.log('');
  table(
    ['waiting for', 'M instr/s', 'to nothing'],
    Object.entries(best).map(([name, { speed: m, seconds }]) => [
      name,
      fixed(m, 1),
      `${fixed(seconds / best.nothing.seconds)}x`,
    ]),
  );
}

try {
  // First: what travels fills a gigabyte of memory.
  recordingCost();
  await travel();
} finally {
  rmSync(folder, { recursive: true });
}
