import type { Argv } from 'yargs';
import { printableJson } from '../../../schemas/untrusted.ts';
import type { Story } from '../../why/story.ts';
import { tell } from '../../why/story.ts';
import { subjectOf } from '../../why/subject.ts';
import { givenNames, NAMING_OPTIONS } from '../options/guest-names.ts';
import { parseCount, parseIcount } from '../options/values.ts';
import { EXIT } from '../report/exit-status.ts';
import { traceLength } from '../report/trace-length.ts';
import { print, printLines } from '../terminal/output.ts';
import { openDatabase } from '../work/open-database.ts';
import { storyLines } from '../work/story-lines.ts';

/** `rewind386 why`: the story of a failure backwards. */
export const addWhy = (cli: Argv): Argv =>
  cli.command('why <file>', 'the story of a failure, backwards', options, async ({ file, ...asked }) => {
    process.exitCode = EXIT.ok;
    await why(file, asked);
  });

interface Asked {
  readonly at: string | undefined;
  readonly finding: string | undefined;
  readonly json: boolean;
  readonly symbols?: string | undefined;
  readonly profile?: string | undefined;
}

async function why(file: string, asked: Asked): Promise<void> {
  const db = await openDatabase([file], { names: givenNames(asked) });
  try {
    const subject = await subjectOf(db, {
      at:
        asked.at === undefined ? undefined : parseIcount(asked.at, '--at', { file, end: traceLength(file) }),
      finding: asked.finding === undefined ? undefined : parseCount(asked.finding, '--finding'),
    });
    const story: Story = subject ? await tell(db, subject) : { steps: [] };
    if (asked.json) printLines(printableJson(story, 2).split('\n'));
    else if (!subject) print(`${file}: nothing failed, and no check finds anything`);
    else printLines(storyLines(file, story));
  } finally {
    db.close();
  }
}

const options = (yargs: Argv) =>
  yargs
    .positional('file', { type: 'string', demandOption: true, describe: 'the trace' })
    .options({
      at: {
        type: 'string',
        requiresArg: true,
        describe: 'of the last failure, exception or finding up to this icount',
      },
      finding: { type: 'string', requiresArg: true, describe: 'of this finding of `check`, numbered from 1' },
      json: { type: 'boolean', default: false, describe: 'print JSON' },
      ...NAMING_OPTIONS,
    })
    .conflicts('at', 'finding')
    .example('$0 why run.r386', 'what the machine died of, and what led to it');
