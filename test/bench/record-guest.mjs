// Records the built-in guest once and prints one JSON object: what it cost, and what was recorded.
// usage: node test/bench/record-guest.mjs KERNEL WORKLOAD SEED DETAIL [FILE [SCALE [CHECKPOINTS [INSTRUCTIONS]]]]
// SCALE in percent; without FILE nothing is kept; CHECKPOINTS auto or off; DETAIL may end in +windows: with four declared
import { statSync } from 'node:fs';
import { product } from './measure.mjs';

const { openGuest } = await product('analysis/cli/options/guest.js');
const { record } = await product('recorder/capture/session.js');
const { buildMachine } = await product('recorder/machine/build.js');
const { DEFAULT_CONFIG } = await product('recorder/machine/config.js');

const [kernel, workload, seedText, asked, output, scale, every = 'auto', instructions = '2e9'] =
  process.argv.slice(2);
const [detail, windowed] = asked.split('+');
/** Four of the kinds that map memory, where this guest has nothing: the cost of having windows, without events of theirs. */
const WINDOWS = [
  { name: 'kmap', kind: 'pages', linear: 0xfe000000, pages: 1 },
  { name: 'fixmap', kind: 'pages', linear: 0xfe400000, pages: 8 },
  { name: 'slot', kind: 'slot', linear: 0xff400000, pages: 0 },
  { name: 'cr4', kind: 'cr4', linear: 0, pages: 0 },
];
const seed = BigInt(seedText);
const guest = openGuest({
  guest: 'bsd96',
  kernel,
  workload,
  seed,
  modules: [],
  ...(scale ? { append: `scale=${scale}` } : {}),
});
let events = 0;
const start = performance.now();
const { exit, final } = await record({
  ...guest,
  ...(windowed ? { profile: { ...guest.profile, windows: WINDOWS } } : {}),
  toolVersion: 'bench',
  guestName: guest.name,
  build: buildMachine,
  seed,
  config: { ...DEFAULT_CONFIG, detail },
  instructions: Number(instructions),
  checkpoints: { every },
  ...(output ? { output } : {}),
  onEvents: ({ tables }) => {
    for (const { count } of Object.values(tables)) events += count;
  },
});
const seconds = (performance.now() - start) / 1000;
const bytes = output ? statSync(output).size : 0;
console.log(JSON.stringify({ seconds, instructions: final.icount, events, bytes, exit: exit.code }));
