import { existsSync, readFileSync } from 'node:fs';
import type { Argv } from 'yargs';
import { BadInput } from '../../../schemas/bad-input.ts';
import { fileError } from '../../../schemas/file-error.ts';
import { FILE_FORMATS, type FileFormat, writeResult, writtenFirst } from '../../db/result-file.ts';
import { formatResult, TEXT_FORMATS, type TextFormat } from '../../db/results.ts';
import { QUERIES, type SqlFile } from '../../sql/catalog.ts';
import { bytes } from '../format.ts';
import { givenNames, NAMING_OPTIONS } from '../guest-names.ts';
import { openDatabase } from '../open-database.ts';
import { print, printLines } from '../output.ts';
import { LIMIT_OPTIONS, queryLimits } from '../query-limits.ts';
import { fileBytes } from './file-bytes.ts';

/** `rewind386 query` */
export const addQuery = (cli: Argv): Argv =>
  cli.command('query <words..>', 'ask a named query or SQL of traces', options, async (args) => {
    const request = parseRequest(args.words.map(String), args.sql, args.file);
    const format = args.format as TextFormat | FileFormat;
    const toFile = (FILE_FORMATS as readonly string[]).includes(format);
    if (toFile && !args.output)
      throw new BadInput(`--format ${format} needs a file to write to`, 'add -o FILE');
    const db = await openDatabase(request.files, {
      limits: queryLimits(args),
      names: givenNames(args),
      allowFiles: args.allowFiles,
      outputs: args.output ? [writtenFirst(args.output)] : [],
    });
    try {
      if (toFile) {
        await writeResult(db, request.sql, request.values, format as FileFormat, args.output as string);
        print(`${args.output}: ${bytes(fileBytes(args.output as string))}`);
      } else {
        const result = await db.query(request.sql, request.values);
        const lines = formatResult(result, format as TextFormat, args.limit);
        printLines(lines);
      }
      await db.writeCache();
    } finally {
      db.close();
    }
  });

const names = QUERIES.map(({ name, parameters }) =>
  [name, ...parameters.map((parameter) => parameter.name.toUpperCase())].join(' '),
);

const options = (yargs: Argv) =>
  yargs
    .usage('$0 query FILE… (NAME [PARAMETER] | --sql SQL | --file F)')
    .positional('words', {
      type: 'string',
      array: true,
      demandOption: true,
      describe: 'traces, then the name of a query and its parameter',
    })
    .options({
      sql: { type: 'string', requiresArg: true, describe: 'SQL over the tables of docs/tables.md' },
      file: { alias: 'f', type: 'string', requiresArg: true, describe: 'a file with SQL' },
      format: {
        choices: [...TEXT_FORMATS, ...FILE_FORMATS],
        default: 'table',
        describe: 'form of the result',
      },
      output: { alias: 'o', type: 'string', requiresArg: true, describe: 'file for arrow and parquet' },
      limit: { type: 'number', default: 100, describe: 'rows shown of a table' },
      'allow-files': {
        type: 'boolean',
        default: false,
        describe: 'let SQL of your own read and write files and reach the network',
      },
      ...NAMING_OPTIONS,
      ...LIMIT_OPTIONS,
    })
    .example('$0 query run.r386 foreign-pmap', 'which interrupt hijacked the alternate map')
    .example('$0 query run.r386 pte-history 0xefbfe000', 'who changed the mapping of an address')
    .example('$0 query run.r386 --sql "SELECT irq, count(*) FROM interrupts GROUP BY irq"', '')
    .epilogue(`named queries: ${names.join(', ')}`);

interface Request {
  readonly files: readonly string[];
  readonly sql: string;
  readonly values: Record<string, number>;
}

const listNames = `the named queries are ${names.join(', ')}`;

const isQueryName = (word: string): boolean => QUERIES.some((query) => query.name === word);

/** Traces come first, then the query's name, then its parameters. */
function parseRequest(words: readonly string[], sql: string | undefined, file: string | undefined): Request {
  const at = words.findIndex(isQueryName);
  const files = at < 0 ? words : words.slice(0, at);
  const text = sql ?? (file === undefined ? undefined : readSql(file));
  if (text !== undefined) return { files: words, sql: text, values: {} };
  if (at < 0) {
    const unknown = words.find((word) => !existsSync(word));
    if (unknown !== undefined)
      throw new BadInput(`${unknown} is neither a file nor a named query`, listNames);
    throw new BadInput('no query given', `${listNames}; or give --sql "SELECT …"`);
  }
  if (files.length === 0) throw new BadInput('no trace given', `rewind386 query FILE ${words.join(' ')}`);
  const query = QUERIES.find(({ name }) => name === words[at]) as SqlFile;
  return { files, sql: query.sql, values: parseParameters(query, words.slice(at + 1)) };
}

/** The values of a named query's parameters, as typed; throws BadInput for too few, too many and what is no number. */
export function parseParameters(
  { name, parameters }: SqlFile,
  given: readonly string[],
): Record<string, number> {
  if (given.length !== parameters.length) {
    const wanted = parameters.map((p) => `${p.name.toUpperCase()} (${p.doc})`).join(', ') || 'no parameter';
    throw new BadInput(
      `${name} takes ${wanted}; given: ${given.join(' ') || 'none'}`,
      `rewind386 query FILE ${name} …`,
    );
  }
  return Object.fromEntries(parameters.map((parameter, i) => [parameter.name, parseNumber(given[i], name)]));
}

function parseNumber(text: string, query: string): number {
  if (/^(0x[0-9a-f]+|\d+)$/i.test(text) && Number(text) < 2 ** 32) return Number(text);
  throw new BadInput(`${query}: ${text} is not a 32-bit number`, 'write it as 0xefbfe000 or in decimal');
}

function readSql(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new BadInput(`cannot read ${path}: ${fileError(error)}`);
  }
}
