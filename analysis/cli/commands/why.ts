import type { Argv } from 'yargs';
import { BadInput } from '../../../schemas/bad-input.ts';
import { printableJson } from '../../../schemas/untrusted.ts';
import { placeStory } from '../../why/value.ts';
import { DISKS } from '../options/disk-option.ts';
import { givenNames, NAMING_OPTIONS } from '../options/guest-names.ts';
import { parseCount, parseIcount } from '../options/values.ts';
import { tellDivergence } from '../report/diverged.ts';
import { EXIT } from '../report/exit-status.ts';
import { traceLength } from '../report/trace-length.ts';
import { printLines } from '../terminal/output.ts';
import { parseAskedValue } from '../work/asked-value.ts';
import { valueLines } from '../work/story-lines.ts';
import { tellWhy } from '../work/tell-why.ts';
import { withWays } from '../work/value-ways.ts';

/** `rewind386 why`: the story of a failure backwards. */
export const addWhy = (cli: Argv): Argv =>
  cli.command(
    'why <file>',
    'explain a failure, step by step backwards',
    options,
    async ({ file, ...asked }) => {
      process.exitCode = EXIT.ok;
      await tellDivergence(file, () => why(file, asked));
    },
  );

/** Maximum steps; each may need executing a stretch of the run. */
const MOST_HOPS = 1000;

interface Asked {
  readonly at: string | undefined;
  readonly finding: string | undefined;
  readonly value: string | undefined;
  readonly hops: string;
  readonly disk: readonly string[];
  readonly json: boolean;
  /** False with --no-what-if. */
  readonly whatIf: boolean;
  readonly symbols?: string | undefined;
  readonly profile?: string | undefined;
}

async function why(file: string, asked: Asked): Promise<void> {
  const { value, json, whatIf, disk: disks } = asked;
  const names = givenNames(asked);
  const hops = parseHops(asked.hops);
  const show = (lines: readonly string[]) => {
    if (!json) printLines(lines);
  };
  if (value !== undefined) {
    const { place, icount } = await parseAskedValue(file, value, disks, names);
    const way = await withWays(file, { names, disks, hops }, (ways) => placeStory(ways, place, icount));
    const told = { of: value, ...way };
    show(valueLines(file, told));
    if (json) printLines(printableJson({ steps: [], value: told }, 2).split('\n'));
    return;
  }
  const subject = {
    at: asked.at === undefined ? undefined : parseIcount(asked.at, '--at', { file, end: traceLength(file) }),
    finding: asked.finding === undefined ? undefined : parseCount(asked.finding, '--finding'),
  };
  const answer = await tellWhy(file, { asked: subject, names, disks, hops, whatIf }, show);
  if (json) printLines(printableJson(answer, 2).split('\n'));
}

const parseHops = (text: string): number => {
  const hops = parseCount(text, '--hops');
  if (hops <= MOST_HOPS) return hops;
  throw new BadInput(`--hops ${text}: too many`, `give a number up to ${MOST_HOPS}`);
};

const options = (yargs: Argv) =>
  yargs
    .positional('file', { type: 'string', demandOption: true, describe: 'the trace' })
    .options({
      at: {
        type: 'string',
        requiresArg: true,
        describe: 'explain the last failure, exception or finding up to this icount',
      },
      finding: {
        type: 'string',
        requiresArg: true,
        describe: 'explain this finding of `check`, numbered from 1',
      },
      value: {
        type: 'string',
        requiresArg: true,
        describe:
          'trace the origin of a value: ADDRESS@ICOUNT, linear or phys:ADDRESS, SYMBOL[+OFFSET], or a register, before that instruction',
      },
      hops: {
        type: 'string',
        default: '8',
        requiresArg: true,
        describe: 'steps in the origin of a value; 0 omits it',
      },
      'what-if': {
        type: 'boolean',
        default: true,
        describe:
          'run it again with interrupts held off while the taken window was in use (--no-what-if: do not)',
      },
      ...DISKS,
      json: { type: 'boolean', default: false, describe: 'print JSON' },
      ...NAMING_OPTIONS,
    })
    .conflicts('at', ['finding', 'value'])
    .conflicts('finding', 'value')
    .example('$0 why run.r386', 'the cause of death, and the events that led to it')
    .example('$0 why run.r386 --value 0xe000008c@3507800', 'where a word in memory came from')
    .example('$0 why run.r386 --value eax@3507800', 'where the value of a register came from');
