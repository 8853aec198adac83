// Makes test/golden/: bundles that every later version must verify. Run once for each release, after `npm run build`:
//   node scripts/make-golden-bundles.mjs
// Bundles already there stay: a golden bundle is never made again, only joined by newer ones. --again overwrites those of
// this version, before it is released.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const golden = join(root, 'test/golden');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const again = process.argv.includes('--again');
const scratch = mkdtempSync(join(tmpdir(), 'golden-'));
const rewind386 = (...args) =>
  execFileSync(process.execPath, [join(root, 'bin/rewind386.js'), ...args], { stdio: 'inherit' });

/** Name and `record` arguments. Small ones: they stay in the repository for ever. */
const RUNS = {
  'ftpd-hijack': ['--kernel', 'buggy', '--workload', 'ftpd', '--seed', '117'],
  selftest: ['--kernel', 'fixed', '--workload', 'selftest', '--seed', '1', '-n', '8M', '--ladder', '500k'],
  'typed-and-injected': [
    ...['--kernel', 'fixed', '--workload', 'forkstorm', '--seed', '2', '-n', '3M', '--cpu', '386'],
    ...['--serial', '1M:hello\\n', '--inject', '14@2M', '--ladder', '250k'],
  ],
};

mkdirSync(golden, { recursive: true });
for (const [name, args] of Object.entries(RUNS)) {
  const output = join(golden, `${version}-${name}.r386`);
  if (existsSync(output) && !again) continue;
  const trace = join(scratch, `${name}.r386`);
  rewind386('record', ...args, '--quiet', '-o', trace);
  rewind386('bundle', trace, '--redact-disk', '-o', output);
  rewind386('verify', output);
}
rmSync(scratch, { recursive: true });
