import { BadInput } from '../../../schemas/bad-input.ts';
import type { ElfSymbol } from '../../../schemas/guest/elf.ts';
import { meant } from '../../../schemas/nearest.ts';
import { formatResult, TEXT_FORMATS, type TextFormat } from '../../db/results.ts';
import type { TraceDatabase } from '../../db/trace-database.ts';
import { MACROS, QUERIES, type SqlFile, VIEWS } from '../../sql/catalog.ts';
import { TABLES } from '../../tables/index.ts';
import { parseParameters } from '../options/query-parameters.ts';
import { printLines, terminalWidth } from '../terminal/output.ts';

/** A session of `sql` on one database: statements, and commands that begin with a dot. */

export interface SqlSession {
  readonly db: TraceDatabase;
  /** Symbols of the first trace, usable as parameters of queries. */
  readonly symbols: () => readonly ElfSymbol[];
  format: TextFormat;
  readonly rows: number;
  timer: boolean;
}

const RELATIONS = [...TABLES, ...VIEWS].map(({ name }) => name).sort();
const NAMES = [
  ...RELATIONS,
  ...MACROS.map(({ name }) => `${name}(`),
  ...new Set([...TABLES, ...VIEWS].flatMap(({ columns }) => columns.map(({ name }) => name))),
];
const WORDS = [
  'SELECT',
  'FROM',
  'WHERE',
  'GROUP BY ALL',
  'ORDER BY',
  'LIMIT',
  'DESCRIBE',
  'SUMMARIZE',
  'ASOF LEFT JOIN',
];

/** Names and words of SQL that begin as `word` does. */
export const completions = (word: string): string[] => {
  if (word.startsWith('.'))
    return Object.keys(COMMANDS)
      .map((name) => `.${name}`)
      .filter((name) => name.startsWith(word));
  const lower = word.toLowerCase();
  return [...NAMES, ...WORDS].filter((name) => name.toLowerCase().startsWith(lower));
};

/** Shows the rows of one statement. True if the session continues. */
export async function answer(
  { db, format, rows }: SqlSession,
  sql: string,
  values: Readonly<Record<string, number>> = {},
  shows: SqlFile['shows'] = 'first',
): Promise<boolean> {
  const result = await db.query(sql, values);
  printLines(formatResult(result, format, { rows, shows, width: terminalWidth() }));
  return true;
}

type Command = readonly [
  help: string,
  run: (session: SqlSession, words: readonly string[]) => Promise<boolean>,
];

const done = async (lines: readonly string[]): Promise<boolean> => {
  printLines(lines);
  return true;
};

const COMMANDS: Readonly<Record<string, Command>> = {
  tables: ['tables and views, with what a row is', () => done(describeRelations())],
  columns: ['columns of a table or view: .columns paging_writes', (_, [name]) => done(describeColumns(name))],
  functions: ['functions and relations with parameters', () => done(MACROS.map(describeMacro))],
  queries: ['named queries', () => done(QUERIES.map(({ name, title }) => `${name.padEnd(20)} ${title}`))],
  run: [
    'a named query with its parameters: .run pte-history 0xefbfe000',
    (session, words) => runQuery(session, words),
  ],
  mode: [`format of the answers: ${TEXT_FORMATS.join(', ')}`, (session, [mode]) => setMode(session, mode)],
  timer: ['time of each answer: .timer on|off', (session, [state]) => setTimer(session, state)],
  help: ['this', () => done(Object.entries(COMMANDS).map(([name, [help]]) => `.${name.padEnd(10)} ${help}`))],
  quit: ['ends the session, as does Ctrl-D', async () => false],
};

/** Executes a command that begins with a dot. */
export async function command(session: SqlSession, [name, ...words]: readonly string[]): Promise<boolean> {
  const found = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!found)
    throw new BadInput(`there is no command .${name}${meant(name, Object.keys(COMMANDS))}`, '.help');
  return await found[1](session, words);
}

const describeRelations = (): string[] => [
  ...TABLES.map(({ name, doc }) => `${name.padEnd(20)} ${doc}`),
  ...VIEWS.map(({ name, title }) => `${name.padEnd(20)} ${title}`),
];

const describeMacro = ({ name, parameters, doc }: (typeof MACROS)[number]): string =>
  `${name}(${parameters.map((parameter) => parameter.name).join(', ')})  ${doc}`;

function describeColumns(name: string | undefined): string[] {
  const relation = [...TABLES, ...VIEWS].find((known) => known.name === name);
  if (!relation)
    throw new BadInput(`there is no table ${name ?? ''}${meant(name ?? '', RELATIONS)}`, '.tables');
  return relation.columns.map((column) => `${column.name.padEnd(20)} ${column.doc}`);
}

async function runQuery(session: SqlSession, [name, ...words]: readonly string[]): Promise<boolean> {
  const query = QUERIES.find((known) => known.name === name);
  if (!query)
    throw new BadInput(
      `there is no query ${name ?? ''}${meant(
        name ?? '',
        QUERIES.map((known) => known.name),
      )}`,
      '.queries',
    );
  return await answer(session, query.sql, parseParameters(query, words, session.symbols), query.shows);
}

async function setMode(session: SqlSession, mode: string | undefined): Promise<boolean> {
  const found = TEXT_FORMATS.find((format) => format === mode);
  if (!found) throw new BadInput(`unknown format: ${mode ?? ''}`, `.mode ${TEXT_FORMATS.join('|')}`);
  session.format = found;
  return true;
}

async function setTimer(session: SqlSession, state: string | undefined): Promise<boolean> {
  if (state !== 'on' && state !== 'off')
    throw new BadInput(`the timer is on or off, not ${state ?? ''}`, '.timer on');
  session.timer = state === 'on';
  return true;
}
