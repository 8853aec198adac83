import { pack, unpack } from '../../schemas/compression.ts';
import { TraceDamage } from '../../schemas/framing.ts';
import { MAX_ANSWER_BYTES } from '../../schemas/limits.ts';
import type { Expectation } from '../../schemas/trace-bundle.ts';
import { untrusted } from '../../schemas/untrusted.ts';
import { CHECKS } from '../check/checks.ts';
import { type Cell, cells } from '../db/results.ts';
import type { TraceDatabase } from '../db/trace-database.ts';
import { QUERIES } from '../sql/catalog.ts';

/** The answers that a bundle must give: each named query without parameters, each check, and the bundler's own. */

interface Question {
  readonly name: string;
  /** Stored in the bundle: only of questions that do not come with the tool. */
  readonly own: string;
  readonly sql: string;
  /** Columns that earlier versions called otherwise: names of today by old ones. */
  readonly renamed?: ReadonlyMap<string, string>;
}

const BUILT_IN: readonly Question[] = [
  ...QUERIES.filter(({ parameters }) => parameters.length === 0).map(({ name, sql, renamed }) => ({
    name,
    own: '',
    sql,
    renamed,
  })),
  ...CHECKS.map(({ name, sql }) => ({
    name: `check ${name}`,
    own: '',
    sql: `SELECT icount, from_icount, summary FROM (${sql})`,
  })),
];

interface Answer {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
}

async function answer(db: TraceDatabase, sql: string): Promise<Answer> {
  const result = await db.query(sql);
  return { columns: result.deduplicatedColumnNames(), rows: cells(result) };
}

/** Asks everything. `own`: SQL of the bundler's. */
export async function expectations(db: TraceDatabase, own: readonly string[]): Promise<Expectation[]> {
  const questions = [
    ...BUILT_IN,
    ...own.map((sql, n): Question => ({ name: `query ${n + 1}`, own: sql, sql })),
  ];
  const expected: Expectation[] = [];
  for (const { name, own: stored, sql } of questions) {
    const { columns, rows } = await answer(db, sql);
    const text = new TextEncoder().encode(JSON.stringify(rows));
    expected.push({ name: untrusted(name), sql: stored, columns: columns.map(untrusted), rows: pack(text) });
  }
  return expected;
}

export interface Mismatch {
  readonly name: string;
  /** One line for people. */
  readonly what: string;
}

export interface Verification {
  readonly rows: number;
  readonly queries: number;
  readonly mismatches: readonly Mismatch[];
}

/** Asks again. A query may have got new columns since; the ones that the bundle knows must have the same rows. */
export async function verifyExpectations(
  db: TraceDatabase,
  expected: readonly Expectation[],
): Promise<Verification> {
  const mismatches: Mismatch[] = [];
  let rows = 0;
  for (const expectation of expected) {
    const wanted = expectedRows(expectation);
    rows += wanted.length;
    const what = await compare(db, expectation, wanted);
    if (what !== undefined) mismatches.push({ name: String(expectation.name), what });
  }
  return { rows, queries: expected.length, mismatches };
}

function expectedRows({ name, rows }: Expectation): Cell[][] {
  try {
    return JSON.parse(new TextDecoder().decode(unpack(rows, MAX_ANSWER_BYTES))) as Cell[][];
  } catch (error) {
    throw new TraceDamage(`bundle, rows of ${name}`, error instanceof Error ? error.message : String(error));
  }
}

async function compare(
  db: TraceDatabase,
  { name, sql, columns }: Expectation,
  wanted: readonly (readonly Cell[])[],
): Promise<string | undefined> {
  const builtIn = sql === '' ? BUILT_IN.find((question) => question.name === name.raw) : undefined;
  const text = sql || builtIn?.sql;
  if (text === undefined) return 'this version of rewind386 has no such query';
  const found = await answer(db, text);
  const places = columns.map(({ raw }) => found.columns.indexOf(builtIn?.renamed?.get(raw) ?? raw));
  const missing = columns.filter((_, n) => places[n] < 0);
  if (missing.length > 0) return `it has no column ${missing.join(', ')} now`;
  const rows = found.rows.map((row) => places.map((place) => row[place]));
  // Rows that are equal in what a query sorts by come in any order.
  const before = wanted.map((row) => JSON.stringify(row)).sort();
  const after = rows.map((row) => JSON.stringify(row)).sort();
  if (before.length !== after.length)
    return `${after.length} rows instead of ${before.length}${firstOdd(before, after)}`;
  const n = before.findIndex((row, i) => row !== after[i]);
  return n < 0 ? undefined : `${after[n]} instead of ${before[n]}`;
}

function firstOdd(before: readonly string[], after: readonly string[]): string {
  const [more, fewer, word] = after.length > before.length ? [after, before, 'new'] : [before, after, 'gone'];
  const known = new Set(fewer);
  const odd = more.find((row) => !known.has(row));
  return odd === undefined ? '' : `; ${word}: ${odd}`;
}
