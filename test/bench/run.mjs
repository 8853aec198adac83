// Every measurement of docs/BENCHMARKS.md, each against its peer or former path in the same run.
// usage: npm run bench [-- NAME…]     NAME: cpu, recording, linux, analysis, scale, report, serve, who-wrote, timetravel, debug, explore (default: all)
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const SUITES = [
  'cpu',
  'recording',
  'linux',
  'analysis',
  'scale',
  'report',
  'serve',
  'who-wrote',
  'timetravel',
  'debug',
  'explore',
];
const wanted = process.argv.slice(2);
const unknown = wanted.find((name) => !SUITES.includes(name));
if (unknown) {
  console.error(`no bench named ${unknown}; there are ${SUITES.join(', ')}`);
  process.exit(2);
}
let failed = false;
for (const suite of wanted.length > 0 ? wanted : SUITES) {
  console.log(`\n## ${suite}\n`);
  const { status } = spawnSync(process.execPath, [join(import.meta.dirname, `${suite}.mjs`)], {
    stdio: 'inherit',
  });
  failed ||= status !== 0;
}
process.exitCode = failed ? 1 : 0;
