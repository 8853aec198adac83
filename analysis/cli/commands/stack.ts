import type { Argv } from 'yargs';
import { backtrace } from '../../../replayer/debug/backtrace.ts';
import { BadInput } from '../../../schemas/bad-input.ts';
import { numberedFinding } from '../../../schemas/numbered-finding.ts';
import { DISKS } from '../options/disk-option.ts';
import { givenNames, NAMING_OPTIONS } from '../options/guest-names.ts';
import { parseCount, parseIcount } from '../options/values.ts';
import { tellDivergence } from '../report/diverged.ts';
import { traceLength } from '../report/trace-length.ts';
import { grouped, shellWord } from '../terminal/format.ts';
import { print, printLines } from '../terminal/output.ts';
import { type StacksOf, visitInstants } from '../work/call-stacks.ts';
import { checkTraces } from '../work/check-report.ts';

/** `rewind386 stack` */
export const addStack = (cli: Argv): Argv =>
  cli.command(
    'stack <file>',
    'show the call stack at an icount',
    options,
    async ({ file, at, finding, ...asked }) => {
      const of = { names: givenNames(asked), disks: asked.disk };
      await tellDivergence(file, async () => {
        const icounts = await icountsOf(file, { at, finding }, of);
        await showStacks(file, icounts, of);
      });
    },
  );

interface Asked {
  readonly at: readonly string[];
  readonly finding: string | undefined;
}

/** Of a finding or of each --at; of the end of the run without either. */
async function icountsOf(
  file: string,
  { at, finding }: Asked,
  { names, disks }: StacksOf,
): Promise<number[]> {
  const end = traceLength(file);
  if (finding === undefined)
    return at.length === 0 ? [end] : at.map((text) => parseIcount(text, '--at', { file, end }));
  const number = parseCount(finding, '--finding');
  const { findings } = await checkTraces([file], { names, executes: { disks } });
  return [numberedFinding(findings, number, shellWord(file)).icount];
}

async function showStacks(file: string, icounts: readonly number[], of: StacksOf): Promise<void> {
  await visitInstants(file, icounts, of, (icount, debuggee, code) => {
    print(`${file} at icount ${grouped(icount)}, innermost first:`);
    printLines(backtrace(debuggee, code).trimEnd().split('\n'));
  });
  print(`next: rewind386 debug ${shellWord(file)} --at ${Math.max(...icounts)}`);
}

const options = (yargs: Argv) =>
  yargs
    .positional('file', { type: 'string', demandOption: true, describe: 'the trace' })
    .options({
      at: {
        type: 'string',
        array: true,
        nargs: 1,
        default: [] as string[],
        requiresArg: true,
        describe: 'before the instruction at this icount (default: at the end); may be repeated',
      },
      finding: { type: 'string', requiresArg: true, describe: 'at this finding of `check`, numbered from 1' },
      ...NAMING_OPTIONS,
      ...DISKS,
    })
    .check(({ at, finding }) => {
      if (at.length > 0 && finding !== undefined) throw new BadInput('give either --at or --finding');
      return true;
    })
    .example('$0 stack run.r386 --at 623300', 'the functions that are running, each with the line it is at')
    .example('$0 stack run.r386 --finding 1', 'where the first finding happened')
    .epilogue('in SQL: `query --stacks` fills the view stacks (docs/calls.md)');
