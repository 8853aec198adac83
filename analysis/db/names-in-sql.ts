import type { DuckDBConnection } from '@duckdb/node-api';
import { DEFINITIONS, wordsOf } from './definitions.ts';
import { hexLiterals } from './hex-literals.ts';

/** Names of tables, views and macros in SQL, by DuckDB's own parser: a column may be called as a table that takes a minute to make. */

const VIEW = /^\s*CREATE (?:OR REPLACE )?VIEW \w+ AS\s/i;
const MACRO = /^\s*CREATE (?:OR REPLACE )?MACRO \w+\s*\([^)]*\) AS(\s+TABLE)?\s/i;

/** Functions that take the name of a table, or SQL, as a text. */
const TAKES_TEXT: ReadonlySet<string> = new Set(['query', 'query_table']);

/** The tool's own definitions, and the names in those that have been looked at: every database of a process asks again. */
const OWN: ReadonlySet<string> = new Set(DEFINITIONS.values());
const namesInOwn = new Map<string, ReadonlySet<string>>();

/** In lower case. Of what is no query, and of a query that does not parse, every word: one name too many does no harm. */
export async function namesInSql(connection: DuckDBConnection, sql: string): Promise<ReadonlySet<string>> {
  const names = namesInOwn.get(sql) ?? (await parsedNames(connection, sql));
  if (OWN.has(sql)) namesInOwn.set(sql, names);
  return names;
}

async function parsedNames(connection: DuckDBConnection, sql: string): Promise<ReadonlySet<string>> {
  const query = queryOf(hexLiterals(sql)).replace(/[\s;]+$/, '');
  const answer = await connection.runAndReadAll('SELECT json_serialize_sql($query::VARCHAR)', { query });
  const names = new Set<string>();
  const parsed = JSON.parse(String(answer.getRows()[0][0]), (key, value) => {
    if ((key === 'table_name' || key === 'function_name') && typeof value === 'string')
      names.add(value.toLowerCase());
    return value;
  });
  if (parsed.error || [...names].some((name) => TAKES_TEXT.has(name))) return wordsOf(sql);
  return names;
}

/** The query that a definition makes a view or macro of; what is none stays as it is. */
function queryOf(sql: string): string {
  const macro = MACRO.exec(sql);
  if (!macro) return sql.replace(VIEW, '');
  const body = sql.slice(macro[0].length).replace(/[\s;]+$/, '');
  return macro[1] ? body : `SELECT (${body}\n)`;
}
