import '../../host/install.ts';
import type { Argv } from 'yargs';
import { fileError } from '../../host/file-error.ts';
import { VERSION } from '../../host/tool-version.ts';
import { BadInput } from '../../schemas/bad-input.ts';
import { meant, nearest } from '../../schemas/nearest.ts';
import { withTier } from './options/tier.ts';
import { EXIT } from './report/exit-status.ts';
import { completions } from './terminal/completions.ts';
import { shellWord } from './terminal/format.ts';
import { complain, complainLines, print } from './terminal/output.ts';

/** The command line: dispatches to the command, and turns every error into one clear line and an exit status. */

export { watchClosedOutput } from './terminal/interruptible.ts';

/** Runs one command line; returns the exit status. */
export async function main(argv: readonly string[]): Promise<number> {
  // Scripts ask for it often, and yargs takes longer to load than the answer.
  if (argv.length === 1 && argv[0] === '--version') {
    print(VERSION);
    return EXIT.ok;
  }
  try {
    const { default: yargs } = await import('yargs');
    await parser(yargs(withTexts(argv)), await commandsFor(argv[0]), argv).parseAsync();
    return Number(process.exitCode ?? EXIT.ok);
  } catch (error) {
    return report(error, argv);
  }
}

/** Wrong usage, reported by yargs. */
class UsageError extends BadInput {}

/**
 * The loaders of the commands. Only the requested command is loaded, because loading the database or the debug adapter takes longer than
 * many commands.
 */
const COMMANDS: Readonly<Record<string, () => Promise<(cli: Argv) => Argv>>> = {
  demo: async () => (await import('./commands/demo.ts')).addDemo,
  record: async () => (await import('./commands/record.ts')).addRecord,
  replay: async () => (await import('./commands/replay.ts')).addReplay,
  debug: async () => (await import('./commands/debug.ts')).addDebug,
  query: async () => (await import('./commands/query.ts')).addQuery,
  check: async () => (await import('./commands/check.ts')).addCheck,
  why: async () => (await import('./commands/why.ts')).addWhy,
  'who-wrote': async () => (await import('./commands/who-wrote.ts')).addWhoWrote,
  export: async () => (await import('./commands/export.ts')).addExport,
  bundle: async () => (await import('./commands/bundle.ts')).addBundle,
  verify: async () => (await import('./commands/verify.ts')).addVerify,
  cache: async () => (await import('./commands/cache.ts')).addCache,
  info: async () => (await import('./commands/info.ts')).addInfo,
  screen: async () => (await import('./commands/screen.ts')).addScreen,
  report: async () => (await import('./commands/report.ts')).addReport,
  serve: async () => (await import('./commands/serve.ts')).addServe,
  sql: async () => (await import('./commands/sql.ts')).addSql,
  diff: async () => (await import('./commands/diff.ts')).addDiff,
  explore: async () => (await import('./commands/explore.ts')).addExplore,
  shrink: async () => (await import('./commands/shrink.ts')).addShrink,
  worker: async () => (await import('./commands/worker.ts')).addWorker,
  curve: async () => (await import('./commands/curve.ts')).addCurve,
  inevitable: async () => (await import('./commands/inevitable.ts')).addInevitable,
  memory: async () => (await import('./commands/memory.ts')).addMemory,
  stack: async () => (await import('./commands/stack.ts')).addStack,
  symbols: async () => (await import('./commands/symbols.ts')).addSymbols,
  completion: async () => (await import('./commands/completion.ts')).addCompletion,
};

/** Options whose value is SQL, which may begin with a comment: yargs would take `--` for another option. */
const SQL_OPTIONS = new Set(['--sql']);

function withTexts(argv: readonly string[]): string[] {
  const words = [...argv];
  for (let n = words.length - 2; n >= 0; n--)
    if (SQL_OPTIONS.has(words[n]) && /^--\s/.test(words[n + 1]))
      words.splice(n, 2, `${words[n]}=${words[n + 1]}`);
  return words;
}

/** The commands to load: the named one, none for the version, all for help or an unknown name. */
async function commandsFor(first: string | undefined): Promise<((cli: Argv) => Argv)[]> {
  if (first === '--version') return [];
  if (first !== undefined && Object.hasOwn(COMMANDS, first)) return [await COMMANDS[first]()];
  return Promise.all(Object.values(COMMANDS).map((load) => load()));
}

function parser(empty: Argv, commands: readonly ((cli: Argv) => Argv)[], argv: readonly string[]): Argv {
  const cli = withTier(commands.reduce((one, add) => add(one), empty));
  keepNoHelp(cli);
  return cli
    .scriptName('rewind386')
    .usage(
      '$0 COMMAND\n\nRecord an i386 kernel, replay it bit for bit, and query its page-table writes and interrupts in SQL.',
    )
    .demandCommand(1, 'name a command')
    .strict()
    .middleware((given) => refuseRepeated(given, cli), true)
    .version(VERSION)
    .help()
    .alias('help', 'h')
    .wrap(Math.min(110, process.stdout.columns ?? 110))
    .epilogue(
      'exit status: 0 good, 1 findings or a guest that failed, 2 wrong usage or input, ' +
        '3 the replay diverged, 70 an internal error',
    )
    .exitProcess(false)
    .completion('--get-yargs-completions', false, completions)
    .fail((message, error) => {
      if (error && !isUsage(error)) throw error;
      const known = Object.hasOwn(COMMANDS, argv[0] ?? '');
      throw new UsageError(
        usageLine(message || error.message, argv, optionsOf(cli)),
        `rewind386 ${known ? `${argv[0]} ` : ''}--help`,
      );
    });
}

/** Options with one value that were given several, of which yargs makes a list. */
function refuseRepeated(given: Readonly<Record<string, unknown>>, cli: Argv): void {
  const { key, array, boolean } = declaredBy(cli);
  const name = Object.keys(key).find(
    (one) => one.length > 1 && Array.isArray(given[one]) && !array.includes(one) && !boolean.includes(one),
  );
  if (name !== undefined)
    throw new BadInput(
      `--${name} has one value: ${(given[name] as unknown[]).length} were given`,
      'give the option once',
    );
}

/**
 * Keeps yargs from formatting the help text whenever it runs a command, which takes as long as many commands.
 */
function keepNoHelp(cli: Argv): void {
  const { getInternalMethods } = cli as unknown as {
    getInternalMethods?: () => { getUsageInstance?: () => { cacheHelpMessage: () => void } };
  };
  const usage = getInternalMethods?.call(cli).getUsageInstance?.();
  if (usage) usage.cacheHelpMessage = () => {};
}

/** Joins yargs's messages of several lines. */
function usageLine(message: string, argv: readonly string[], options: readonly string[]): string {
  const [first] = argv;
  if (first !== undefined && !first.startsWith('-') && !Object.hasOwn(COMMANDS, first))
    return `unknown command: ${first}${meant(first, Object.keys(COMMANDS))}`;
  const [, unknown] = /^Unknown arguments?: ([\w-]+)/.exec(message) ?? [];
  if (unknown !== undefined && argv.some((word) => word.startsWith('-') && word.includes(unknown)))
    return `unknown option: ${unknown.length > 1 ? '--' : '-'}${unknown}${meantOption(unknown, options)}`;
  const line = message.replaceAll(/:?\s*\n\s*/g, ': ').trim();
  return line.charAt(0).toLowerCase() + line.slice(1);
}

const meantOption = (word: string, options: readonly string[]): string => {
  const found = nearest(word, options);
  return found === undefined ? '' : ` (did you mean --${found}?)`;
};

/** Names of the options that the command has. */
const optionsOf = (cli: Argv): string[] => Object.keys(declaredBy(cli).key).filter((name) => name.length > 1);

interface Declared {
  readonly key: Readonly<Record<string, unknown>>;
  readonly array: readonly string[];
  readonly boolean: readonly string[];
}

/** The command's options; yargs's types leave this method out. */
const declaredBy = (cli: Argv): Declared => (cli as unknown as { getOptions(): Declared }).getOptions();

/** True for the plain Error with one line for the user that a command's `check` throws. */
const isUsage = (error: Error): boolean => error.name === 'YError' || error.constructor === Error;

/** Prints an error: one line with what and where, and one with the next step. */
function report(error: unknown, argv: readonly string[]): number {
  if (!(error instanceof BadInput) && !isRefusal(error)) return reportInternal(error, argv);
  const { message, next } = error instanceof BadInput ? error : refusal(error);
  complain(`rewind386: ${message}`);
  // A second line shows the position in the user's SQL.
  if (next) complainLines(`next: ${next}`.split('\n'));
  return EXIT.badInput;
}

const isRefusal = (error: unknown): error is NodeJS.ErrnoException =>
  (error as NodeJS.ErrnoException)?.syscall !== undefined;

/** An error of the file system, as text. */
const refusal = (error: NodeJS.ErrnoException): { message: string; next?: string } => ({
  message: `${error.path ?? error.syscall}: ${fileError(error)}`,
});

/** Reports an internal error, with the command whose output makes a bug report. */
function reportInternal(error: unknown, argv: readonly string[]): number {
  const { message, stack } = error as Error;
  complain(`rewind386: internal error: ${message ?? error}`);
  if (process.env.REWIND386_STACK) {
    complainLines(String(stack ?? message).split('\n'));
    complain(`rewind386 ${VERSION}, Node ${process.version}, ${process.platform}-${process.arch}`);
    complain('next: report these lines with the command, and the files that it reads if you may');
  } else
    complain(`next: REWIND386_STACK=1 rewind386 ${argv.map(shellWord).join(' ')} makes a report to send`);
  return EXIT.internal;
}
