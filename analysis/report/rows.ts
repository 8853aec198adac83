import type { AnswerRow } from '../db/kept-answers.ts';
import type { TraceDatabase } from '../db/trace-database.ts';
import { commandSql } from '../sql/catalog.ts';

/** Rows of the report's SQL. */

export type Row = AnswerRow;

/** All rows of the SQL of a command, by its name. */
export async function rowsOf(
  db: TraceDatabase,
  name: string,
  values: Readonly<Record<string, string | number>> = {},
): Promise<readonly Row[]> {
  return (await db.answer(commandSql(name), values, Number.POSITIVE_INFINITY)).rows;
}

/** Rows by a key, in the order in which the keys come. */
export function grouped<Key>(rows: readonly Row[], keyOf: (row: Row) => Key): Map<Key, Row[]> {
  const groups = new Map<Key, Row[]>();
  for (const row of rows) {
    const key = keyOf(row);
    const group = groups.get(key);
    if (group) group.push(row);
    else groups.set(key, [row]);
  }
  return groups;
}

/** A member that is left out where a column is NULL. */
export const given = <Name extends string, Value>(
  name: Name,
  value: string | number | boolean | null | undefined,
  read: (value: string | number | boolean) => Value,
): { [_ in Name]?: Value } =>
  (value === null || value === undefined ? {} : { [name]: read(value) }) as { [_ in Name]?: Value };
