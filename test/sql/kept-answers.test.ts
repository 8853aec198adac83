import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { TraceCache } from '../../analysis/db/cache.ts';
import { KEPT_FROM_EVENTS } from '../../analysis/db/kept-answers.ts';
import { type DatabaseOptions, TraceDatabase } from '../../analysis/db/trace-database.ts';
import { manyStores } from './many-rows.ts';

const folder = mkdtempSync(join(tmpdir(), 'r386-'));
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  vi.stubEnv('XDG_CACHE_HOME', mkdtempSync(join(folder, 'cache-')));
});

const long = manyStores(join(folder, 'long.r386'), KEPT_FROM_EVENTS);
const SQL = 'SELECT max(new) AS last, count(*) AS n FROM stores WHERE new < $below';
const answers = (file: string) =>
  readdirSync(new TraceCache(file, () => {}).folder).filter((name) => name.startsWith('answer-'));

/** The answer, and the tables that were read for it. */
async function asked(file: string, below: number, options: DatabaseOptions = {}) {
  const read: string[] = [];
  const db = await TraceDatabase.open([file], { ...options, onLoad: (table) => read.push(table) });
  try {
    return { answer: await db.answer(SQL, { below }), read };
  } finally {
    db.close();
  }
}

const OF_100 = { names: ['last', 'n'], types: ['UINTEGER', 'BIGINT'], rows: [{ last: 99, n: '100' }] };

describe('an answer that is kept', () => {
  it('is read without the tables that it was made of, for the same values alone', async () => {
    expect(await asked(long, 100)).toEqual({ answer: OF_100, read: ['stores'] });
    const { folder: own } = new TraceCache(long, () => {});
    for (const name of readdirSync(own)) if (name.endsWith('.parquet')) rmSync(join(own, name));
    expect(await asked(long, 100)).toEqual({ answer: OF_100, read: [] });
    expect((await asked(long, 7)).answer.rows).toEqual([{ last: 6, n: '7' }]);
  });

  it('is asked again where its file is not as it was written', async () => {
    await asked(long, 100);
    const [name] = answers(long);
    writeFileSync(join(new TraceCache(long, () => {}).folder, name), '{"names":[],"types":[],"rows":[]}');
    expect((await asked(long, 100)).answer).toEqual(OF_100);
  });

  it('is none of a trace that is short, of names that the user gave, or beyond the limit of rows', async () => {
    const short = manyStores(join(folder, 'short.r386'), KEPT_FROM_EVENTS - 1);
    expect((await asked(short, 100)).answer).toEqual(OF_100);
    expect(answers(short)).toEqual([]);
    await asked(long, 100, { names: (header) => header });
    expect(answers(long)).toEqual([]);
    const db = await TraceDatabase.open([long]);
    await expect(db.answer('SELECT new FROM stores', {}, 10)).rejects.toThrow('more than 10 rows');
    db.close();
    expect(answers(long)).toEqual([]);
  });
});

it('of several traces that of each is kept, and read whatever others it is asked with', async () => {
  const BY_RUN = 'SELECT run_id, count(*) AS n FROM stores GROUP BY run_id ORDER BY run_id';
  const other = manyStores(join(folder, 'other.r386'), KEPT_FROM_EVENTS + 1);
  const [few, fewer] = [3, 2].map((rows) => manyStores(join(folder, `${rows}.r386`), rows));
  const counts = async (...files: string[]) => {
    const read: string[] = [];
    const db = await TraceDatabase.open(files, { onLoad: (table) => read.push(table) });
    const { rows } = await db.answerByRun(BY_RUN);
    db.close();
    expect(rows.map(({ run_id }) => Number(run_id))).toEqual(files.map((_, run) => run));
    return [...rows.map(({ n }) => Number(n)), ...read];
  };
  const [short, longer] = [KEPT_FROM_EVENTS, KEPT_FROM_EVENTS + 1];
  expect(await counts(few, fewer, long, other)).toEqual([3, 2, short, longer, ...Array(4).fill('stores')]);
  for (const name of readdirSync(new TraceCache(long, () => {}).folder))
    if (name.startsWith('stores')) rmSync(join(new TraceCache(long, () => {}).folder, name));
  expect(await counts(other, few, fewer, long)).toEqual([longer, 3, 2, short]);
  expect(await counts(long)).toEqual([short]);
});

describe('the rows of a view that is computed once', () => {
  const VIEW = 'directory_owner_parts';
  const parts = (file: string) =>
    readdirSync(new TraceCache(file, () => {}).folder).filter((name) => name.startsWith(VIEW));
  const rowsOf = async (file: string, options: DatabaseOptions = {}) => {
    const db = await TraceDatabase.open([file], options);
    try {
      return (await db.query(`FROM ${VIEW}`)).getRowsJson();
    } finally {
      db.close();
    }
  };

  it('are kept of a long trace, and read from there', async () => {
    const computed = await rowsOf(long, { cache: false });
    expect(computed).toEqual([[0, 0x1000, '0', '1000', '9007199254740991', 5, '']]);
    expect(await rowsOf(long)).toEqual(computed);
    const { folder: own } = new TraceCache(long, () => {});
    for (const name of readdirSync(own)) if (!name.startsWith(VIEW)) rmSync(join(own, name));
    expect(await rowsOf(long)).toEqual(computed);
    expect(parts(long)).toEqual(readdirSync(own));
  });

  it('are none of names that the user gave', async () => {
    await rowsOf(long, { names: (header) => header });
    expect(parts(long)).toEqual([]);
  });
});

describe('the owner of a directory', () => {
  it('is found by the directory and a part of the run, whatever expression gives them', async () => {
    const db = await TraceDatabase.open([long], { cache: false });
    const sql = 'SELECT owner_text(run_id, frame_of(new), icount + 1) FROM stores';
    const plan = (await db.query(`EXPLAIN ${sql}`)).getRowsJson().flat().join('\n');
    db.close();
    expect(plan).toMatch(/dir = dir/);
    expect(plan).toMatch(/part = part/);
  });
});
