// Replays a recording to its end and prints {"seconds": s, "instructions": n} as JSON.
// usage: node test/bench/replay-trace.mjs FILE
import { join } from 'node:path';

const dist = join(import.meta.dirname, '../../dist');
const { buildMachine } = await import(join(dist, 'recorder/machine/build.js'));
const { replay } = await import(join(dist, 'replayer/session.js'));

const start = performance.now();
const { divergence, icount } = await replay({ path: process.argv[2], build: buildMachine });
if (divergence) throw new Error(`the replay diverged at icount ${icount}`);
console.log(JSON.stringify({ seconds: (performance.now() - start) / 1000, instructions: icount }));
