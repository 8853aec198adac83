import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it, vi } from 'vitest';
import { TraceCache } from '../../analysis/db/cache.ts';
import { cacheUse } from '../../analysis/db/cache-folder.ts';
import { KEPT_VIEWS } from '../../analysis/db/definitions.ts';
import { KEPT_FROM_EVENTS } from '../../analysis/db/kept-answers.ts';
import type { RunBatch } from '../../analysis/db/runs.ts';
import { type DatabaseOptions, TraceDatabase } from '../../analysis/db/trace-database.ts';
import { madeTrace } from './made-trace.ts';
import { manyStores } from './many-rows.ts';
import { STORIES } from './stories.ts';

/** Views of several traces are kept in the cache of each, of short ones in one for several. */

const folder = mkdtempSync(join(tmpdir(), 'r386-'));
vi.stubEnv('XDG_CACHE_HOME', join(folder, 'cache'));
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

const CHECKS = ['foreign-pmap', 'stale-tlb', 'window-hijack'];
const stories = CHECKS.flatMap(
  (name) => STORIES.find(({ check, fires }) => fires && check.endsWith(name)) ?? [],
);
const made = stories.map(({ events, windows, exit }, n) =>
  madeTrace(join(folder, `${n}.r386`), { windows }, events, { exit }),
);
const long = manyStores(join(folder, 'long.r386'), KEPT_FROM_EVENTS);
const names = [...KEPT_VIEWS].sort();

/** The rows of each view, and what was made for them. */
async function rowsOf(files: readonly string[], cache: boolean, options: DatabaseOptions = {}) {
  const loaded: string[] = [];
  const db = await TraceDatabase.open(files, { ...options, cache, onLoad: (table) => loaded.push(table) });
  const rows: Record<string, unknown> = {};
  for (const name of names) rows[name] = (await db.query(`FROM ${name} ORDER BY ALL`)).getRowsJson();
  db.close();
  return { rows, loaded };
}

it('the rows of each are what they are without a cache, and are read without the tables that they are made of', async () => {
  const inMemory = await rowsOf([...made, long], false);
  for (const name of ['wrong_accesses', 'stale_uses', 'window_misuses'])
    expect((inMemory.rows[name] as unknown[]).length, name).toBeGreaterThan(0);
  // One of the traces has them already, and is another among those.
  await rowsOf([long, made[0]], true);
  expect((await rowsOf([...made, long], true)).rows).toEqual(inMemory.rows);
  expect(await rowsOf([...made, long], true)).toEqual({ rows: inMemory.rows, loaded: [] });
});

const viewsOf = (of: ConstructorParameters<typeof TraceCache>[0]) =>
  readdirSync(new TraceCache(of, () => {}).folder).filter((name) =>
    names.some((view) => name.startsWith(`${view}-`)),
  );
const cacheOf = (file: string) => new TraceCache(file, () => {});

it('traces that are short together keep none', async () => {
  const short = madeTrace(join(folder, 'short.r386'), {}, stories[0].events);
  await rowsOf([made[0], short], true);
  expect(viewsOf(short)).toEqual([]);
});

it('short traces beside a long one keep theirs in one file for all of them, and are one trace each to the cache', async () => {
  const shorts = [1, 2].map((n) =>
    madeTrace(join(folder, `beside-${n}.r386`), {}, stories[0].events, {
      exit: { kind: 'limit', code: 0, message: String(n) },
    }),
  );
  await rowsOf([...shorts, long], true);
  expect(shorts.map(viewsOf)).toEqual([[], []]);
  expect(viewsOf(shorts.map(cacheOf)).length).toBe(names.length);
  const folders = readdirSync(join(folder, 'cache/rewind386/traces'));
  expect(cacheUse().traces).toBe(folders.filter((name) => !name.startsWith('several-')).length);
});

const other = manyStores(join(folder, 'other.r386'), KEPT_FROM_EVENTS + 1);
/** Four groups, each a batch. */
const batched = [made[1], made[0], long, other, made[2]];
const byBatches = { batchEvents: KEPT_FROM_EVENTS };

it('traces are loaded batch by batch where all of them would be too many, with the same rows', async () => {
  vi.stubEnv('XDG_CACHE_HOME', join(folder, 'another-cache'));
  const files = batched;
  const elsewhere: (readonly RunBatch[])[] = [];
  const prepareElsewhere = async (batches: readonly RunBatch[]) => void elsewhere.push(batches);
  const { rows } = await rowsOf(files, true, { ...byBatches, prepareElsewhere });
  expect(rows).toEqual((await rowsOf(files, false)).rows);
  expect(elsewhere[0]).toEqual([
    { paths: [made[1], made[0]], parts: [2] },
    { paths: [long], parts: [1] },
    { paths: [other], parts: [1] },
    { paths: [made[2]], parts: [1] },
  ]);
  expect(await rowsOf(files, true)).toEqual({ rows, loaded: [] });

  // Of one more trace among those that have all, its views alone are made.
  const added = madeTrace(join(folder, 'added.r386'), {}, stories[0].events);
  elsewhere.length = 0;
  const more = await TraceDatabase.open([...files.slice(0, 4), added], { ...byBatches, prepareElsewhere });
  const found = (await more.query('SELECT DISTINCT run_id FROM wrong_accesses ORDER BY ALL')).getRows();
  more.close();
  expect(found.at(-1)).toEqual([4]);
  expect(elsewhere).toEqual([[{ paths: [added], parts: [1] }]]);
});

it('a definition may name a common table expression as itself', async () => {
  const chain = `CREATE OR REPLACE VIEW chain AS WITH RECURSIVE chain AS
    (SELECT 0 AS n UNION ALL SELECT n + 1 FROM chain WHERE n < 3)
    SELECT n, (SELECT count(*) FROM wrong_accesses) AS found FROM chain`;
  const definitions = new Map([['chain', chain]]);
  const db = await TraceDatabase.open([long, ...made], { batchEvents: 1, definitions });
  const rows = (await db.query('FROM chain')).getRowsJson();
  db.close();
  expect(rows.map(([n]) => n)).toEqual([0, 1, 2, 3]);
});

it('no process is asked to keep what cannot be kept', async () => {
  const taken = join(folder, 'taken');
  writeFileSync(taken, '');
  vi.stubEnv('XDG_CACHE_HOME', taken);
  const notes: string[] = [];
  const loaded: string[] = [];
  const db = await TraceDatabase.open(batched, {
    ...byBatches,
    note: (text) => notes.push(text),
    onLoad: (table) => loaded.push(table),
    prepareElsewhere: () => expect.unreachable('asked'),
  });
  expect((await db.query('FROM wrong_accesses')).currentRowCount).toBeGreaterThan(0);
  db.close();
  expect(notes[0]).toMatch(/^what is made is not kept in .*taken/);
  // Tried for each trace, then in memory for all.
  expect(loaded.filter((table) => table === 'interrupts')).toHaveLength(batched.length + 1);
});
