// Replays a recording to its end and prints {"seconds": s, "instructions": n} as JSON.
// usage: node test/bench/replay-trace.mjs FILE
import { product } from './measure.mjs';

const { buildMachine } = await product('recorder/machine/build.js');
const { replay } = await product('replayer/verify/replay.js');

const start = performance.now();
const { divergence, icount } = await replay({ path: process.argv[2], build: buildMachine });
if (divergence) throw new Error(`the replay diverged at icount ${icount}`);
console.log(JSON.stringify({ seconds: (performance.now() - start) / 1000, instructions: icount }));
