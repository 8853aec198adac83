// Makes test/golden/: bundles that every later version must verify, and traces that it must replay. Run once for each
// release, after `npm run build`, with RUNS being what the release does otherwise than those before:
//   node scripts/make-golden-bundles.mjs
// What is already there stays: it is never made again, only joined by newer ones. --again overwrites those of this version,
// before it is released.
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runnerImport } from 'vite';

const root = fileURLToPath(new URL('..', import.meta.url));
const golden = join(root, 'test/golden');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const again = process.argv.includes('--again');
const scratch = mkdtempSync(join(tmpdir(), 'golden-'));
const rewind386 = (...args) =>
  execFileSync(process.execPath, [join(root, 'bin/rewind386.js'), ...args], { stdio: 'inherit' });

const { bootDisk } = (
  await runnerImport(join(root, 'test/replay/boot-sector.ts'), { configFile: false, logLevel: 'error' })
).module;
const floppy = join(scratch, 'floppy.img');
writeFileSync(floppy, bootDisk(2880));

/** Name and `record` arguments. Small ones: they stay in the repository for ever. A bundle has no checkpoints, a trace has. */
const RUNS = [
  {
    name: 'typed-and-injected',
    args: [
      ...['--kernel', 'fixed', '--workload', 'forkstorm', '--seed', '2', '-n', '3M', '--cpu', '386'],
      ...['--serial', '1M:hello\\n', '--inject', '14@2M', '--ladder', '250k'],
    ],
  },
  { name: 'floppy', args: [floppy, '--ram', '4', '--ladder', '2M', '-n', '60M'] },
  {
    name: 'checkpoints',
    trace: true,
    args: [
      ...['--kernel', 'fixed', '--workload', 'selftest', '--seed', '1', '-n', '8M', '--ladder', '500k'],
      ...['--checkpoint-every', '500k'],
    ],
  },
];

mkdirSync(golden, { recursive: true });
for (const { name, args, trace: asTrace } of RUNS) {
  const output = join(golden, `${version}-${name}.r386`);
  if (existsSync(output) && !again) continue;
  const trace = join(scratch, `${name}.r386`);
  rewind386('record', ...args, '--quiet', '-o', trace);
  if (asTrace) copyFileSync(trace, output);
  else rewind386('bundle', trace, '--redact-disk', '--force', '-o', output);
  rewind386(asTrace ? 'replay' : 'verify', output);
}
rmSync(scratch, { recursive: true });
