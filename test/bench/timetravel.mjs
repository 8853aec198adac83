// Time travel: what checkpoints in the trace cost, and how long it takes to get anywhere in a run of a billion instructions.
// usage: node test/bench/timetravel.mjs [INSTRUCTIONS]      default 1e9
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fixed, grouped, table } from './measure.mjs';

const dist = join(import.meta.dirname, '../../dist');
const load = (path) => import(join(dist, path));
const { openGuest } = await load('analysis/cli/guest.js');
const { builtinDisk } = await load('analysis/cli/builtin-guest.js');
const { record } = await load('recorder/capture/session.js');
const { buildMachine } = await load('recorder/machine/build.js');
const { DEFAULT_CONFIG } = await load('recorder/machine/config.js');
const { ForwardSession } = await load('replayer/timeline/forward-session.js');
const { Timeline } = await load('replayer/timeline/timeline.js');
const { TraceReader } = await load('replayer/trace-reader.js');

const INSTRUCTIONS = Number(process.argv[2] ?? 1e9);
const TARGETS = 300;
const ROUNDS = 3;
const folder = mkdtempSync(join(tmpdir(), 'r386-timetravel-'));

async function recordRun({ kernel, seed, scale, instructions = INSTRUCTIONS, every }) {
  const guest = openGuest({
    guest: 'bsd96',
    kernel,
    workload: 'ftpd',
    seed: BigInt(seed),
    modules: [],
    initrds: [],
    append: `scale=${scale}`,
  });
  const output = join(folder, `${kernel}-${seed}-${every}.r386`);
  const start = performance.now();
  await record({
    ...guest,
    toolVersion: 'bench',
    guestName: guest.name,
    build: buildMachine,
    seed: BigInt(seed),
    config: DEFAULT_CONFIG,
    instructions,
    output,
    checkpoints: { every },
  });
  return { file: output, seconds: (performance.now() - start) / 1000, bytes: statSync(output).size };
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

async function recordingCost() {
  const rows = [];
  for (const [name, run] of [
    ['ftpd, seed 117 to its end', { kernel: 'buggy', seed: 117, scale: 100 }],
    ['ftpd, 500 M instructions', { kernel: 'fixed', seed: 1, scale: 4000, instructions: 5e8 }],
  ]) {
    // In this process, one after the other, so that one compiled program serves both.
    const best = {};
    for (let round = 0; round < ROUNDS; round++) {
      for (const every of ['off', 'auto']) {
        const result = await recordRun({ ...run, every });
        if (!best[every] || result.seconds < best[every].seconds) best[every] = result;
      }
    }
    const { count, bytes, share } = checkpointShare(best.auto.file);
    rows.push([
      name,
      `${fixed(best.off.seconds, 3)} s`,
      `${fixed(best.auto.seconds, 3)} s (${fixed(100 * (best.auto.seconds / best.off.seconds - 1), 1)} %)`,
      String(count),
      `${grouped(bytes / 1024)} KB (${fixed(100 * share, 1)} % of the trace)`,
    ]);
  }
  table(['workload', 'without', 'with checkpoints', 'made', 'size'], rows);
}

async function travel() {
  const { file, bytes } = await recordRun({ kernel: 'fixed', seed: 1, scale: 4000, every: 'auto' });
  const reader = TraceReader.open(file);
  const open = () => new Timeline(ForwardSession.open(reader, { build: buildMachine, builtinDisk }));
  const { end } = open();
  const fresh = await seeksOfFreshSession(open());
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
  await travel();
  await recordingCost();
} finally {
  rmSync(folder, { recursive: true });
}
