import type { Argv } from 'yargs';
import { BadInput } from '../../../schemas/bad-input.ts';
import { serve } from '../../server/serve.ts';
import { givenNames } from '../options/guest-names.ts';
import { symbolsOf } from '../options/guest-symbols.ts';
import { PAGE_OPTIONS } from '../options/page-options.ts';
import { parsePort } from '../options/port.ts';
import { queryLimits } from '../options/query-limits.ts';
import { TRACE_FILES, traceFiles } from '../options/trace-files.ts';
import { interrupted } from '../terminal/interruptible.ts';
import { print } from '../terminal/output.ts';
import { debugProcess } from '../work/debug-process.ts';
import { openDatabase } from '../work/open-database.ts';
import { QuestionProcess } from '../work/question-process.ts';
import { differenceInProcess, pageInProcess } from '../work/serve-process.ts';

/** `rewind386 serve`: shows traces as a live page in the user's browser. */
export const addServe = (cli: Argv): Argv =>
  cli.command('serve <files..>', 'look at traces in a browser: timeline, SQL', options, async (args) => {
    const files = traceFiles((args.files ?? []).map(String));
    if (files.length > MAX_FILES)
      throw new BadInput(`${files.length} traces are too many for one page`, `give at most ${MAX_FILES}`);
    const names = givenNames(args);
    const limits = queryLimits(args);
    const { url, close } = await serve({
      files,
      port: parsePort(args.port ?? 0),
      facts: (file, executes, signal) => {
        const { symbols, profile, disk } = args;
        const replay = args.replay || executes;
        return pageInProcess({ file, limits, symbols, profile, replay, disk }, signal);
      },
      difference: differenceInProcess,
      symbols: () => symbolsOf(files[0], names),
      openQuestions: (folder) => {
        const { symbols, program, profile } = args;
        return QuestionProcess.open({ files, limits, symbols, program, profile, folder });
      },
      openDatabase: (of, more) => openDatabase(of, { ...more, limits, names }),
      debug: (file, icount, signal) => debugProcess(file, icount, { more: debugOptions(args), signal }),
    });
    try {
      print(url);
      print(
        'open it in a browser on this computer; anyone who has the address can query the traces; Ctrl-C ends it',
      );
      await interrupted();
    } finally {
      await close();
    }
  });

/** Options of `serve` that `debug` takes as well. */
const debugOptions = ({
  symbols,
  profile,
  disk,
}: {
  readonly symbols?: string | undefined;
  readonly profile?: string | undefined;
  readonly disk: readonly string[];
}): string[] => [
  ...(symbols === undefined ? [] : ['--symbols', symbols]),
  ...(profile === undefined ? [] : ['--profile', profile]),
  ...disk.flatMap((file) => ['--disk', file]),
];

/** Maximum timelines on one page. */
const MAX_FILES = 8;

const EXECUTES =
  'execute the runs again, for windows that no profile declares and for the instructions of the worst findings';

const options = (yargs: Argv) =>
  yargs
    .positional('files', TRACE_FILES)
    .options({
      port: {
        type: 'number',
        requiresArg: true,
        describe: 'port of 127.0.0.1 to listen on (default: any free port)',
      },
      ...PAGE_OPTIONS,
      // The page is there sooner.
      replay: { ...PAGE_OPTIONS.replay, default: false, describe: EXECUTES },
    })
    .example('$0 serve run.r386', 'then open the address that it prints')
    .example('$0 serve buggy.r386 fixed.r386', 'both, one below the other');
