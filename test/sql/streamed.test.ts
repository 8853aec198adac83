import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { TraceCache } from '../../analysis/db/cache.ts';
import { TraceDatabase } from '../../analysis/db/trace-database.ts';
import { TraceRows } from '../../analysis/db/trace-rows.ts';
import { exportParquet } from '../../analysis/export/tables.ts';
import { stores } from '../../analysis/tables/stores.ts';
import type { TraceTable } from '../../analysis/tables/table.ts';
import { TraceReader } from '../../replayer/trace/trace-reader.ts';
import { TraceDamage } from '../../schemas/trace/framing.ts';
import { MAX_TABLE_ROWS } from '../../schemas/trace/limits.ts';
import { manyStores } from './many-rows.ts';

/** Tables go from a trace to Parquet in order, batch by batch, and nothing of one is left that was not finished. */

const folder = mkdtempSync(join(tmpdir(), 'r386-'));
const trace = join(folder, 'stores.r386');
/** Enough for two files. */
const ROWS = 600_000;

beforeAll(() => {
  vi.stubEnv('XDG_CACHE_HOME', join(folder, 'cache'));
  manyStores(trace, ROWS);
});
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

const ORDERED = `SELECT count(*)::INTEGER AS n, count(*) FILTER (row = seq AND linear = 4 * seq)::INTEGER AS right
  FROM (SELECT row_number() OVER () - 1 AS row, seq, linear FROM stores)`;

it.each([
  ['streamed', true],
  ['from the cache', true],
  ['in memory', false],
])('every row in its place: %s', async (_, cache) => {
  const db = await TraceDatabase.open([trace], { cache });
  expect((await db.query(ORDERED)).getRowObjectsJson()).toEqual([{ n: ROWS, right: ROWS }]);
  db.close();
});

it('a few batches are made ahead of what DuckDB takes, and no more', async () => {
  let made = 0;
  const counted: TraceTable = {
    ...stores,
    *batches(reader) {
      for (let again = 0; again < 10; again++)
        for (const batch of stores.batches(reader)) {
          made += batch.numRows;
          yield batch;
        }
    },
  };
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const reader = TraceReader.open(trace);
  const rows = new TraceRows(connection);
  const ahead: number[] = [];
  await rows.stream(counted, reader, async (sql) => {
    const result = await connection.stream(`SELECT seq FROM ${sql}`);
    for (
      let taken = 0, chunk = await result.fetchChunk();
      chunk && chunk.rowCount > 0;
      chunk = await result.fetchChunk()
    ) {
      taken += chunk.rowCount;
      ahead.push(made - taken);
    }
  });
  expect(made).toBe(10 * ROWS);
  expect(Math.max(...ahead)).toBeLessThan(15 * MAX_TABLE_ROWS);
  await expect(connection.run(`FROM trace_rows_stores(0)`)).rejects.toThrow(/made by the loader/);
  reader.close();
  connection.closeSync();
  instance.closeSync();
});

it('one part of a table that is damaged or gone is made again, in its place', async () => {
  const { folder: own } = new TraceCache(trace, () => {});
  const [first, second] = readdirSync(own).filter((name) => name.startsWith('stores-'));
  const notes: string[] = [];
  for (const spoil of [() => rmSync(join(own, first)), () => writeFileSync(join(own, second), 'damaged')]) {
    spoil();
    const db = await TraceDatabase.open([trace], { note: (text) => notes.push(text) });
    expect((await db.query(ORDERED)).getRowObjectsJson()).toEqual([{ n: ROWS, right: ROWS }]);
    db.close();
  }
  expect(notes).toEqual([`${join(own, second)} is damaged and is rebuilt`]);
});

it('of several traces, the parts of each are its own', async () => {
  const other = manyStores(join(folder, 'other.r386'), 1000);
  const db = await TraceDatabase.open([other, trace, other]);
  const counts = 'SELECT run_id, count(*)::INTEGER AS n FROM stores GROUP BY ALL ORDER BY ALL';
  expect((await db.query(counts)).getRowsJson()).toEqual([
    [0, 1000],
    [1, ROWS],
    [2, 1000],
  ]);
  db.close();
});

it.each(['its columns', 'its rows'])(
  'a trace that cannot be read is said to be so, not SQL: %s',
  async (where) => {
    const fail = (): never => {
      throw new TraceDamage('chunk 2 of 2', 'the file ends inside it (offset 3910)');
    };
    const damaged: TraceTable =
      where === 'its rows'
        ? { ...stores, batches: fail }
        : {
            ...stores,
            columns: stores.columns.map((column) => ({ ...column, kind: 'name' as const, wordsOf: fail })),
          };
    const instance = await DuckDBInstance.create(':memory:');
    const connection = await instance.connect();
    const reader = TraceReader.open(trace);
    const streamed = new TraceRows(connection).stream(damaged, reader, (sql) =>
      connection.run(`FROM ${sql}`),
    );
    await expect(streamed).rejects.toThrow(TraceDamage);
    reader.close();
    connection.closeSync();
    instance.closeSync();
  },
);

it('exported Parquet is as small as what is kept', async () => {
  const out = join(folder, 'out');
  mkdirSync(out);
  const db = await TraceDatabase.open([trace], { outputFolders: [out] });
  await exportParquet(db, out);
  db.close();
  const { folder: own } = new TraceCache(trace, () => {});
  const kept = readdirSync(own).filter((name) => name.startsWith('stores-'));
  expect(kept.map((name) => name.replace(/\.[0-9a-f]{8}\./, '.'))).toEqual([
    'stores-1of2.parquet',
    'stores-2of2.parquet',
  ]);
  const keptBytes = kept.reduce((sum, name) => sum + statSync(join(own, name)).size, 0);
  // A column of names has its filter for each row group in one of the two.
  expect(statSync(join(out, 'stores.parquet')).size).toBeLessThan(1.02 * keptBytes + 512);
});

it.skipIf(process.platform === 'win32')('a query that is killed leaves nothing', async () => {
  const large = manyStores(join(folder, 'large.r386'), 3_000_000);
  const { folder: own } = new TraceCache(large, () => {});
  const cli = join(import.meta.dirname, '../../bin/rewind386.js');
  const child = spawn(process.execPath, [cli, 'query', large, '--sql', 'SELECT count(*) FROM stores'], {
    stdio: 'ignore',
  });
  const ended = once(child, 'exit');
  const files = () => {
    try {
      return readdirSync(own);
    } catch {
      return [];
    }
  };
  while (files().length === 0 && child.exitCode === null) await setTimeout(5);
  expect(files()[0]).toMatch(new RegExp(`^tmp-${child.pid}-stores-[12]of8.parquet$`));
  child.kill('SIGTERM');
  expect((await ended)[1]).toBe('SIGTERM');
  expect(files()).toEqual([]);
});
