import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it, vi } from 'vitest';
import { TraceCache } from '../../analysis/db/cache.ts';
import { KEPT_VIEWS } from '../../analysis/db/definitions.ts';
import { KEPT_FROM_EVENTS } from '../../analysis/db/kept-answers.ts';
import { TraceDatabase } from '../../analysis/db/trace-database.ts';
import { madeTrace } from './made-trace.ts';
import { manyStores } from './many-rows.ts';
import { STORIES } from './stories.ts';

/** Views of several traces are kept in the cache of each. */

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
async function rowsOf(files: readonly string[], cache: boolean) {
  const loaded: string[] = [];
  const db = await TraceDatabase.open(files, { cache, onLoad: (table) => loaded.push(table) });
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

it('traces that are short together keep none', async () => {
  const short = madeTrace(join(folder, 'short.r386'), {}, stories[0].events);
  await rowsOf([made[0], short], true);
  const kept = readdirSync(new TraceCache(short, () => {}).folder);
  expect(kept.filter((name) => names.some((view) => name.startsWith(`${view}-`)))).toEqual([]);
});
