import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { QuestionProcess } from '../../analysis/cli/work/question-process.ts';
import type { Result } from '../../analysis/web/serve-data.ts';
import { madeTrace } from '../sql/made-trace.ts';

/**
 * SQL that would take all time, memory or disk that there is, asked of the process that answers the console of `serve`: each is ended, the
 * process that it was asked of ends where it must, and the next question is answered. Twenty seconds when idle.
 */

const SECONDS = 0.5;
const folder = mkdtempSync(join(tmpdir(), 'r386-attacks-'));
let questions: QuestionProcess;

beforeAll(async () => {
  const trace = madeTrace(join(folder, 'run.r386'), {}, [
    { kind: 'control_writes', reg: 'cr3', new: 0x1000 },
  ]);
  const limits = { seconds: SECONDS, memoryBytes: 256 * 2 ** 20, rows: 1_000_000 };
  questions = await QuestionProcess.open({ files: [trace], folder, limits });
});
afterAll(async () => {
  await questions.close();
  rmSync(folder, { recursive: true });
});

const ask = (sql: string, more: object = {}) => questions.ask({ sql, ...more }, new AbortController().signal);
const rowsOf = async (sql: string) => (JSON.parse(await ask(sql)) as Result).rows;

/** DuckDB does not hear that it is to stop. */
const SLOW = "SELECT levenshtein(repeat('a', 200000), repeat('b', 200000))";
const STOPPED = /stopped after 0.5 seconds|exceeds its memory limit/;

describe('a question', () => {
  it.each([
    ['never ends', 'WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT count(*) FROM t'],
    [
      'is a product',
      'SELECT count(*) FROM range(1e6::INT) a, range(1e6::INT) b WHERE a.range % 7 = b.range % 5',
    ],
    ['sorts what it cannot hold', 'FROM range(1e6::INT) a, range(1000) b ORDER BY random()'],
    ['does not hear that it is to stop', SLOW],
    ['has a list that no page holds', 'SELECT range(30000000)'],
    ['has a list that no memory holds', 'SELECT list_transform(range(1000000000), x -> x + 1)'],
    ['has a text that no memory holds', "SELECT repeat('x', 4000000000)"],
    ['has many long texts', "SELECT string_agg(repeat('x', 1000000), '') FROM range(100000)"],
    ['has a wide number', "SELECT printf('%2000000000d', 1)"],
  ])('that %s is ended, and the next is answered', async (_, sql) => {
    await expect(ask(sql)).rejects.toThrow(STOPPED);
    expect(await rowsOf('SELECT count(*) FROM control_writes')).toEqual([[1]]);
  });

  it.each([
    ['10^9 rows', 'FROM range(1000000000)', 100_000],
    [
      'rows without an end',
      'WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) FROM t',
      100_000,
    ],
    ['long texts', "SELECT repeat('x', 100000) FROM range(1000)", 513],
  ])('with %s shows the first', async (_, sql, most) => {
    const answer = await ask(sql).catch((error: Error) => error.message);
    if (STOPPED.test(answer)) return;
    const { rows, isWhole } = JSON.parse(answer) as Result;
    expect([rows.length <= most, isWhole]).toEqual([true, false]);
  });

  it.each(['csv', 'parquet'] as const)('that fills the disk with %s is ended', async (format) => {
    const path = join(folder, 'download');
    const sql = 'SELECT repeat(md5(range::VARCHAR), 100000) FROM range(1000000)';
    await expect(ask(sql, { file: { path, format } })).rejects.toThrow(
      /stopped after|larger than|memory limit/,
    );
    rmSync(path, { force: true });
    expect(readdirSync(folder)).toEqual(['run.r386']);
  });

  it('that nobody waits for any more is ended though it does not hear it', async () => {
    const leave = new AbortController();
    const gone = questions.ask({ sql: SLOW }, leave.signal);
    setTimeout(() => leave.abort(), 100);
    await expect(gone).rejects.toThrow('the query was stopped');
    // The process has ended: the next one is still starting when nobody waits for it any more.
    const leaveAtOnce = new AbortController();
    const begun = performance.now();
    const next = questions.ask({ sql: SLOW }, leaveAtOnce.signal);
    setTimeout(() => leaveAtOnce.abort(), 5);
    await expect(next).rejects.toThrow('the query was stopped');
    expect(performance.now() - begun).toBeLessThan(30_000);
    expect(await rowsOf('SELECT 1')).toEqual([[1]]);
    expect(existsSync(folder)).toBe(true);
  });
});
