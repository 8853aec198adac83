import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Argv } from 'yargs';
import { BadInput } from '../../../schemas/bad-input.ts';
import { printableJson } from '../../../schemas/untrusted.ts';
import { DISKS } from '../options/disk-option.ts';
import { parseCount, parseJobs, parseSeconds, parseWindow } from '../options/values.ts';
import { tellDivergence } from '../report/diverged.ts';
import { EXIT } from '../report/exit-status.ts';
import { plural, shellWord } from '../terminal/format.ts';
import { interruptible } from '../terminal/interruptible.ts';
import { print, printLines } from '../terminal/output.ts';
import {
  describeExploration,
  explorationFacts,
  explorationJunit,
  grouping,
} from '../work/exploration-text.ts';
import { type Exploration, exploreTrace } from '../work/explore.ts';
import { checkOutput, FORCE } from '../work/output-file.ts';
import { scheduleOf, shrinkTrace } from '../work/shrink-trace.ts';
import { writeBeside } from '../work/write-beside.ts';
import { writePlacement } from '../work/write-placement.ts';

/** `rewind386 explore`: tries interrupts where they did not come. */
export const addExplore = (cli: Argv): Argv =>
  cli.command(
    'explore <file>',
    'try an interrupt at every boundary of the windows of a recorded run',
    options,
    async ({ file, ...given }) => {
      await tellDivergence(file, async () => {
        process.exitCode = await run(file, given);
      });
    },
  );

interface Given {
  readonly irq: string;
  readonly window: string | undefined;
  readonly sql: string | undefined;
  readonly within: string;
  readonly budget: string | undefined;
  readonly jobs: string | undefined;
  readonly queue: string | undefined;
  readonly folder: string | undefined;
  readonly any: boolean;
  readonly format: (typeof FORMATS)[number];
  readonly json: boolean;
  readonly junit: string | undefined;
  readonly force: boolean;
  readonly output: string | undefined;
  readonly disk: readonly string[];
}

async function run(file: string, given: Given): Promise<number> {
  const irq = lineOf(given.irq);
  const between = given.window === undefined ? undefined : parseWindow(given.window, '--window');
  const within = parseCount(given.within, '--within');
  const { sql, any, output, junit, disk: disks } = given;
  const jobs = given.jobs === undefined ? availableParallelism() : parseJobs(given.jobs);
  const budget = given.budget === undefined ? undefined : parseSeconds(given.budget, '--budget');
  const json = given.json || given.format === 'json';
  if (junit !== undefined) checkOutput(junit, { force: given.force, makes: 'other', inputs: [file] });
  if (output !== undefined && existsSync(output))
    throw new BadInput(`${output} already exists`, 'give -o the name of a new folder');
  const fleet = await fleetOf(given);
  const exploration = await interruptible(
    (signal) => exploreTrace({ file, irq, sql, any, within, disks, between, jobs, fleet, signal }),
    budget,
  );
  if (junit !== undefined) writeBeside(junit, `${explorationJunit(exploration).join('\n')}\n`);
  if (json) printLines(printableJson(explorationFacts(exploration), 2).split('\n'));
  else printLines(describeExploration(exploration));
  if (output !== undefined) await writeBundles(exploration, output, json);
  return exploration.explored.outcomes.some(({ failed }) => failed) ? EXIT.findings : EXIT.ok;
}

/** The queue and the folder by which others do the work; undefined without both. */
async function fleetOf({ queue, folder }: Given) {
  if (queue === undefined && folder === undefined) return undefined;
  if (queue === undefined)
    throw new BadInput('--folder is where workers put what they find', 'add --queue redis://HOST:PORT');
  if (folder === undefined)
    throw new BadInput(
      '--queue needs a folder that all machines share',
      'add --folder FOLDER (docs/fleet.md)',
    );
  const { openRedis } = await import('../../fleet/work-queue.ts');
  return { redis: await openRedis(queue), folder };
}

/** A bundle of the first placement of each kind, made as small as it gets. */
async function writeBundles(exploration: Exploration, folder: string, quiet: boolean): Promise<void> {
  const firsts = grouping(exploration).map(({ outcomes }) => outcomes[0]);
  if (firsts.length === 0) return;
  mkdirSync(folder, { recursive: true });
  const { file, within, disks } = exploration.asked;
  for (const { at, option } of firsts) {
    const output = join(folder, `placement-${at}.r386`);
    const whole = `${output}.whole`;
    try {
      await writePlacement({ file, path: whole, option, until: at + within, disks });
      const shrunk = await shrinkTrace({ file: whole, output, within, disks, quiet: true });
      if (!quiet) print(`${output}: ${scheduleOf(shrunk)}, ${plural(shrunk.instructions, 'instruction')}`);
    } finally {
      rmSync(whole, { force: true });
    }
  }
  if (!quiet) print(`next: rewind386 verify ${shellWord(join(folder, `placement-${firsts[0].at}.r386`))}`);
}

function lineOf(text: string): number {
  if (/^(?:irq)?(?:6|14|15)$/.test(text)) return Number(text.replace('irq', ''));
  throw new BadInput(`--irq ${text}: not the line of a drive`, 'write 6, 14 or 15');
}

const FORMATS = ['text', 'json'] as const;

const options = (yargs: Argv) =>
  yargs
    .positional('file', { type: 'string', demandOption: true, describe: 'the trace' })
    .options({
      irq: { type: 'string', default: '14', requiresArg: true, describe: 'the line: 6, 14 or 15' },
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
      within: {
        type: 'string',
        default: '200k',
        requiresArg: true,
        describe: 'instructions that each placement runs on for',
      },
      budget: {
        type: 'string',
        requiresArg: true,
        describe: 'stop after this time, for example 60s or 10m, and tell what was found',
      },
      jobs: {
        type: 'string',
        requiresArg: true,
        describe: 'processes that share the work (default: one a processor)',
      },
      queue: {
        type: 'string',
        requiresArg: true,
        describe: 'have `worker` on other machines do the work, through this Redis server (docs/fleet.md)',
      },
      folder: {
        type: 'string',
        requiresArg: true,
        describe: 'with --queue: the folder that all machines share; what is there is not done again',
      },
      any: {
        type: 'boolean',
        default: false,
        describe: 'inject the interrupt, whether a drive could have made it or not',
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
        describe: 'a new folder for bundles of what failed: one of each kind, made small',
      },
      ...DISKS,
    })
    .example('$0 explore run.r386 --window 20M:21M', 'exit 1 when a placement fails')
    .example('$0 explore run.r386 --budget 60s -o failures', 'what a minute finds, with traces')
    .example('$0 explore run.r386 --budget 10m --junit explore.xml', 'for a CI system');
