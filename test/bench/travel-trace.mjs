// Seeks in a trace of the built-in guest, and prints one JSON object: milliseconds, bytes of memory, and speeds with stops.
// usage: node test/bench/travel-trace.mjs FILE fresh|filled
import { product } from './measure.mjs';

const { builtinDisk } = await product('analysis/cli/options/builtin-guest.js');
const { buildMachine } = await product('recorder/machine/build.js');
const { ForwardSession } = await product('replayer/timeline/forward-session.js');
const { Timeline } = await product('replayer/timeline/timeline.js');
const { TraceReader } = await product('replayer/trace/trace-reader.js');

const [file, kind] = process.argv.slice(2);
const TARGETS = 300;

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

/** By a timeline that has nothing yet but what the trace holds and what it leaves on its way. */
async function fresh(timeline) {
  const seeks = [];
  for (const icount of randomIcounts(timeline.end, TARGETS))
    seeks.push(await timed(() => timeline.seek({ icount, deliveries: 0 })));
  return { seeks };
}

/** After a pass that fills the timeline. */
async function filled(timeline) {
  const build = await timed(() => timeline.build());
  const { spacing, count } = timeline.checkpoints;
  const seeks = [];
  const first = [];
  const more = [];
  for (const icount of randomIcounts(timeline.end, TARGETS)) {
    seeks.push(await timed(() => timeline.seek({ icount, deliveries: 0 })));
    first.push(await timed(() => timeline.stepBack()));
    for (let n = 0; n < 5; n++) more.push(await timed(() => timeline.stepBack()));
  }
  const memory = process.memoryUsage().rss;
  return {
    end: timeline.end,
    build,
    spacing,
    count,
    memory,
    seeks,
    first,
    more,
    stops: await watching(timeline),
  };
}

/** Full speed where nothing is watched: the same stretch with breakpoints and watchpoints that are not met. */
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
  return best;
}

const reader = TraceReader.open(file);
const timeline = new Timeline(ForwardSession.open(reader, { build: buildMachine, builtinDisk }));
const result = kind === 'filled' ? await filled(timeline) : await fresh(timeline);
console.log(JSON.stringify({ recorded: reader.checkpoints.length, ...result }));
reader.close();
