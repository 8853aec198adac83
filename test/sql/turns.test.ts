import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { TraceDatabase } from '../../analysis/db/trace-database.ts';
import { madeTrace } from './made-trace.ts';

/** Questions that are asked of one database at the same time: each has its own answer. */

const folder = mkdtempSync(join(tmpdir(), 'r386-turns-'));
const ROWS = 5000;
let db: TraceDatabase;

beforeAll(async () => {
  const trace = madeTrace(
    join(folder, 'run.r386'),
    {},
    Array.from({ length: ROWS }, (_, n) => ({
      kind: 'control_writes' as const,
      reg: 'cr3',
      new: 0x1000 * (1 + (n % 3)),
    })),
  );
  db = await TraceDatabase.open([trace], { cache: false, outputFolders: [folder], limits: { seconds: 20 } });
});
afterAll(() => {
  db.close();
  rmSync(folder, { recursive: true });
});

const HUGE = 'SELECT sum(a.range * b.range) FROM range(10000000) a, range(10000000) b';

it('asked together are answered one after the other', async () => {
  const asked = Array.from({ length: 8 }, (_, n) =>
    db.query(`SELECT ${n} AS n, count(*)::INTEGER AS rows FROM control_writes`),
  );
  const rows = (await Promise.all(asked)).map((reader) => reader.getRowsJson()[0]);
  expect(rows).toEqual(Array.from({ length: 8 }, (_, n) => [n, ROWS]));
});

it('a wrong one does not harm the next', async () => {
  const [wrong, right] = await Promise.allSettled([db.query('SELECT nonsense'), db.query('SELECT 7')]);
  expect([wrong.status, right.status]).toEqual(['rejected', 'fulfilled']);
});

it('one that nobody waits for any more ends at once, or is never begun', async () => {
  const stop = new AbortController();
  const running = db.preview(HUGE, { signal: stop.signal });
  const waiting = db.preview('SELECT 1', { signal: stop.signal });
  setTimeout(() => stop.abort(), 100);
  await expect(running).rejects.toThrow('the query was stopped');
  await expect(waiting).rejects.toThrow('the query was stopped');
  expect((await db.query('SELECT 2')).getRowsJson()).toEqual([[2]]);
});

it('a preview has the first rows, and says that there are more', async () => {
  const { rows, isWhole } = await db.preview('SELECT icount FROM control_writes ORDER BY icount', {
    rows: 10,
  });
  expect([rows.length, isWhole, rows.at(-1)]).toEqual([10, false, [10000]]);
  const whole = await db.preview('FROM control_writes', { rows: ROWS });
  expect([whole.rows.length, whole.isWhole]).toEqual([ROWS, true]);
});

it('a preview holds no more of long texts than can be looked at', async () => {
  const { rows, isWhole } = await db.preview("SELECT repeat('x', 70000) FROM range(1200)");
  expect([rows.length < 1000, String(rows[0][0]).length, isWhole]).toEqual([true, 65_537, false]);
});

it('current_range is what is selected, and the whole run without a selection', async () => {
  const sql =
    'SELECT count(*)::INTEGER FROM control_writes JOIN current_range USING (run_id) WHERE icount BETWEEN from_icount AND to_icount';
  const count = async (range?: { from: number; to: number }) =>
    (await db.preview(sql, range ? { range } : {})).rows[0][0];
  expect(await count()).toBe(ROWS);
  expect(await count({ from: 1500, to: 4000.2 })).toBe(3);
  expect(await count({ from: -5, to: 1000 })).toBe(1);
  expect(await count()).toBe(ROWS);
});

it('a download is the rows as CSV or Parquet, and refused where they are more than are wanted', async () => {
  const csv = join(folder, 'rows.csv');
  await db.download('SELECT icount, new FROM control_writes ORDER BY icount LIMIT 2', csv, 'csv', {});
  expect(readFileSync(csv, 'utf8')).toBe('icount,new\n1000,4096\n2000,8192\n');
  const parquet = join(folder, 'rows.parquet');
  await db.download('FROM control_writes', parquet, 'parquet', { rows: ROWS });
  expect(readFileSync(parquet).subarray(0, 4).toString()).toBe('PAR1');
  await expect(db.download('FROM control_writes', parquet, 'parquet', { rows: 10 })).rejects.toThrow(
    'more than 10 rows',
  );
});
