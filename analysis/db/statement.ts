import {
  type DuckDBConnection,
  type DuckDBPreparedStatement,
  type DuckDBResultReader,
  StatementType,
} from '@duckdb/node-api';
import { BadInput } from '../../schemas/bad-input.ts';
import { hexLiterals } from './hex-literals.ts';

/** One question in SQL: checked by DuckDB's own parser, and run within limits. */

export type SqlValues = Readonly<Record<string, string | number | bigint>>;

/**
 * The one statement of a text, which must be a question: SELECT, or what DuckDB makes one of (FROM, VALUES, SHOW, DESCRIBE,
 * SUMMARIZE), or EXPLAIN of one. Throws BadInput for anything else, and DuckDB's error for what is no SQL.
 */
export async function prepareQuestion(
  connection: DuckDBConnection,
  sql: string,
  values: SqlValues = {},
): Promise<DuckDBPreparedStatement> {
  const text = hexLiterals(sql);
  const statements = await extract(connection, text);
  if (statements.count !== 1)
    throw new BadInput(
      `${statements.count} SQL statements where one is expected`,
      'ask one question at a time (a PIVOT needs its IN list)',
    );
  const statement = await statements.prepare(0);
  const { statementType: type } = statement;
  const asks =
    type === StatementType.SELECT || (type === StatementType.EXPLAIN && (await explains(connection, text)));
  if (!asks)
    throw new BadInput(
      `a query may only read: ${StatementType[type] ?? 'this statement'} is not allowed`,
      'write SELECT, FROM, SHOW TABLES, DESCRIBE, SUMMARIZE or EXPLAIN',
    );
  if (Object.keys(values).length > 0) statement.bind({ ...values });
  return statement;
}

async function extract(connection: DuckDBConnection, text: string) {
  const blank = text.replaceAll(/--[^\n]*|\/\*[\s\S]*?\*\/|[\s;]/g, '') === '';
  if (blank)
    throw new BadInput(
      'the query holds no SQL statement',
      'write SELECT … FROM …; SHOW TABLES lists the tables',
    );
  return await connection.extractStatements(text);
}

/** EXPLAIN ANALYZE executes what it explains: that has to be a question too. */
async function explains(connection: DuckDBConnection, text: string): Promise<boolean> {
  const explained = /^\s*EXPLAIN\s+(?:ANALYZE\s+)?(?:\([^)]*\)\s*)?([\s\S]*)$/i.exec(text)?.[1];
  if (explained === undefined) return false;
  const statements = await connection.extractStatements(explained);
  return statements.count === 1 && (await statements.prepare(0)).statementType === StatementType.SELECT;
}

/** Limits of reading one answer. */
export interface AnswerLimits {
  readonly seconds: number;
  readonly rows: number;
  readonly signal?: AbortSignal | undefined;
}

/** Runs a statement and reads its rows; throws BadInput beyond the limits. */
export async function readAnswer(
  connection: DuckDBConnection,
  statement: DuckDBPreparedStatement,
  limits: AnswerLimits,
): Promise<DuckDBResultReader> {
  return await withinTime(connection, limits, async () => {
    if (limits.rows === Number.POSITIVE_INFINITY) return await statement.runAndReadAll();
    const reader = await statement.streamAndReadUntil(limits.rows + 1);
    if (reader.currentRowCount > limits.rows)
      throw tooManyRows(
        limits.rows,
        'add a LIMIT to the query, raise --max-rows, or write a file: --format parquet -o FILE',
      );
    return reader;
  });
}

export const tooManyRows = (rows: number, next: string): BadInput =>
  new BadInput(`the answer has more than ${rows.toLocaleString('en-US')} rows`, next);

/** A question that nobody waits for any more. */
export const stopped = (): BadInput => new BadInput('the query was stopped');

/** A question that took longer than it may. */
export const stoppedAfter = (seconds: number): BadInput =>
  new BadInput(
    `the query was stopped after ${seconds} seconds`,
    'narrow the query, or raise --timeout SECONDS',
  );

/** Interrupts the connection's statement after so many seconds, or when the signal says so. */
export async function withinTime<Result>(
  connection: DuckDBConnection,
  { seconds, signal }: Pick<AnswerLimits, 'seconds' | 'signal'>,
  run: () => Promise<Result>,
): Promise<Result> {
  let late = false;
  const interrupt = () => connection.interrupt();
  const timer = setTimeout(
    () => {
      late = true;
      interrupt();
    },
    Math.min(seconds * 1000, 2 ** 31 - 1),
  );
  signal?.addEventListener('abort', interrupt);
  // In the place of the answer too: rows that are read piece by piece end at an interrupt without an error.
  const ended = () => {
    if (signal?.aborted) throw stopped();
    if (late) throw stoppedAfter(seconds);
  };
  try {
    return await run().finally(ended);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', interrupt);
  }
}
