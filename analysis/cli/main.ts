import yargs, { type Argv } from 'yargs';
import { BadInput } from '../../schemas/bad-input.ts';
import { addCheck } from './commands/check.ts';
import { addDemo } from './commands/demo.ts';
import { addInfo } from './commands/info.ts';
import { addQuery } from './commands/query.ts';
import { addRecord } from './commands/record.ts';
import { addReplay } from './commands/replay.ts';
import { EXIT } from './exit-status.ts';
import { VERSION } from './version.ts';

/** Runs one command line; returns the exit status. */
export async function main(argv: readonly string[]): Promise<number> {
  // `rewind386 query … | head` closes our stdout: nothing is left to say then.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(EXIT.ok);
    throw error;
  });
  try {
    await parser(argv).parseAsync();
    return Number(process.exitCode ?? EXIT.ok);
  } catch (error) {
    return report(error);
  }
}

/** Wrong usage, as yargs tells it. */
class UsageError extends BadInput {}

const COMMANDS = [addDemo, addRecord, addReplay, addQuery, addCheck, addInfo];

const parser = (argv: readonly string[]) =>
  COMMANDS.reduce((cli, add) => add(cli), yargs([...argv]) as Argv)
    .scriptName('rewind386')
    .usage('$0 COMMAND\n\nRecord an i386 kernel, replay it bit for bit, and ask SQL who mapped what.')
    .demandCommand(1, 'which command?')
    .strict()
    .version(VERSION)
    .help()
    .alias('help', 'h')
    .wrap(Math.min(110, process.stdout.columns ?? 110))
    .epilogue('exit status: 0 good, 1 findings, 2 wrong usage or input, 3 the replay diverged')
    .exitProcess(false)
    .fail((message, error) => {
      if (error && !isUsage(error)) throw error;
      const command = argv.find((word) => !word.startsWith('-'));
      throw new UsageError(message || error.message, `rewind386 ${command ? `${command} ` : ''}--help`);
    });

/** What a `check` of a command throws is a plain Error with one line for the user. */
const isUsage = (error: Error): boolean => error.name === 'YError' || error.constructor === Error;

/** One line: what and where; one more: what to do next. Anything else is a bug of ours and says so. */
function report(error: unknown): number {
  if (!(error instanceof BadInput)) throw error;
  console.error(`rewind386: ${error.message}`);
  if (error.next) console.error(`next: ${error.next}`);
  return EXIT.badInput;
}
