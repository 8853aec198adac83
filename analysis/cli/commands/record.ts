import type { Argv } from 'yargs';
import { BadInput } from '../../../schemas/bad-input.ts';
import { machineOf } from '../options/machine-options.ts';
import { type RecordArguments, recordOptions } from '../options/record-options.ts';
import { parseCount, parseJobs, parseSeed } from '../options/values.ts';
import { EXIT } from '../report/exit-status.ts';
import { plural, shellWord } from '../terminal/format.ts';
import { interruptedStatus } from '../terminal/interruptible.ts';
import { complainLines, print, printLines } from '../terminal/output.ts';
import { checkOutput } from '../work/output-file.ts';
import { recordAsked, recordingReport } from '../work/record-asked.ts';

/** `rewind386 record`: runs a guest and writes its trace. */
export const addRecord = (cli: Argv): Argv =>
  cli.command('record [guest]', 'run a guest and record it to a trace', recordOptions, async (args) => {
    const output = args.output as string;
    checkOutput(output, { force: args.force, makes: 'trace' });
    if (args.untilFail === undefined && args.jobs !== undefined)
      throw new BadInput(`--jobs ${args.jobs}: one recording is one job`, 'give --until-fail N too');
    process.exitCode =
      args.untilFail === undefined ? await recordOne(args, output) : await search(args, args.untilFail);
  });

async function recordOne(args: RecordArguments, output: string): Promise<number> {
  const recorded = await recordAsked(args, { seed: parseSeed(args.seed), output, quiet: args.quiet });
  const { failed, out, err } = recordingReport(args, recorded, output);
  printLines(out);
  complainLines(err);
  print(`next: rewind386 check ${shellWord(output)}`);
  return failed ? EXIT.findings : EXIT.ok;
}

/** Records seed after seed, printing one line each, until one fails. */
async function search(args: RecordArguments, tries: string): Promise<number> {
  const output = args.output as string;
  if (args.interactive)
    throw new BadInput('--until-fail runs unattended', 'leave out --interactive, or use --script');
  const first = parseSeed(args.seed);
  // Invalid options are reported once, not by each process.
  machineOf(args);
  // Loaded only here, because judging runs by `check` needs the database.
  const { untilFail } = await import('../work/until-fail.ts');
  const found = await untilFail({
    ...{ args, first, output, tries: parseCount(tries, '--until-fail'), jobs: parseJobs(args.jobs ?? '1') },
    onGood: (seed) => print(`seed ${seed}: no failure`),
  });
  if (found.failed) {
    const { seed, report } = found.failed;
    print(`seed ${seed}: FAILED; ${plural(found.runs, 'seed')} tried`);
    printLines(report.out);
    complainLines(report.err);
    print(`next: rewind386 check ${shellWord(output)}`);
    return EXIT.findings;
  }
  print(`${plural(found.runs, 'seed')} from ${first} on, none failed; no trace is kept`);
  return found.interrupted ? interruptedStatus() : EXIT.ok;
}
