import yargs, { type Argv } from 'yargs';
import { BadInput } from '../../schemas/bad-input.ts';
import { fileError } from '../../schemas/file-error.ts';
import { addBundle } from './commands/bundle.ts';
import { addCheck } from './commands/check.ts';
import { addDebug } from './commands/debug.ts';
import { addDemo } from './commands/demo.ts';
import { addExport } from './commands/export.ts';
import { addInfo } from './commands/info.ts';
import { addQuery } from './commands/query.ts';
import { addRecord } from './commands/record.ts';
import { addReplay } from './commands/replay.ts';
import { addScreen } from './commands/screen.ts';
import { addSymbols } from './commands/symbols.ts';
import { addVerify } from './commands/verify.ts';
import { addWhoWrote } from './commands/who-wrote.ts';
import { EXIT } from './exit-status.ts';
import { VERSION } from './version.ts';

/** `rewind386 query … | head` closes our stdout: nothing is left to say then. */
export function exitWhenNobodyReads(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(EXIT.ok);
      throw error;
    });
  }
}

/** Runs one command line; returns the exit status. */
export async function main(argv: readonly string[]): Promise<number> {
  try {
    await parser(argv).parseAsync();
    return Number(process.exitCode ?? EXIT.ok);
  } catch (error) {
    return report(error);
  }
}

/** Wrong usage, as yargs tells it. */
class UsageError extends BadInput {}

const COMMANDS = {
  demo: addDemo,
  record: addRecord,
  replay: addReplay,
  debug: addDebug,
  query: addQuery,
  check: addCheck,
  'who-wrote': addWhoWrote,
  export: addExport,
  bundle: addBundle,
  verify: addVerify,
  info: addInfo,
  screen: addScreen,
  symbols: addSymbols,
};

const parser = (argv: readonly string[]) =>
  Object.values(COMMANDS)
    .reduce((cli, add) => add(cli), yargs([...argv]) as Argv)
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
      const known = argv[0] in COMMANDS;
      throw new UsageError(
        usageLine(message || error.message, argv[0], known),
        `rewind386 ${known ? `${argv[0]} ` : ''}--help`,
      );
    });

/** yargs says some things on several lines. */
function usageLine(message: string, first: string | undefined, known: boolean): string {
  if (!known && first !== undefined && !first.startsWith('-')) return `unknown command: ${first}`;
  const line = message.replaceAll(/:?\s*\n\s*/g, ': ').trim();
  return line.charAt(0).toLowerCase() + line.slice(1);
}

/** What a `check` of a command throws is a plain Error with one line for the user. */
const isUsage = (error: Error): boolean => error.name === 'YError' || error.constructor === Error;

/** One line: what and where; one more: what to do next. */
function report(error: unknown): number {
  const { message, next } = error instanceof BadInput ? error : unexpected(error);
  console.error(`rewind386: ${message}`);
  if (next) console.error(`next: ${next}`);
  return EXIT.badInput;
}

/** What the file system refuses, in words; anything else is a bug of ours, and says so. */
function unexpected(error: unknown): { message: string; next?: string } {
  const { syscall, path, message, stack } = error as NodeJS.ErrnoException;
  if (syscall) return { message: `${path ?? syscall}: ${fileError(error)}` };
  if (process.env.REWIND386_STACK) return { message: stack ?? message };
  return {
    message: `internal error: ${message ?? error}`,
    next: 'REWIND386_STACK=1 shows where; please report it with the command',
  };
}
