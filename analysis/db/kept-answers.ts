import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import type { DuckDBResultReader } from '@duckdb/node-api';
import type { TraceCache } from './cache.ts';
import { DEFINITIONS } from './definitions.ts';
import type { RunGroup } from './runs.ts';
import type { SqlValues } from './statement.ts';

/**
 * Answers to the product's own questions, kept beside the tables of a trace. The bytes of the trace, the question and the definitions of what
 * it names determine an answer, so that a check of ten million events need not be asked twice.
 */

export type AnswerRow = Readonly<Record<string, string | number | boolean | null>>;

/** All rows of a question, as JSON has them: integers beyond 32 bits are texts. */
export interface Answer {
  readonly names: readonly string[];
  /** DuckDB's types of the columns. */
  readonly types: readonly string[];
  readonly rows: readonly AnswerRow[];
}

/** Of shorter traces an answer is computed as soon as it is read. */
export const KEPT_FROM_EVENTS = 100_000;

const DEFINED = createHash('sha256')
  .update([...DEFINITIONS.values()].join('\0'))
  .digest('hex');

export const answerFile = (sql: string, values: SqlValues, rows: number): string =>
  `answer-${createHash('sha256')
    .update([DEFINED, sql, JSON.stringify(values), String(rows)].join('\0'))
    .digest('hex')
    .slice(0, 16)}.json`;

export const answerOf = (result: DuckDBResultReader): Answer => ({
  names: result.columnNames(),
  types: result.columnTypes().map(String),
  rows: result.getRowObjectsJson() as AnswerRow[],
});

export async function keepAnswer(cache: TraceCache, file: string, answer: Answer): Promise<void> {
  await cache.store(file, async (path) => writeFileSync(path, JSON.stringify(answer)));
}

export function keptAnswer(cache: TraceCache, file: string): Answer | undefined {
  const path = cache.find(file);
  return path === undefined ? undefined : (JSON.parse(readFileSync(path, 'utf8')) as Answer);
}

/** The rows of a group, as if its traces were alone. */
export const answerOfGroup = ({ names, types, rows }: Answer, { first, runs }: RunGroup): Answer => ({
  names,
  types,
  rows: rows.flatMap((row) => {
    const run = Number(row.run_id) - first;
    return run >= 0 && run < runs.length ? [{ ...row, run_id: run }] : [];
  }),
});

/** The answers of all groups as one. */
export const joinedAnswer = (answers: readonly Answer[], groups: readonly RunGroup[]): Answer => ({
  ...answers[0],
  rows: answers.flatMap(({ rows }, n) =>
    rows.map((row) => ({ ...row, run_id: Number(row.run_id) + groups[n].first })),
  ),
});
