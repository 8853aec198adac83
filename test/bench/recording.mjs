// What recording costs: each workload of the built-in guest with recording off, with every detail, and what the traces hold.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fastest, fixed, grouped, runScript, table } from './measure.mjs';

const ROUNDS = 5;
const SEED = '1';
const folder = mkdtempSync(join(tmpdir(), 'r386-bench-'));
const script = join(import.meta.dirname, 'record-guest.mjs');
const file = join(folder, 'run.r386');
const run = (workload, detail, output) =>
  runScript(script, ['fixed', workload, SEED, detail, ...(output ? [file] : [])])[0];

/** One workload: `off` keeps nothing at all, the others write their trace. */
function measure(workload) {
  const best = fastest(
    {
      off: () => run(workload, 'off', false),
      paging: () => run(workload, 'paging', true),
      'paging+windows': () => run(workload, 'paging+windows', true),
      stores: () => run(workload, 'stores', true),
    },
    ROUNDS,
  );
  return ['off', 'paging', 'paging+windows', 'stores'].map((detail) => {
    const { seconds, instructions, events, bytes } = best[detail];
    return [
      workload,
      detail,
      `${fixed(instructions / seconds / 1e6, 1)} (${fixed(seconds)} s)`,
      `${fixed(seconds / best.off.seconds)}x`,
      grouped(events),
      grouped(events / seconds),
      bytes === 0 ? '-' : `${fixed(bytes / (1 << 20))} MB`,
      bytes === 0 ? '-' : fixed(bytes / events),
      bytes === 0 ? '-' : `${fixed((bytes * 1e6) / instructions / 1024, 1)} KB`,
    ];
  });
}

try {
  table(
    [
      'workload',
      'detail',
      'speed (M instr/s)',
      'time to off',
      'events',
      'events/s',
      'trace',
      'bytes an event',
      'per M instr',
    ],
    ['ftpd', 'forkstorm', 'pageio'].flatMap(measure),
  );
} finally {
  rmSync(folder, { recursive: true });
}
