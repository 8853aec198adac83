import type { Argv } from 'yargs';
import { BadInput } from '../../../schemas/bad-input.ts';
import { TEXT_FORMATS, type TextFormat } from '../../db/results.ts';
import { DISKS } from '../options/disk-option.ts';
import { FILE_ACCESS } from '../options/file-access.ts';
import { fleetResults } from '../options/fleet-results.ts';
import { givenNames, NAMING_OPTIONS } from '../options/guest-names.ts';
import { symbolsOf } from '../options/guest-symbols.ts';
import { INCLUDE, includedDefinitions } from '../options/include-option.ts';
import { LIMIT_OPTIONS, queryLimits } from '../options/query-limits.ts';
import { namedFiles } from '../options/trace-files.ts';
import { parseCount } from '../options/values.ts';
import { complain, print } from '../terminal/output.ts';
import { keepHistory, readHistory } from '../work/sql-history.ts';
import { SqlPrompt } from '../work/sql-prompt.ts';
import { answer, command, completions, type SqlSession } from '../work/sql-session.ts';
import { openWithStacks, STACKS } from '../work/stacks-view.ts';

/** `rewind386 sql`: a prompt for SQL over traces. */
export const addSql = (cli: Argv): Argv =>
  cli.command('sql <files..>', 'open a prompt for SQL over traces', options, async ({ files, ...asked }) => {
    const named = namedFiles(files as readonly string[]);
    const { traces } = named;
    const names = givenNames(asked);
    const db = await openWithStacks(traces, asked.stacks, {
      disks: asked.disk,
      limits: queryLimits(asked),
      names,
      definitions: new Map([...fleetResults(named), ...includedDefinitions(asked.include)]),
      inputs: named.results,
      allowFiles: asked.unsafeFiles,
    });
    try {
      const session: SqlSession = {
        db,
        symbols: () => symbolsOf(traces[0], names),
        format: asked.format as TextFormat,
        rows: parseCount(asked.limit, '--limit'),
        timer: false,
      };
      await converse(session, traces.join(', '));
    } finally {
      db.close();
    }
  });

async function converse(session: SqlSession, traces: string): Promise<void> {
  const terminal = Boolean(process.stdin.isTTY && process.stdout.isTTY);
  const prompt = new SqlPrompt({
    input: process.stdin,
    output: process.stdout,
    terminal,
    history: terminal ? readHistory() : [],
    complete: completions,
  });
  if (terminal) print(`${traces}: enter SQL ending with ;, or .help`);
  try {
    for await (const asked of prompt.asked()) {
      const goOn = await answered(session, terminal, () =>
        asked.kind === 'sql' ? answer(session, asked.sql) : command(session, asked.words),
      );
      if (!goOn) break;
    }
  } finally {
    prompt.close();
    if (terminal) keepHistory(prompt.history);
  }
}

/** Reports an error; an interactive session continues, input from a pipe ends. */
async function answered(
  session: SqlSession,
  terminal: boolean,
  run: () => Promise<boolean>,
): Promise<boolean> {
  const start = process.hrtime.bigint();
  try {
    return await run();
  } catch (error) {
    if (!terminal || !(error instanceof BadInput)) throw error;
    complain(error.message);
    if (error.next !== undefined) complain(`next: ${error.next}`);
    return true;
  } finally {
    if (session.timer) print(`${(Number(process.hrtime.bigint() - start) / 1e9).toFixed(3)} s`);
  }
}

const options = (yargs: Argv) =>
  yargs
    .positional('files', { type: 'string', array: true, demandOption: true, describe: 'traces' })
    .options({
      format: { choices: TEXT_FORMATS, default: 'table', describe: 'format of the answers' },
      limit: {
        type: 'string',
        default: '100',
        requiresArg: true,
        describe: 'rows of an answer that are shown',
      },
      ...FILE_ACCESS,
      ...INCLUDE,
      ...STACKS,
      ...DISKS,
      ...NAMING_OPTIONS,
      ...LIMIT_OPTIONS,
    })
    .example('$0 sql run.r386', 'statements end with ; and .help lists the rest')
    .example('$0 sql run.r386 < questions.sql', 'answers to a file of questions');
