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
/** Searches at random: each method in each part of the run. */
const METHODS = ['pct', 'random', 'naive'];
const BOUND = '2';
const [PARTS, SEARCHES, RUNS] = [3, 10, 100];
/** Instructions of a part before and behind the placement of which it is known that it fails. */
const [BEFORE, BEHIND] = [60_000, 30_000];
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

/** Parts of the run around the first failing placement of some of its disk commands. */
function partsOf(failures) {
  const firsts = new Map();
  for (const { at, replay } of failures) {
    const command = replay.split('@')[1];
    if (!firsts.has(command)) firsts.set(command, at);
  }
  const places = [...firsts.values()];
  return Array.from({ length: Math.min(PARTS, places.length) }, (_, n) => {
    const at = places[Math.floor(((n + 0.5) * places.length) / PARTS)];
    return { from: Math.max(0, at - BEFORE), to: at + BEHIND };
  });
}

/** A row: searches that are consecutive runs of one search, each known by its number alone. */
function searched({ from, to }, method) {
  const options = ['--bound', BOUND, '--method', method, '--window', `${from}:${to}`];
  const found = explored('buggy', ...options, '--runs', String(SEARCHES * RUNS));
  const runs = found.failures.map(({ run }) => run);
  const firsts = Array.from({ length: SEARCHES }, (_, n) => {
    const first = runs.find((run) => run >= n * RUNS && run < (n + 1) * RUNS);
    return first === undefined ? Number.POSITIVE_INFINITY : first - n * RUNS + 1;
  });
  const middle = medianOf(firsts);
  const known = Number.isFinite(middle);
  return [
    ...[`${grouped(from)} to ${grouped(to)}`, method, grouped(found.runs), grouped(runs.length)],
    `${firsts.filter(Number.isFinite).length} of ${SEARCHES}`,
    known ? fixed(middle, 1) : `over ${RUNS}`,
    fixed(((known ? middle : RUNS) * found.seconds) / found.runs, 2).replace(/^/, known ? '' : 'over '),
  ];
}

function medianOf(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
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
  console.log(
    `\nTime to the first failure, in parts of that run (\`--bound ${BOUND} --window\`, ${SEARCHES} searches of ${RUNS} runs each, ${PROCESSES} processes):\n`,
  );
  table(
    [
      'part of the run',
      'method',
      'runs',
      'fail',
      'searches that find one',
      'median runs to it',
      'median seconds to it',
    ],
    partsOf(buggy.failures).flatMap((part) => METHODS.map((method) => searched(part, method))),
  );
} finally {
  rmSync(folder, { recursive: true });
}
