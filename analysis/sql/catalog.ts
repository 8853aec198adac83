import { readdirSync, readFileSync } from 'node:fs';

/**
 * The SQL that comes with the tool: one file each. A file begins with comment lines: a title, then prose, then for each
 * parameter a line `@param name meaning`, for each column of the result a line `@column name meaning`, and a line
 * `@renamed name old` for one that had another name in an earlier version, by which bundles know it. A view with `@kept` is computed
 * once, when it is first asked for. Views are bodies of
 * CREATE VIEW; the files of macros/ have many statements, each with its own comment. No column has the name of an SQL keyword: nobody has to quote it.
 */

export interface SqlParameter {
  readonly name: string;
  readonly doc: string;
}

export interface SqlColumn {
  readonly name: string;
  readonly doc: string;
}

export interface SqlFile {
  readonly name: string;
  readonly title: string;
  readonly doc: string;
  readonly parameters: readonly SqlParameter[];
  /** Of the result, in order. */
  readonly columns: readonly SqlColumn[];
  /** Which rows are shown of too many: a history ends with what is now. */
  readonly shows: 'first' | 'last';
  /** Names of today by the ones of earlier versions. */
  readonly renamed: ReadonlyMap<string, string>;
  readonly sql: string;
  /** The whole file. */
  readonly text: string;
}

export interface SqlView extends SqlFile {
  /** True if it is a named query as well. */
  readonly isQuery: boolean;
  /** Computed once and kept, for what takes long and has few rows. */
  readonly isKept: boolean;
}

const folder = new URL('./', import.meta.url);

/** The `.sql` files of a folder, in the order of their names. */
export function readSqlFolder(url: URL): SqlFile[] {
  return readdirSync(url)
    .filter((file) => file.endsWith('.sql'))
    .sort()
    .map((file) => readSqlFile(file.slice(0, -'.sql'.length), new URL(file, url)));
}

export const readSqlFile = (name: string, url: URL): SqlFile => parseSqlFile(name, readFileSync(url, 'utf8'));

export function parseSqlFile(name: string, text: string): SqlFile {
  const lines = text.split('\n');
  const end = lines.findIndex((line) => !line.startsWith('--'));
  const comments = lines.slice(0, end).map((line) => line.replace(/^-- ?/, ''));
  const tagged = (tag: string) =>
    comments.flatMap((line) => {
      const match = /^@(\w+) (\w+) (.*)/.exec(line);
      return match?.[1] === tag ? [{ name: match[2], doc: match[3] }] : [];
    });
  const prose = comments.filter((line) => !line.startsWith('@'));
  return {
    name,
    title: prose[0] ?? name,
    doc: prose.slice(1).join('\n').trim(),
    parameters: tagged('param'),
    columns: tagged('column'),
    shows: comments.includes('@shows last') ? 'last' : 'first',
    renamed: new Map(tagged('renamed').map(({ name, doc: old }) => [old, name])),
    sql: lines.slice(end).join('\n').trim(),
    text,
  };
}

export interface SqlMacro {
  readonly name: string;
  /** One sentence or more. */
  readonly doc: string;
  /** All that it takes, in order; a meaning is '' where none is written. */
  readonly parameters: readonly SqlParameter[];
  /** A query that calls it; '' where there is none. */
  readonly example: string;
  readonly sql: string;
}

/** `-- what it is`, `-- @param name meaning` and `-- @example SQL` above `CREATE MACRO name(parameters) AS …`. */
export function parseMacro(statement: string): SqlMacro {
  const lines = statement.split('\n');
  const signature = /CREATE MACRO (\w+)\(([^)]*)\)/.exec(statement);
  if (!signature) throw new Error(`no macro: ${statement}`);
  const [, name, parameters] = signature;
  const comments = lines.filter((line) => line.startsWith('-- ')).map((line) => line.slice(3));
  const meaningOf = (parameter: string) =>
    comments.find((line) => line.startsWith(`@param ${parameter} `))?.slice(`@param ${parameter} `.length);
  return {
    name,
    doc: comments.filter((line) => !line.startsWith('@')).join(' '),
    parameters: parameters
      .split(', ')
      .filter((parameter) => parameter !== '')
      .map((parameter) => ({ name: parameter, doc: meaningOf(parameter) ?? '' })),
    example: comments.find((line) => line.startsWith('@example '))?.slice('@example '.length) ?? '',
    sql: lines
      .filter((line) => !line.startsWith('--'))
      .join('\n')
      .trim(),
  };
}

export const MACROS: readonly SqlMacro[] = readSqlFolder(new URL('macros/', folder)).flatMap(({ text }) =>
  text
    .replace(/^(--.*\n)+\n/, '')
    .split(/;\s*\n/)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '')
    .map(parseMacro),
);

/** SQL of commands, with parameters that a command makes. */
export const commandSql = (name: string): string =>
  readSqlFile(name, new URL(`commands/${name}.sql`, folder)).sql;

/** SQL of the timeline of `serve`, by name. */
export const timelineSql = (name: string): string =>
  readSqlFile(name, new URL(`timeline/${name}.sql`, folder)).sql;

export const QUERIES: readonly SqlFile[] = readSqlFolder(new URL('queries/', folder));

/** Relations that SQL can select from besides the tables: the views, and the named queries that need no parameter. */
export const VIEWS: readonly SqlView[] = [
  ...readSqlFolder(new URL('views/', folder)).map((view) => ({
    ...view,
    isQuery: false,
    isKept: /^-- @kept$/m.test(view.text),
  })),
  ...QUERIES.filter(({ parameters }) => parameters.length === 0).map((query) => ({
    ...query,
    isQuery: true,
    isKept: false,
  })),
].map((view) => ({ ...view, name: view.name.replaceAll('-', '_') }));
