// Boots a bzImage until COM1 says MARK and prints {"seconds": s, "instructions": n, "events": n, "bytes": n} as JSON.
// usage: node test/bench/linux-boot.mjs BZIMAGE INITRD COMMAND-LINE RAM-MB MARK DETAIL [FILE]     without FILE nothing is kept
import { statSync } from 'node:fs';
import { product } from './measure.mjs';

const { openGuest } = await product('analysis/cli/options/guest.js');
const { parseScript } = await product('recorder/capture/input/script.js');
const { ScriptSource } = await product('recorder/capture/input/script-source.js');
const { record } = await product('recorder/capture/session.js');
const { buildMachine } = await product('recorder/machine/build.js');
const { DEFAULT_CONFIG } = await product('recorder/machine/config.js');

const [kernel, initrd, append, ram, mark, detail, output] = process.argv.slice(2);
const MIPS = 50;
const guest = openGuest({ guest: kernel, seed: 1n, append, modules: [], initrds: [initrd] });
const script = parseScript(`expect "${mark}"\nquit\n`, 'the bench');
let events = 0;
const start = performance.now();
const { final } = await record({
  ...guest,
  toolVersion: 'bench',
  guestName: guest.name,
  build: buildMachine,
  seed: 1n,
  config: {
    ...DEFAULT_CONFIG,
    detail,
    ramBytes: Number(ram) << 20,
    instructionsPerSecond: MIPS * 1e6,
    cpuModel: 'pentium,+cmov',
  },
  sources: [new ScriptSource(script, 'the bench', MIPS * 1e6)],
  instructions: 20e9,
  ...(output ? { output } : {}),
  onEvents: ({ tables }) => {
    for (const { count } of Object.values(tables)) events += count;
  },
});
const seconds = (performance.now() - start) / 1000;
const bytes = output ? statSync(output).size : 0;
console.log(JSON.stringify({ seconds, instructions: final.icount, events, bytes }));
