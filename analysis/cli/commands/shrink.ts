import type { Argv } from 'yargs';
import { TraceReader } from '../../../replayer/trace/trace-reader.ts';
import { DISKS } from '../options/disk-option.ts';
import { TARGET } from '../options/target-option.ts';
import { parseCount, parseSeconds } from '../options/values.ts';
import { tellDivergence } from '../report/diverged.ts';
import { EXIT } from '../report/exit-status.ts';
import { shellWord } from '../terminal/format.ts';
import { interruptible } from '../terminal/interruptible.ts';
import { print, printLines } from '../terminal/output.ts';
import { checkOutput, FORCE } from '../work/output-file.ts';
import { describeShrunk, shrinkTrace } from '../work/shrink-trace.ts';

/** `rewind386 shrink`: makes a failing run small. */
export const addShrink = (cli: Argv): Argv =>
  cli.command(
    'shrink <file>',
    'reduce a failing run to the fewest changed times and inputs that fail in the same way, as a bundle',
    options,
    async ({ file, within, target, budget, force, disk: disks, ...given }) => {
      const output = given.output as string;
      checkOutput(output, { force, makes: 'trace', inputs: [file] });
      const slack = parseCount(within, '--within');
      const seconds = budget === undefined ? undefined : parseSeconds(budget, '--budget');
      await tellDivergence(file, async () => {
        const shrunk = await interruptible(
          (signal) => shrinkTrace({ file, output, within: slack, target, disks, force, quiet: true, signal }),
          seconds,
        );
        printLines(describeShrunk(shrunk, seedOf(file)));
        print(`next: rewind386 verify ${shellWord(output)}`);
        process.exitCode = EXIT.ok;
      });
    },
  );

function seedOf(file: string): bigint {
  const reader = TraceReader.open(file);
  try {
    return reader.header.seed;
  } finally {
    reader.close();
  }
}

const options = (yargs: Argv) =>
  yargs
    .positional('file', { type: 'string', demandOption: true, describe: 'the trace of a run that fails' })
    .options({
      output: { alias: 'o', type: 'string', requiresArg: true, describe: 'the bundle to write' },
      ...FORCE,
      within: {
        type: 'string',
        default: '200k',
        requiresArg: true,
        describe: 'instructions by which the failure may come later in a smaller run',
      },
      ...TARGET,
      budget: {
        type: 'string',
        requiresArg: true,
        describe: 'stop after this time, for example 60s or 10m, with the smallest run found so far',
      },
      ...DISKS,
    })
    .demandOption('output', 'say where to write the bundle: -o FILE')
    .example('$0 shrink failed.r386 -o small.r386', 'a bundle, and the schedule in one line');
