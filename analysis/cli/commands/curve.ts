import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { Argv } from 'yargs';
import type { MachineConfig } from '../../../recorder/machine/config.ts';
import { BadInput } from '../../../schemas/bad-input.ts';
import { type Conditions, joinedTables, runKey, runsFromCsv } from '../../curve/csv.ts';
import { curveFiles, survivalSuffix } from '../../curve/files.ts';
import { type CurveLine, curveLines, type LoadPoint, type Run } from '../../curve/point.ts';
import type { Trial } from '../../curve/trial.ts';
import { KERNELS, VARIANTS } from '../options/builtin-guest.ts';
import { MACHINE_OPTIONS, machineOf } from '../options/machine-options.ts';
import { shownDefaults, typedOf } from '../options/typed.ts';
import { readUserFile } from '../options/user-file.ts';
import { parseJobs, parseSeconds, parseSeed } from '../options/values.ts';
import { EXIT } from '../report/exit-status.ts';
import { plural } from '../terminal/format.ts';
import { interruptedStatus, interruptible } from '../terminal/interruptible.ts';
import { print, printLines } from '../terminal/output.ts';
import { progressBar } from '../terminal/progress.ts';
import { type CurveRequest, curveTrial, GUEST_HZ, LONGEST_LOAD, loadText } from '../work/curve-trial.ts';
import { onProcesses } from '../work/on-processes.ts';
import { checkOutput, FORCE } from '../work/output-file.ts';
import { writeBeside } from '../work/write-beside.ts';

/** `rewind386 curve`: how often machines die, by the load of their disks. */
export const addCurve = (cli: Argv): Argv =>
  cli.command(
    'curve',
    'measure how often the built-in guest dies, by its I/O rate',
    options,
    async (args) => {
      const given = args as unknown as Given & Record<string, unknown>;
      process.exitCode = given.from.length > 0 ? join(given.from, given) : await curve(asMade(given));
    },
  );

interface Given extends Conditions {
  readonly from: readonly string[];
  readonly continue: boolean;
  readonly kernels: string;
  readonly rates: string;
  readonly runs: string;
  readonly seed: string;
  readonly time: string;
  readonly jobs: string | undefined;
  readonly output: string;
  readonly force: boolean;
}

/** With the defaults of what was not typed. */
function asMade(given: Given): Given {
  const defaults = Object.entries<{ default?: unknown; describe: string }>(MAKING).map(([name, option]) => [
    camel(name),
    option.default,
  ]);
  const typed = Object.entries(given).filter(([, value]) => value !== undefined);
  return Object.fromEntries([...defaults, ...typed]) as unknown as Given;
}

const entry = new URL('../work/curve-worker.js', import.meta.url);

async function curve(given: Given): Promise<number> {
  const { output } = given;
  const machine = machineFor(given);
  const time = parseSeconds(given.time, '--time');
  const requests = requestsFor(given, machine, Math.round(time * machine.instructionsPerSecond));
  checkFiles(requests, given, given.continue);
  const { runs, missing, interrupted } = await measure(
    requests,
    knownRuns(`${output}.csv`, given),
    given.jobs,
  );
  if (runs.length === 0) return interruptedStatus();
  write(runs, given, { output, time, missing });
  return interrupted ? interruptedStatus() : EXIT.ok;
}

/** `--from`: the runs of several tables as one curve. */
function join(files: readonly string[], given: Given & Record<string, unknown>): number {
  const typed = typedOf(Object.keys(MAKING), given);
  if (typed.length > 0)
    throw new BadInput(
      `--from makes no runs: it does not go with ${typed.join(', ')}`,
      'leave one or the other out',
    );
  const tables = files.map((name) => ({ name, text: Buffer.from(readUserFile(name, 'table')).toString() }));
  const { runs, conditions } = joinedTables(tables);
  checkFiles(runs, given, false);
  const longest = runs.reduce((most, { trial }) => Math.max(most, trial.until), 0);
  const time = longest / (conditions.mips * 1e6);
  write(inOrder(runs), conditions, { output: given.output, time, missing: 0 });
  return EXIT.ok;
}

/** Throws BadInput if a file to write is there already and was not meant to be written over. */
function checkFiles(
  runs: readonly { readonly kernel: string }[],
  { output, force }: Given,
  adds: boolean,
): void {
  // The table may be hours of work.
  if (!force && !adds && existsSync(`${output}.csv`))
    throw new BadInput(
      `${output}.csv already exists`,
      'give another name with -o, --continue to add to it, or --force to overwrite it',
    );
  const survivals = runs.map(({ kernel }) => survivalSuffix(kernel));
  for (const suffix of new Set(['.csv', '.svg', ...survivals]))
    checkOutput(`${output}${suffix}`, { force: force || adds, makes: 'other' });
}

function write(
  runs: readonly Run[],
  conditions: Conditions,
  { output, ...seen }: { readonly output: string; readonly time: number; readonly missing: number },
): void {
  const written = curveFiles(runs, conditions, seen);
  for (const { suffix, contents } of written) writeBeside(`${output}${suffix}`, contents);
  printLines(curveLines(runs, conditions.mips * 1e6).flatMap(linesOf));
  print(`written: ${written.map(({ suffix }) => `${output}${suffix}`).join(', ')}`);
}

const machineFor = (given: Given): MachineConfig =>
  machineOf({
    ...Object.fromEntries(Object.entries(MACHINE_OPTIONS).map(([name, one]) => [camel(name), one.default])),
    ...{ mips: given.mips, diskLatency: given.diskLatency, jitter: given.jitter },
  } as Parameters<typeof machineOf>[0]);

const camel = (name: string): string => name.replaceAll(/-(.)/g, (_, letter) => letter.toUpperCase());

/** Kernels, then loads, then seeds. */
function requestsFor(given: Given, machine: MachineConfig, instructions: number): CurveRequest[] {
  const first = parseSeed(given.seed);
  const count = parsePositive(given.runs, '--runs');
  const seeds = Array.from({ length: count }, (_, n) => first + BigInt(n));
  const { servers, think } = given;
  if (!(Number.isInteger(servers) && servers >= 1 && servers <= 12))
    throw new BadInput(`--servers ${servers}: not a number of servers`, 'write 1 to 12');
  if (!(think >= 0 && think <= 10_000))
    throw new BadInput(`--think ${think}: not a think time`, 'write 0 to 10000 milliseconds');
  const requests = words(given.kernels).flatMap((kernel) =>
    words(given.rates).flatMap((rate) =>
      seeds.map((seed) => ({
        ...{ kernel: parseKernel(kernel), sessions: parseRate(rate), servers, think },
        ...{ seed, machine, instructions },
      })),
    ),
  );
  const long = requests.find((request) => loadText(request).length > LONGEST_LOAD);
  if (long)
    throw new BadInput(`the load ${loadText(long)} is too long for the guest`, 'give rounder numbers');
  return requests;
}

const words = (list: string): string[] => list.split(',').map((word) => word.trim());

function parseKernel(text: string): string {
  const [kernel, variant, ...more] = text.split(':');
  const known = KERNELS.some((one) => one === kernel) && more.length === 0;
  if (known && (variant === undefined || VARIANTS.some((one) => one === variant))) return text;
  throw new BadInput(
    `--kernels ${text}: no such kernel`,
    `write ${KERNELS.join(' or ')}, optionally followed by :VARIANT, a bug of docs/bug-classes.md`,
  );
}

function parseRate(text: string): number {
  const rate = Number(text);
  if (rate >= 0.01 && rate <= GUEST_HZ && Number.isInteger(Math.round(rate * 1e6) / 1e4)) return rate;
  throw new BadInput(
    `--rates ${text}: not a rate`,
    `write sessions in a virtual second, 0.01 to ${GUEST_HZ}, in hundredths`,
  );
}

function parsePositive(text: string, option: string): number {
  if (/^\d{1,6}$/.test(text) && Number(text) > 0) return Number(text);
  throw new BadInput(`${option} ${text}: not a number`, 'write 1 or more');
}

/** The runs that are already in the table. */
const knownRuns = (csv: string, given: Given): Run[] =>
  given.continue && existsSync(csv) ? runsFromCsv(readFileSync(csv, 'utf8'), csv, given) : [];

/** The runs that were made, now or before. */
async function measure(
  requests: readonly CurveRequest[],
  known: readonly Run[],
  jobs: string | undefined,
): Promise<{ runs: Run[]; missing: number; interrupted: boolean }> {
  const before = new Map(known.map((run) => [runKey(run), run.trial]));
  const trials = new Map<CurveRequest, Trial>();
  for (const request of requests) {
    const { instructions } = request;
    const trial = before.get(runKey(request));
    before.delete(runKey(request));
    if (trial && (trial.died === undefined ? trial.until === instructions : trial.died <= instructions))
      trials.set(request, trial);
  }
  const progress = progressBar('running', requests.length);
  let deaths = 0;
  const interrupted = await interruptible(async (signal) => {
    await onProcesses<CurveRequest, Trial>({
      ...{ entry, signal, here: curveTrial },
      requests: requests.filter((request) => !trials.has(request)),
      jobs: jobs === undefined ? availableParallelism() : parseJobs(jobs),
      onAnswer: (request, trial) => {
        trials.set(request, trial);
        if (trial.died !== undefined) deaths++;
        progress.at(trials.size, `${trials.size} of ${plural(requests.length, 'run')}, ${deaths} died`);
      },
    });
    return signal.aborted;
  });
  progress.end();
  const made = requests.flatMap((request): Run[] => {
    const trial = trials.get(request);
    const { kernel, sessions, seed } = request;
    return trial === undefined || trial.interrupted ? [] : [{ kernel, sessions, seed, trial }];
  });
  // Other runs in the table are kept.
  const others = known.filter((run) => before.has(runKey(run)));
  return { runs: inOrder([...others, ...made]), missing: requests.length - made.length, interrupted };
}

/** Sorts by kernel in order of first appearance, then by load and seed. */
function inOrder(runs: readonly Run[]): Run[] {
  const kernels = runs.map(({ kernel }) => kernel);
  return [...runs].sort(
    (a, b) =>
      kernels.indexOf(a.kernel) - kernels.indexOf(b.kernel) ||
      a.sessions - b.sessions ||
      Number(a.seed - b.seed),
  );
}

function linesOf({ kernel, points, law }: CurveLine): string[] {
  return [
    `${kernel}:`,
    ...points.map(pointText),
    ...(law
      ? [
          `  deaths rise as the power ${law.power.toFixed(2)} of the interrupts (standard error ${law.error.toFixed(2)})`,
        ]
      : []),
  ];
}

const HOUR = 3600;
const perHour = (rate: number): string => String(Number((rate * HOUR).toPrecision(3)));

function pointText({ sessions, transfers, runs, misused, died, median: { time } }: LoadPoint): string {
  const often =
    died.events === 0
      ? `none died: below ${perHour(died.high)} an hour`
      : `${died.events} died: ${perHour(died.rate)} an hour (${perHour(died.low)} to ${perHour(died.high)})` +
        (time === undefined ? '' : `, half of them within ${time.toFixed(1)} s`);
  return `  ${sessions} sessions/s, ${transfers.toFixed(1)} disk interrupts/s: of ${plural(runs, 'run')} ${misused.events} with a hijack, ${often}`;
}

/** Options of making runs: of no use to `--from`. */
const MAKING = {
  kernels: {
    type: 'string',
    default: 'buggy,fixed,fixed:reads-only',
    requiresArg: true,
    describe: 'kernels to compare: buggy, fixed, or either with :VARIANT (docs/bug-classes.md)',
  },
  rates: {
    type: 'string',
    default: '1,2,4,8,16',
    requiresArg: true,
    describe: 'sessions that arrive per virtual second (an open load)',
  },
  runs: { type: 'string', default: '20', requiresArg: true, describe: 'seeds of each kernel and rate' },
  seed: { type: 'string', default: '1', requiresArg: true, describe: 'the first seed' },
  time: {
    type: 'string',
    default: '60s',
    requiresArg: true,
    describe: 'virtual time after which a run ends if the guest has not died',
  },
  servers: {
    type: 'number',
    default: 6,
    requiresArg: true,
    describe: 'server processes, each with one session at a time',
  },
  think: {
    type: 'number',
    default: 50,
    requiresArg: true,
    describe: 'virtual milliseconds between the requests of a session',
  },
  mips: MACHINE_OPTIONS.mips,
  'disk-latency': MACHINE_OPTIONS['disk-latency'],
  jitter: MACHINE_OPTIONS.jitter,
  jobs: {
    type: 'string',
    requiresArg: true,
    describe: 'number of processes that share the runs (default: one per processor)',
  },
  continue: {
    type: 'boolean',
    default: false,
    describe: 'keep the runs in the .csv and make the missing ones',
  },
} as const;

const options = (yargs: Argv) =>
  yargs
    .options({
      ...shownDefaults(MAKING),
      output: {
        alias: 'o',
        type: 'string',
        requiresArg: true,
        describe: 'name of the files without their endings: .csv, .svg, and a survival curve per kernel',
      },
      from: {
        type: 'string',
        array: true,
        default: [] as string[],
        requiresArg: true,
        describe: 'join the runs of these .csv files into one curve; makes no runs',
      },
      ...FORCE,
    })
    .demandOption('output', '-o NAME is missing: the name of the table and the figures')
    .example('$0 curve -o crashes', 'crashes.csv and crashes.svg: three kernels at five rates')
    .example(
      '$0 curve --kernels buggy --rates 4,8 --runs 100 --time 5m -o long',
      'more runs of fewer conditions',
    )
    .example('$0 curve --from a.csv b.csv -o all', 'one curve of the runs of two machines');
