import type { Expectation, TraceBundle } from '../../schemas/trace/bundle.ts';
import { pack, unpack } from '../../schemas/trace/compression.ts';
import { TraceDamage } from '../../schemas/trace/framing.ts';
import { MAX_ANSWER_BYTES } from '../../schemas/trace/limits.ts';
import { untrusted } from '../../schemas/untrusted.ts';
import { type Cell, cells } from '../db/results.ts';
import type { SqlValues } from '../db/statement.ts';
import type { TraceDatabase } from '../db/trace-database.ts';
import { BUILT_IN, knownQuestion, type Question, requiredOf } from './questions.ts';

/**
 * The answers that a bundle must give: to the tool's own questions, to named queries chosen by the person who makes the bundle, and to
 * that person's SQL.
 */

interface Answer {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
}

async function answer(db: TraceDatabase, sql: string, values: SqlValues): Promise<Answer> {
  const result = await db.query(sql, values);
  return { columns: result.deduplicatedColumnNames(), rows: cells(result) };
}

/** Runs all questions. `chosen`: named queries with parameters; `own`: the user's SQL. */
export async function expectations(
  db: TraceDatabase,
  chosen: readonly Question[],
  own: readonly string[],
): Promise<Expectation[]> {
  const expected: Expectation[] = [];
  const ask = async ({ name, sql, values }: Question, stored: string) => {
    const { columns, rows } = await answer(db, sql, values);
    const text = new TextEncoder().encode(JSON.stringify(rows));
    expected.push({
      name: untrusted(name),
      sql: stored,
      values,
      columns: columns.map(untrusted),
      rows: pack(text),
    });
  };
  for (const question of [...BUILT_IN, ...chosen]) await ask(question, '');
  for (const [n, sql] of own.entries()) await ask({ name: `query ${n + 1}`, sql, values: {} }, sql);
  return expected;
}

export interface Mismatch {
  readonly name: string;
  /** Summary in one line. */
  readonly what: string;
}

export interface Verification {
  /** Rows compared. */
  readonly rows: number;
  /** Questions that were run again. */
  readonly queries: number;
  readonly mismatches: readonly Mismatch[];
  /** SQL of the bundle's own that was not run. */
  readonly notRun: number;
}

/** Throws TraceDamage if the bundle lacks an answer that every bundle of its version has. */
export function checkComplete({ toolVersion, expectations: expected }: TraceBundle): void {
  const answered = new Set(expected.filter(({ sql }) => sql === '').map(({ name }) => name.raw));
  const later = (name: string) => [...answered].some((answer) => answer.startsWith(`${name}/`));
  const missing = requiredOf(toolVersion.raw).filter((name) => !answered.has(name) && !later(name));
  if (missing.length > 0) throw new TraceDamage('bundle', `it lacks the answers to ${missing.join(', ')}`);
  const empty = expected.find(({ columns }) => columns.length === 0);
  if (empty) throw new TraceDamage('bundle', `its answer to ${empty.name} has no columns`);
}

/**
 * Runs the questions again. A query may have new columns by now; the columns in the bundle must have the same rows. `runSql`: also run
 * SQL in the bundle; otherwise only the tool's own.
 */
export async function verifyExpectations(
  db: TraceDatabase,
  expected: readonly Expectation[],
  runSql: boolean,
): Promise<Verification> {
  const mismatches: Mismatch[] = [];
  let rows = 0;
  let notRun = 0;
  for (const expectation of expected) {
    const { name, sql } = expectation;
    const wanted = expectedRows(expectation);
    const question = knownQuestion(expectation) ?? (sql === '' ? undefined : ownQuestion(expectation));
    if (question && !knownQuestion(expectation) && !runSql) {
      notRun++;
      continue;
    }
    rows += wanted.length;
    const what = question
      ? await compare(db, expectation, question, wanted)
      : 'this version of rewind386 has no such query';
    if (what !== undefined) mismatches.push({ name: String(name), what });
  }
  return { rows, queries: expected.length - notRun, mismatches, notRun };
}

const ownQuestion = ({ name, sql }: Expectation): Question => ({ name: name.raw, sql, values: {} });

function expectedRows({ name, rows }: Expectation): Cell[][] {
  const part = `bundle, rows of ${name}`;
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder().decode(unpack(rows, MAX_ANSWER_BYTES)));
  } catch (error) {
    throw new TraceDamage(part, error instanceof Error ? error.message : String(error));
  }
  if (Array.isArray(parsed) && parsed.every((row) => Array.isArray(row))) return parsed as Cell[][];
  throw new TraceDamage(part, 'they are not a list of rows');
}

async function compare(
  db: TraceDatabase,
  { columns }: Expectation,
  { sql, values, renamed }: Question,
  wanted: readonly (readonly Cell[])[],
): Promise<string | undefined> {
  const found = await answer(db, sql, values);
  const places = columns.map(({ raw }) => found.columns.indexOf(renamed?.get(raw) ?? raw));
  const missing = columns.filter((_, n) => places[n] < 0);
  if (missing.length > 0) return `it has no column ${missing.join(', ')} now`;
  const rows = found.rows.map((row) => places.map((place) => row[place]));
  // The order of rows that compare equal in ORDER BY is undefined.
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
