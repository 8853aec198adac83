import type { Argv } from 'yargs';
import { BadInput } from '../../../schemas/bad-input.ts';
import { serve } from '../../server/serve.ts';
import { givenNames, NAMING_OPTIONS } from '../options/guest-names.ts';
import { symbolsOf } from '../options/guest-symbols.ts';
import { parsePort } from '../options/port.ts';
import { LIMIT_OPTIONS, queryLimits } from '../options/query-limits.ts';
import { traceFiles } from '../options/trace-files.ts';
import { interrupted } from '../terminal/interruptible.ts';
import { print } from '../terminal/output.ts';
import { openDatabase } from '../work/open-database.ts';
import { runPage } from '../work/run-page.ts';

/** `rewind386 serve`: traces as a live page in the user's browser. */
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
      facts: (file) => runPage(file, { limits, names }),
      symbols: () => symbolsOf(files[0], names),
      openDatabase: (of, more) => openDatabase(of, { ...more, limits, names }),
    });
    try {
      print(url);
      print('open it in a browser of this computer: whoever has the address can ask; Ctrl-C ends it');
      await interrupted();
    } finally {
      await close();
    }
  });

/** Timelines that one page has room for. */
const MAX_FILES = 8;

const options = (yargs: Argv) =>
  yargs
    .positional('files', {
      type: 'string',
      array: true,
      demandOption: true,
      describe: 'traces, or quoted patterns',
    })
    .options({
      port: {
        type: 'number',
        requiresArg: true,
        describe: 'port of 127.0.0.1 to listen on (default: any free port)',
      },
      ...NAMING_OPTIONS,
      ...LIMIT_OPTIONS,
    })
    .example('$0 serve run.r386', 'then open the address that it prints')
    .example('$0 serve buggy.r386 fixed.r386', 'both, one below the other');
