// Exploration: all placements of one interrupt in the built-in guest, with the bug and without, and in a small kernel of another kind.
// usage: node test/bench/explore.mjs   (PROCESSES=2 INSTRUCTIONS=50M by the environment)
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fixed, grouped, product, table } from './measure.mjs';

const { writePlacement } = await product('analysis/cli/work/write-placement.js');

const ROOT = resolve(import.meta.dirname, '../..');
const { PROCESSES = '2', INSTRUCTIONS = '50M' } = process.env;
/** Instructions behind each placement: a hijack shows when the interrupted code goes on. */
const WITHIN = 20_000;
const folder = mkdtempSync(join(tmpdir(), 'r386-bench-'));
const path = (name) => join(folder, `${name}.r386`);

function cli(...args) {
  const start = performance.now();
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(ROOT, 'bin/rewind386.js'), ...args], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (status > 1) throw new Error(`${args.join(' ')}: ${stderr}`);
  return { stdout, seconds: (performance.now() - start) / 1000 };
}

function explored(name, ...options) {
  const { stdout, seconds } = cli(
    'explore',
    path(name),
    '--within',
    String(WITHIN),
    '--jobs',
    PROCESSES,
    '--json',
    ...options,
  );
  return { ...JSON.parse(stdout), seconds };
}

/** Seconds of a placement that is run from the start of the recording: the mean of a few, from all of the run. */
async function again(name, failures) {
  const sample = failures.filter((_, n) => n % Math.ceil(failures.length / 5) === 0);
  const start = performance.now();
  for (const { at, replay } of sample)
    await writePlacement({
      ...{
        file: path(name),
        option: replay,
        path: path(`again-${at}`),
        until: at + WITHIN,
        disks: undefined,
      },
    });
  return (performance.now() - start) / 1000 / sample.length;
}

try {
  for (const kernel of ['buggy', 'fixed'])
    cli(
      'record',
      'bsd96',
      '--kernel',
      kernel,
      '--workload',
      'ftpd',
      '--seed',
      '5',
      '-n',
      INSTRUCTIONS,
      '-q',
      '-o',
      path(kernel),
    );
  const post = (file) => join(ROOT, 'test/guests/post', file);
  cli(
    'record',
    post('post.elf'),
    '--profile',
    post('post.json'),
    '--jitter',
    '60',
    '--seed',
    '3',
    '-q',
    '-o',
    path('post'),
  );
  const results = [
    ['ftpd, buggy', explored('buggy')],
    ['ftpd, fixed', explored('fixed')],
    ['post.elf, timer', explored('post', '--irq', '0')],
  ];
  table(
    [
      'run',
      'windows',
      'placements',
      'classes',
      'classes that fail',
      'complete',
      'seconds',
      'placements a second',
    ],
    results.map(([name, one]) => [
      ...[
        name,
        grouped(one.windows),
        grouped(one.placements),
        grouped(one.classes),
        grouped(one.failures.length),
      ],
      ...[one.complete ? 'yes' : 'no', fixed(one.seconds, 1), grouped(one.placements / one.seconds)],
    ]),
  );
  const [[, buggy]] = results;
  const alone = await again('buggy', buggy.failures);
  const ratio = (buggy.placements / buggy.seconds) * alone;
  console.log(
    `\nA placement of the buggy run from its start: ${fixed(alone, 2)} s (one process). Exploring is ${grouped(ratio)} times as fast, by ${PROCESSES} processes.\n`,
  );
  const [from, to] = ['4700000', '4790000'];
  const searched = ['pct', 'random', 'naive'].map((method) => {
    const { stdout } = cli(
      'explore',
      path('buggy'),
      '--bound',
      '2',
      '--method',
      method,
      '--window',
      `${from}:${to}`,
      '--within',
      String(WITHIN),
      '--runs',
      '1000',
    );
    const last = stdout.trimEnd().split('\n').at(-1);
    const [, runs, fail, first = '-', seconds = '-'] =
      /: ([\d,]+) runs?; ([\d,]+) fail(?:, the first in run (\d+) after ([\d.]+) s)?$/.exec(last);
    return [method, runs, fail, first, seconds];
  });
  table(['method, bound 2', 'runs', 'fail', 'first in run', 'seconds to it'], searched);
} finally {
  rmSync(folder, { recursive: true });
}
