import { availableParallelism } from 'node:os';
import type { Argv } from 'yargs';
import { BadInput } from '../../../schemas/bad-input.ts';
import { printableJson } from '../../../schemas/untrusted.ts';
import { share } from '../../inevitable/chance.ts';
import { type Plot, svgPlot } from '../../plot/svg.ts';
import { DISKS } from '../options/disk-option.ts';
import { parseCount, parseJobs } from '../options/values.ts';
import { tellDivergence } from '../report/diverged.ts';
import { EXIT } from '../report/exit-status.ts';
import { grouped, plural, shellWord } from '../terminal/format.ts';
import { interruptible } from '../terminal/interruptible.ts';
import { print, printLines } from '../terminal/output.ts';
import { type Inevitable, inevitable } from '../work/inevitable.ts';
import { checkOutput, FORCE } from '../work/output-file.ts';
import { writeBeside } from '../work/write-beside.ts';

/** `rewind386 inevitable`: the instant from which a failure was inevitable. */
export const addInevitable = (cli: Argv): Argv =>
  cli.command(
    'inevitable <file>',
    'find when a failure became inevitable: rerun from instants of the run with new latencies',
    options,
    async ({ file, ...given }) => {
      await tellDivergence(file, async () => {
        process.exitCode = await run(file, given);
      });
    },
  );

interface Given {
  readonly points: number;
  readonly draws: number;
  readonly within: string;
  readonly finest: string;
  readonly jobs: string | undefined;
  readonly json: boolean;
  readonly output: string | undefined;
  readonly force: boolean;
  readonly disk: readonly string[];
}

async function run(file: string, given: Given): Promise<number> {
  const { output, force } = given;
  if (output !== undefined) checkOutput(output, { force, makes: 'other', inputs: [file] });
  const found = await interruptible((signal) =>
    inevitable({
      ...{ file, disks: given.disk, signal },
      points: parseNumber(given.points, '--points'),
      draws: parseNumber(given.draws, '--draws'),
      within: parseCount(given.within, '--within'),
      finest: Math.max(1, parseCount(given.finest, '--finest')),
      jobs: given.jobs === undefined ? availableParallelism() : parseJobs(given.jobs),
    }),
  );
  if (output !== undefined) writeBeside(output, svgPlot(figureOf(found)));
  if (given.json) printLines(printableJson(factsOf(found), 2).split('\n'));
  else printLines(linesOf(found));
  if (output !== undefined && !given.json) print(`written: ${output}`);
  return EXIT.ok;
}

const MOST = 10_000;

function parseNumber(count: number, option: string): number {
  if (Number.isInteger(count) && count >= 1 && count <= MOST) return count;
  throw new BadInput(`${option} ${count}: not a number`, `write 1 to ${MOST}`);
}

const percent = (part: number): string => `${Math.round(part * 100)}%`;
const BAR = 40;

function linesOf({ asked, end, chances, steps }: Inevitable): string[] {
  const wide = grouped(end).length;
  return [
    `the run failed at icount ${grouped(end)}; of ${plural(asked.draws, 'run')} from each icount, with new latencies and ${grouped(asked.within)} instructions longer, this share fails:`,
    ...chances.map((chance) => {
      const { value, low, high } = share(chance);
      const bar = '█'.repeat(Math.round(value * BAR)).padEnd(BAR, '·');
      return `${grouped(chance.at).padStart(wide)}  ${bar} ${percent(value).padStart(4)}  (${percent(low)} to ${percent(high)})`;
    }),
    ...steps.flatMap((step) => stepLines(step)),
    ...(steps.length === 0 ? ['no significant step: try more --draws, or a longer --within'] : []),
    ...nextLine(asked.file, steps),
  ];
}

type Step = Inevitable['steps'][number];

const stepLines = ({ before, after, events, leftOut }: Step): string[] => [
  `between ${grouped(before.at)} and ${grouped(after.at)} the share rises from ${percent(share(before).value)} to ${percent(share(after).value)}:`,
  ...(leftOut > 0 ? [`  … ${plural(leftOut, 'event')} before these`] : []),
  ...events.map(({ icount, happened }) => `  ${grouped(icount)}  ${happened}`),
  ...(events.length === 0 ? ['  no recorded event'] : []),
];

const nextLine = (file: string, steps: readonly Step[]): string[] => {
  const last = steps.at(-1);
  return last ? [`next: rewind386 debug ${shellWord(file)} --at ${last.after.at}`] : [];
};

function figureOf({ asked, end, chances, steps }: Inevitable): Plot {
  return {
    title: 'When the failure became inevitable',
    x: { title: 'icount', scale: { kind: 'linear', from: 0, to: end } },
    y: { title: 'share of reruns from here that fail', scale: { kind: 'linear', from: 0, to: 1 } },
    series: [
      {
        name: 'share',
        points: chances.map((chance) => {
          const { value, low, high } = share(chance);
          return { x: chance.at, y: value, low, high };
        }),
        joined: 'lines',
      },
    ],
    marks: [
      ...steps.map(({ before, after }) => ({
        x: after.at,
        text: `${grouped(before.at)} to ${grouped(after.at)}`,
      })),
      { x: end, text: `the recorded failure, ${grouped(end)}` },
    ],
    notes: [
      `${plural(asked.draws, 'run')} from each icount, up to ${grouped(asked.within)} instructions after the recorded failure; bars: 95% (Wilson)`,
    ],
  };
}

const factsOf = ({ asked, end, chances, steps }: Inevitable) => ({
  ...{ file: asked.file, end, draws: asked.draws, within: asked.within },
  chances: chances.map((chance) => ({ ...chance, ...share(chance) })),
  steps: steps.map(({ before, after, events, leftOut }) => ({
    ...{ from: before.at, to: after.at, events, left_out: leftOut },
  })),
});

const options = (yargs: Argv) =>
  yargs
    .positional('file', { type: 'string', demandOption: true, describe: 'the trace of a run that failed' })
    .options({
      points: {
        type: 'number',
        default: 12,
        requiresArg: true,
        describe: 'number of instants at first, before steps are refined',
      },
      draws: { type: 'number', default: 20, requiresArg: true, describe: 'runs from each instant' },
      within: {
        type: 'string',
        default: '5M',
        requiresArg: true,
        describe: 'instructions for which runs continue after the recorded failure',
      },
      finest: {
        type: 'string',
        default: '10k',
        requiresArg: true,
        describe: 'resolution to which steps are refined, in instructions',
      },
      jobs: {
        type: 'string',
        requiresArg: true,
        describe: 'number of processes that share the runs (default: one per processor)',
      },
      json: { type: 'boolean', default: false, describe: 'print JSON' },
      output: { alias: 'o', type: 'string', requiresArg: true, describe: 'also write the plot, as SVG' },
      ...FORCE,
      ...DISKS,
    })
    .example('$0 inevitable failed.r386', 'the steps of the curve, with the events at each')
    .example('$0 inevitable failed.r386 --draws 100 -o curve.svg', 'narrower intervals, and a plot');
