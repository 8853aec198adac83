import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Argv } from 'yargs';
import { kindsOfLine } from '../../../recorder/capture/scheduled-nondet.ts';
import { BadInput } from '../../../schemas/bad-input.ts';
import { printableJson } from '../../../schemas/untrusted.ts';
import { METHODS, type Method } from '../../explore/strategies.ts';
import type { Target } from '../../explore/target.ts';
import type { Sign } from '../../explore/window-judge.ts';
import { DISKS } from '../options/disk-option.ts';
import { demandApplicable, TARGET } from '../options/target-option.ts';
import { typedOf } from '../options/typed.ts';
import { parseCount, parseJobs, parseSeconds, parseWindow } from '../options/values.ts';
import { tellDivergence } from '../report/diverged.ts';
import { EXIT } from '../report/exit-status.ts';
import { plural, shellWord } from '../terminal/format.ts';
import { interruptedStatus, interruptible } from '../terminal/interruptible.ts';
import { complainLines, print, printLines } from '../terminal/output.ts';
import {
  describeExploration,
  explorationFacts,
  explorationJunit,
  grouping,
} from '../work/exploration-text.ts';
import { type Exploration, exploreTrace } from '../work/explore.ts';
import { demandWindows, openSubject, type Subject } from '../work/explore-subject.ts';
import { targetNote } from '../work/open-examiner.ts';
import { checkOutput, FORCE } from '../work/output-file.ts';
import { describeSearch, firstsOf, movesText, searchFacts, searchJunit } from '../work/search-text.ts';
import { searchTrace } from '../work/search-trace.ts';
import { scheduleOf, shrinkTrace } from '../work/shrink-trace.ts';
import { writeBeside } from '../work/write-beside.ts';
import { writePlacement } from '../work/write-placement.ts';

/** `rewind386 explore`: tries interrupts at other points of a run. */
export const addExplore = (cli: Argv): Argv =>
  cli.command(
    'explore <file>',
    'try an interrupt at every boundary of the windows of a recorded run',
    options,
    async ({ file, '--': words, ...given }) => {
      await tellDivergence(file, async () => {
        process.exitCode = await run(file, words as string[] | undefined, given);
      });
    },
  );

interface Given {
  readonly irq: string;
  readonly window: string | undefined;
  readonly sql: string | undefined;
  readonly within: string;
  readonly target: Target | undefined;
  readonly budget: string | undefined;
  readonly jobs: string | undefined;
  readonly queue: string | undefined;
  readonly folder: string | undefined;
  readonly bound: string | undefined;
  readonly method: Method | undefined;
  readonly runs: string | undefined;
  readonly any: boolean;
  readonly later: boolean;
  readonly format: (typeof FORMATS)[number];
  readonly json: boolean;
  readonly junit: string | undefined;
  readonly force: boolean;
  readonly output: string | undefined;
  readonly disk: readonly string[];
}

async function run(file: string, words: readonly string[] | undefined, given: Given): Promise<number> {
  const began = performance.now();
  const how = howOf(file, given);
  const make = given.bound === undefined ? explored(given, how) : searched(given, how, boundOf(given.bound));
  const subject = await openSubject(file, words, how.disks);
  if (!subject) return interruptedStatus();
  try {
    const told = await make(subject, leftOf(how.budget, began));
    await tell(subject, given, how, told);
    return told.fails ? EXIT.findings : EXIT.ok;
  } finally {
    subject.close();
  }
}

/** Undefined `seconds`: until all is done. */
type Search = (subject: Subject, seconds: number | undefined) => Promise<Told>;

/** The seconds of a budget that are left: the recording of a guest, or of discovered windows, has had the others. */
const leftOf = (budget: number | undefined, began: number): number | undefined =>
  budget === undefined ? undefined : Math.max(0, budget - (performance.now() - began) / 1000);

/** Every placement of one interrupt. Throws BadInput before anything is recorded if the options do not fit. */
function explored(given: Given, how: How): Search {
  const typed = typedOf(['method', 'runs'], { ...given });
  if (typed.length > 0)
    throw new BadInput(`${typed[0]} is for runs with several interrupts at other times`, 'add --bound K');
  const irq = lineOf(given.irq, given.any);
  const between = given.window === undefined ? undefined : parseWindow(given.window, '--window');
  const { sql, any, later } = given;
  if (later && any) throw new BadInput('--later does not go with --any', 'leave one of them out');
  const { within, target, jobs } = how;
  const shared = sharedOf(given);
  return async (subject, seconds) => {
    if (sql === undefined) demandWindows(subject);
    beginTarget(target, subject);
    const { file, name, disks } = subject;
    const fleet = await openFleet(shared);
    const exploration = await interruptible(
      (signal) =>
        exploreTrace({
          file,
          name,
          irq,
          sql,
          any,
          later,
          within,
          target,
          disks,
          between,
          jobs,
          fleet,
          signal,
        }),
      seconds,
    );
    return {
      fails: exploration.explored.outcomes.some(({ failed }) => failed),
      text: () => describeExploration(exploration, subject),
      facts: () => explorationFacts(exploration, subject),
      junit: () => explorationJunit(exploration, subject),
      found: () => firstPlacements(exploration),
    };
  };
}

/** Throws BadInput for a target that nothing here can be; says so of one that takes long. */
function beginTarget(target: Target | undefined, { file, name }: Subject): void {
  demandApplicable(target, file, name);
  complainLines(targetNote(target));
}

/** The options of both kinds of search. */
interface How {
  readonly within: number;
  readonly target: Target | undefined;
  readonly disks: readonly string[];
  readonly jobs: number;
  /** Seconds. */
  readonly budget: number | undefined;
}

/** Throws BadInput if the requested outputs are not possible. */
function howOf(file: string, { within, target, disk, jobs, budget, junit, output, force }: Given): How {
  if (junit !== undefined) checkOutput(junit, { force, makes: 'other', inputs: [file] });
  if (output !== undefined && existsSync(output))
    throw new BadInput(`${output} already exists`, 'give -o the name of a new folder');
  return {
    ...{ within: parseCount(within, '--within'), target, disks: disk },
    jobs: jobs === undefined ? availableParallelism() : parseJobs(jobs),
    budget: budget === undefined ? undefined : parseSeconds(budget, '--budget'),
  };
}

/** The result of a search in every output format. */
interface Told {
  readonly fails: boolean;
  text(): string[];
  facts(): unknown;
  junit(): string[];
  found(): readonly Found[];
}

async function tell(subject: Subject, given: Given, how: How, told: Told): Promise<void> {
  const { junit, output } = given;
  const json = given.json || given.format === 'json';
  if (junit !== undefined) writeBeside(junit, `${told.junit().join('\n')}\n`);
  printLines(json ? printableJson(told.facts(), 2).split('\n') : told.text());
  if (output !== undefined) await writeBundles(subject, output, json, told.found(), how);
}

/** The queue and the folder for workers on other machines; undefined without both. */
function sharedOf({ queue, folder }: Given): Shared | undefined {
  if (queue === undefined && folder === undefined) return undefined;
  if (queue === undefined)
    throw new BadInput('--folder is where workers put what they find', 'add --queue redis://HOST:PORT');
  if (folder === undefined)
    throw new BadInput(
      '--queue needs a folder that all machines share',
      'add --folder FOLDER (docs/fleet.md)',
    );
  return { queue, folder };
}

interface Shared {
  readonly queue: string;
  readonly folder: string;
}

async function openFleet(shared: Shared | undefined) {
  if (!shared) return undefined;
  const { openRedis } = await import('../../fleet/work-queue.ts');
  return { redis: await openRedis(shared.queue), folder: shared.folder };
}

interface Found {
  /** Of its file. */
  readonly name: string;
  readonly option: string;
  readonly until: number;
  readonly sign: Sign | undefined;
}

/** Writes a shrunk bundle of each failure. */
async function writeBundles(
  { file, origin, name: given, disks }: Subject,
  folder: string,
  quiet: boolean,
  found: readonly Found[],
  { within, target }: How,
): Promise<void> {
  if (found.length === 0) return;
  mkdirSync(folder, { recursive: true });
  const parent = { name: given, file: origin };
  for (const { name, option, until, sign: sought } of found) {
    const output = join(folder, `${name}.r386`);
    const whole = `${output}.whole`;
    try {
      await writePlacement({ file, path: whole, option, until, disks });
      const shrunk = await shrinkTrace({
        ...{ file: whole, parent, output, within, target, sought, disks, quiet: true },
      });
      if (!quiet) print(`${output}: ${scheduleOf(shrunk)}, ${plural(shrunk.instructions, 'instruction')}`);
    } finally {
      rmSync(whole, { force: true });
    }
  }
  if (!quiet) print(`next: rewind386 verify ${shellWord(join(folder, `${found[0].name}.r386`))}`);
}

/** The first placement of each kind. */
const firstPlacements = (exploration: Exploration): Found[] =>
  grouping(exploration).map(({ outcomes: [{ at, option, sign }] }) => ({
    ...{ name: `placement-${at}`, option, sign },
    until: at + exploration.asked.within,
  }));

/** Runs with several interrupts at other times. */
function searched(given: Given, how: How, bound: number): Search {
  const { method = SEARCH_DEFAULTS.method, runs: count = SEARCH_DEFAULTS.runs } = given;
  for (const option of ['any', 'later', 'sql', 'queue', 'folder'] as const)
    if (given[option]) throw new BadInput(`--bound does not go with --${option}`, 'leave one of them out');
  if (given.window === undefined)
    throw new BadInput('--bound needs a part of the run', 'add --window FROM:TO, some 100,000 instructions');
  const span = parseWindow(given.window, '--window');
  const lines = given.irq.split(',').map((text) => lineOf(text, false));
  const runs = parseCount(count, '--runs');
  const { within, target, jobs } = how;
  return async (subject, seconds) => {
    beginTarget(target, subject);
    const { file, disks } = subject;
    const result = await interruptible(
      (signal) =>
        searchTrace({ file, lines, method, bound, span, runs, within, target, disks, jobs, signal }),
      seconds,
    );
    return {
      fails: result.outcomes.some(({ failed }) => failed),
      text: () => describeSearch(result, subject),
      facts: () => searchFacts(result, subject),
      junit: () => searchJunit(result, subject),
      found: () =>
        firstsOf(result)
          .filter(({ moves }) => moves.length > 0)
          .map(({ run, moves, sign }) => ({
            ...{ name: `run-${run}`, sign },
            option: `--schedule ${movesText(moves)}`,
            until: span.to + within,
          })),
    };
  };
}

function boundOf(text: string): number {
  if (/^[1-9]$/.test(text)) return Number(text);
  throw new BadInput(
    `--bound ${text}: not a number of interrupts`,
    'write 1 to 9; without --bound, every placement of one interrupt is tried',
  );
}

/** `any`: requests are injected, of whatever line. */
function lineOf(text: string, any: boolean): number {
  const [, number] = /^(?:irq)?(\d+)$/.exec(text) ?? [];
  const line = number === undefined ? 16 : Number(number);
  if (any ? line <= 15 : kindsOfLine(line).length > 0) return line;
  throw new BadInput(
    any
      ? `--irq ${text}: not a line`
      : `--irq ${text}: not the line of a drive, nor of the timer or serial port of a run with jitter`,
    any
      ? 'write 0 to 15'
      : 'write 6, 14 or 15; 0 or 4 where the run was recorded with --jitter; or add --any',
  );
}

const FORMATS = ['text', 'json'] as const;

/** Applied by the search itself, since without --bound these options must not be typed. */
const SEARCH_DEFAULTS = { method: 'pct', runs: '1000' } as const;

/** Of runs with several interrupts at other times. */
const SEARCH_OPTIONS = {
  bound: {
    type: 'string',
    requiresArg: true,
    describe: 'move this many interrupts at random within --window (default: try every placement of one)',
  },
  method: {
    choices: METHODS,
    defaultDescription: JSON.stringify(SEARCH_DEFAULTS.method),
    describe: 'with --bound: how the times are chosen (docs/exploration.md)',
  },
  runs: {
    type: 'string',
    defaultDescription: JSON.stringify(SEARCH_DEFAULTS.runs),
    requiresArg: true,
    describe: 'with --bound: number of runs',
  },
} as const;

/** Of work on other machines. */
const FLEET_OPTIONS = {
  queue: {
    type: 'string',
    requiresArg: true,
    describe: 'have `worker` on other machines do the work, through this Redis server (docs/fleet.md)',
  },
  folder: {
    type: 'string',
    requiresArg: true,
    describe: 'with --queue: the folder that all machines share; results in it are not computed again',
  },
} as const;

const options = (yargs: Argv) =>
  yargs
    .parserConfiguration({ 'populate--': true, 'parse-positional-numbers': false })
    .positional('file', {
      type: 'string',
      demandOption: true,
      describe: 'the trace; or with -- a guest, and behind it the options of `record` for it',
    })
    .options({
      irq: {
        type: 'string',
        default: '14',
        requiresArg: true,
        describe: 'the line: 6, 14 or 15; 0 or 4 of a run with jitter; with --bound several, as 0,14',
      },
      window: {
        type: 'string',
        requiresArg: true,
        describe: 'only boundaries between these icounts: FROM:TO',
      },
      sql: {
        type: 'string',
        requiresArg: true,
        describe:
          'windows by SQL, with from_icount and to_icount (default: from each set of a declared window to its last use)',
      },
      ...SEARCH_OPTIONS,
      within: {
        type: 'string',
        default: '200k',
        requiresArg: true,
        describe: 'instructions to run after each placement',
      },
      ...TARGET,
      budget: {
        type: 'string',
        requiresArg: true,
        describe: 'stop after this time, for example 60s or 10m, and report the findings so far',
      },
      jobs: {
        type: 'string',
        requiresArg: true,
        describe: 'processes that share the work (default: one per processor)',
      },
      ...FLEET_OPTIONS,
      later: {
        type: 'boolean',
        default: false,
        describe:
          'also have each interrupt come later, up to its longest latency; with --sql, a run is recorded for each',
      },
      any: {
        type: 'boolean',
        default: false,
        describe: 'inject the interrupt even where no drive could have raised it',
      },
      format: {
        choices: FORMATS,
        default: 'text' as const,
        describe: 'text for people; json: one object with every failure',
      },
      json: { type: 'boolean', default: false, describe: 'the same as --format json' },
      junit: {
        type: 'string',
        requiresArg: true,
        describe: 'also write the failures to this file, as XML that test runners of CI systems read',
      },
      ...FORCE,
      output: {
        alias: 'o',
        type: 'string',
        requiresArg: true,
        describe: 'a new folder for bundles: one failure of each kind, shrunk',
      },
      ...DISKS,
    })
    .example('$0 explore run.r386 --window 20M:21M', 'exit 1 when a placement fails')
    .example('$0 explore run.r386 --budget 60s -o failures', 'the failures found in a minute, as bundles')
    .example(
      '$0 explore kernel.elf --irq 0 -- --jitter 20% -n 20M',
      'record a guest first, then explore that run',
    )
    .example('$0 explore run.r386 --budget 10m --junit explore.xml', 'for a CI system');
