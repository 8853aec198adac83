import { existsSync, readFileSync } from 'node:fs';
import type { Argv } from 'yargs';
import { fileError } from '../../../host/file-error.ts';
import type { Names } from '../../../replayer/trace/trace-reader.ts';
import { BadInput } from '../../../schemas/bad-input.ts';
import { meant } from '../../../schemas/nearest.ts';
import { FILE_FORMATS, type FileFormat, writeResult } from '../../db/result-file.ts';
import { formatResult, TEXT_FORMATS, type TextFormat } from '../../db/results.ts';
import { writtenFirst } from '../../db/unfinished.ts';
import { QUERIES, type SqlFile } from '../../sql/catalog.ts';
import { DISKS } from '../options/disk-option.ts';
import { FILE_ACCESS } from '../options/file-access.ts';
import { fleetResults } from '../options/fleet-results.ts';
import { givenNames, NAMING_OPTIONS } from '../options/guest-names.ts';
import { symbolsOf } from '../options/guest-symbols.ts';
import { INCLUDE, includedDefinitions } from '../options/include-option.ts';
import { LIMIT_OPTIONS, queryLimits } from '../options/query-limits.ts';
import { parseParameters } from '../options/query-parameters.ts';
import { isPattern, type NamedFiles, namedFiles } from '../options/trace-files.ts';
import { parseCount } from '../options/values.ts';
import { bytes } from '../terminal/format.ts';
import { print, printLines, terminalWidth } from '../terminal/output.ts';
import { fileBytes } from '../work/file-bytes.ts';
import { checkOutput, FORCE, writeError } from '../work/output-file.ts';
import { openWithStacks, STACKS } from '../work/stacks-view.ts';
import { writeBeside } from '../work/write-beside.ts';

/** `rewind386 query`: runs SQL or a named query on traces. */
export const addQuery = (cli: Argv): Argv =>
  cli.command('query [words..]', 'run a named query or SQL on traces', options, async (args) => {
    if (args.list) return printLines(describeQueries());
    const names = givenNames(args);
    const request = parseRequest((args.words ?? []).map(String), args.sql, args.file, names);
    const format = args.format as TextFormat | FileFormat;
    const { output } = args;
    if (output !== undefined)
      checkOutput(output, { force: args.force, makes: 'other', inputs: request.named.traces });
    else if (isFileFormat(format))
      throw new BadInput(`--format ${format} needs a file to write to`, 'add -o FILE');
    const rows = parseCount(args.limit, '--limit');
    const { traces, results } = request.named;
    const db = await openWithStacks(traces, args.stacks, {
      disks: args.disk,
      limits: queryLimits(args),
      definitions: new Map([...fleetResults(request.named), ...includedDefinitions(args.include)]),
      inputs: results,
      names,
      allowFiles: args.unsafeFiles,
      outputs: output !== undefined ? [writtenFirst(output)] : [],
    });
    try {
      if (output !== undefined && isFileFormat(format))
        await writeResult(db, request.sql, request.values, format, output);
      else {
        const result = await db.query(request.sql, request.values);
        const { shows } = request;
        if (output === undefined)
          printLines(formatResult(result, format as TextFormat, { rows, shows, width: terminalWidth() }));
        else
          writeBeside(output, `${formatResult(result, format as TextFormat, { exact: true }).join('\n')}\n`);
      }
      if (output !== undefined) print(`${output}: ${bytes(fileBytes(output))}`);
    } catch (error) {
      throw output === undefined ? error : writeError(error, output);
    } finally {
      db.close();
    }
  });

const isFileFormat = (format: string): format is FileFormat =>
  (FILE_FORMATS as readonly string[]).includes(format);

const names = QUERIES.map(({ name, parameters }) =>
  [name, ...parameters.map((parameter) => parameter.name.toUpperCase())].join(' '),
);

const options = (yargs: Argv) =>
  yargs
    .usage('$0 query FILE… (NAME [PARAMETER] | --sql SQL | --file F)')
    .positional('words', {
      type: 'string',
      array: true,
      describe: 'traces (or quoted patterns), then the name of a query and its parameter',
    })
    .options({
      sql: { type: 'string', requiresArg: true, describe: 'SQL over the tables of docs/tables.md' },
      file: { alias: 'f', type: 'string', requiresArg: true, describe: 'a file with SQL' },
      format: {
        choices: [...TEXT_FORMATS, ...FILE_FORMATS],
        default: 'table',
        describe: 'format of the result',
      },
      output: { alias: 'o', type: 'string', requiresArg: true, describe: 'write the result to a file' },
      ...FORCE,
      limit: { type: 'string', default: '100', requiresArg: true, describe: 'maximum number of rows shown' },
      list: { type: 'boolean', default: false, describe: 'list the named queries with their descriptions' },
      ...FILE_ACCESS,
      ...INCLUDE,
      ...STACKS,
      ...DISKS,
      ...NAMING_OPTIONS,
      ...LIMIT_OPTIONS,
    })
    .example('$0 query run.r386 foreign-pmap', 'which interrupt hijacked the alternate map')
    .example('$0 query run.r386 pte-history 0xefbfe000', 'who changed the mapping of an address')
    .example('$0 query run.r386 --sql "SELECT irq, count(*) FROM interrupts GROUP BY irq"', '')
    .epilogue(`named queries: ${names.join(', ')}`);

interface Request {
  readonly named: NamedFiles;
  readonly sql: string;
  readonly values: Record<string, number>;
  readonly shows?: 'first' | 'last';
}

function describeQueries(): string[] {
  const width = Math.max(...names.map((name) => name.length));
  return [
    ...QUERIES.map(({ title }, n) => `${names[n].padEnd(width)}  ${title}`),
    'next: rewind386 query FILE NAME; tables for SQL of your own: rewind386 query FILE --sql "SHOW TABLES"',
  ];
}

const listNames = `the named queries are ${names.join(', ')} (rewind386 query --list)`;

const isQueryName = (word: string): boolean => QUERIES.some((query) => query.name === word);

/** Traces come first, then the query's name, then its parameters. */
function parseRequest(
  words: readonly string[],
  sql: string | undefined,
  file: string | undefined,
  names: Names | undefined,
): Request {
  const at = words.findIndex(isQueryName);
  const text = sql ?? (file === undefined ? undefined : readSql(file));
  if (text !== undefined) return { named: namedFiles(words), sql: text, values: {} };
  if (at < 0) {
    const unknown = words.find((word) => !existsSync(word) && !isPattern(word));
    if (unknown !== undefined)
      throw new BadInput(`${unknown} is neither a file nor a named query${meantQuery(unknown)}`, listNames);
    throw new BadInput('no query given', `${listNames}; or give --sql "SELECT …"`);
  }
  const named = namedFiles(words.slice(0, at));
  if (named.traces.length === 0)
    throw new BadInput('no trace given', `rewind386 query FILE ${words.join(' ')}`);
  const query = QUERIES.find(({ name }) => name === words[at]) as SqlFile;
  const { shows } = query;
  return {
    named,
    sql: query.sql,
    shows,
    values: parseParameters(query, words.slice(at + 1), () => symbolsOf(named.traces[0], names)),
  };
}

const meantQuery = (word: string): string =>
  meant(
    word,
    QUERIES.map(({ name }) => name),
  );

function readSql(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new BadInput(`cannot read ${path}: ${fileError(error)}`);
  }
}
