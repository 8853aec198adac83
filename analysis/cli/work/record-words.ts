import { BadInput } from '../../../schemas/bad-input.ts';
import { type RecordArguments, recordOptions } from '../options/record-options.ts';
import { parseSeed } from '../options/values.ts';
import { shellWord } from '../terminal/format.ts';
import { recordAsked } from './record-asked.ts';

/** Records by the words of a `record` command, for a command that needs a recording of its own. */

/** Options that the other command decides. */
const TAKEN = [
  '--output',
  '-o',
  '--force',
  '--until-fail',
  '--jobs',
  '--interactive',
  '--schedule',
  '--screen',
] as const;

/** The files of the guest's disks; undefined if Ctrl-C ended it. */
export async function recordWords(
  words: readonly string[],
  output: string,
): Promise<readonly string[] | undefined> {
  const taken = TAKEN.find((option) =>
    words.some((word) => word === option || word.startsWith(`${option}=`)),
  );
  if (taken) throw new BadInput(`${taken} is not for a recording that is only explored`, 'leave it out');
  const args = await parsed([...words, '--output', output]);
  const { result } = await recordAsked(args, { seed: parseSeed(args.seed), output, quiet: true });
  if (result.ended && !result.ended.ok)
    throw new BadInput(`the recording: ${result.ended.message}`, `rewind386 record ${shellWord(words[0])} …`);
  const { disk = [], floppy = [], cdrom } = args;
  return result.exit.kind === 'interrupted' ? undefined : [...disk, ...floppy, ...(cdrom ? [cdrom] : [])];
}

async function parsed(words: readonly string[]): Promise<RecordArguments> {
  const { default: yargs } = await import('yargs');
  let args: RecordArguments | undefined;
  await yargs([...words])
    .command('$0 [guest]', '', recordOptions, (given) => {
      args = given;
    })
    .strict()
    .help(false)
    .version(false)
    .exitProcess(false)
    .fail((message, error) => {
      if (error instanceof BadInput) throw error;
      const [line] = (message || error.message).split('\n');
      throw new BadInput(
        `after --: ${line.charAt(0).toLowerCase()}${line.slice(1)}`,
        'rewind386 record --help',
      );
    })
    .parseAsync();
  return args as RecordArguments;
}
