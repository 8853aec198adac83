// Runs multiboot speed kernels on the machine and prints speed and event counts, with recording off and on.
// usage: npm run build && node test/bench/kernels.mjs KERNEL.elf… [--hash-every INSTRUCTIONS] [--detail off|paging] [--tlb ENTRIESxWAYS]
import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

const machineFolder = join(import.meta.dirname, '../../dist/recorder/machine');
const args = process.argv.slice(2);
const hashAt = args.indexOf('--hash-every');
const hashEvery = hashAt < 0 ? Number.POSITIVE_INFINITY : Number(args.splice(hashAt, 2)[1]);
const detailAt = args.indexOf('--detail');
const details = detailAt < 0 ? ['off', 'paging'] : [args.splice(detailAt, 2)[1]];
const tlbAt = args.indexOf('--tlb');
const tlb = tlbAt < 0 ? [] : args.splice(tlbAt, 2)[1].split('x').map(Number);
if (args.length === 0 || !(hashEvery > 0)) {
  console.error('usage: node test/bench/kernels.mjs KERNEL.elf… [--hash-every INSTRUCTIONS]');
  process.exit(2);
}
if (!existsSync(join(machineFolder, 'standard-parts.js'))) {
  console.error('the machine is not built: npm run build');
  process.exit(2);
}
const { Machine } = await import(join(machineFolder, 'machine.js'));
const { DEFAULT_CONFIG, NO_PROFILE } = await import(join(machineFolder, 'config.js'));

const tlbConfig = tlb.length === 2 ? { tlbEntries: tlb[0], tlbWays: tlb[1] } : {};

/** Nothing comes from outside. */
const silence = {
  draw: (_kind, _now, low) => low,
  nextInputAt: () => Number.POSITIVE_INFINITY,
  takeInput() {},
};

function run(path, detail) {
  const counts = {};
  let console_ = '';
  const sink = {
    flush({ tables }) {
      for (const [kind, { count, columns }] of Object.entries(tables)) {
        counts[kind] = (counts[kind] ?? 0) + count;
        if (kind !== 'console') continue;
        const bytes = columns.at(-1);
        const ports = columns.at(-2);
        for (let i = 0; i < count; i++) if (ports[i] === 0) console_ += String.fromCharCode(bytes[i]);
      }
    },
  };
  const config = { ...DEFAULT_CONFIG, ramBytes: 32 << 20, detail, ...tlbConfig };
  const machine = new Machine({ config, profile: NO_PROFILE, nondet: silence, sink, disk: null });
  machine.loadMultiboot(readFileSync(path), { cmdline: '', modules: [] });
  const start = performance.now();
  let hashing = 0;
  let stop;
  do {
    stop = machine.run(machine.icount + hashEvery);
    if (hashEvery === Number.POSITIVE_INFINITY) break;
    const before = performance.now();
    machine.hashes();
    hashing += performance.now() - before;
  } while (stop.kind === 'limit');
  const seconds = (performance.now() - start) / 1000;
  machine.log?.flush();
  const made = Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
  console.log(
    JSON.stringify({
      kernel: basename(path),
      detail,
      stop,
      mips: +(machine.icount / seconds / 1e6).toFixed(1),
      seconds: +seconds.toFixed(3),
      instructions: machine.icount,
      hashing: +(hashing / 1000).toFixed(3),
      text: console_.trim(),
      events: made,
    }),
  );
}

for (const path of args) for (const detail of details) run(path, detail);
