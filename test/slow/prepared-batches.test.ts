import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, expect, it, vi } from 'vitest';
import type { prepareBatches } from '../../analysis/cli/work/prepare-batches.ts';
import { TraceDatabase } from '../../analysis/db/trace-database.ts';
import { untrusted } from '../../schemas/untrusted.ts';
import { madeTrace } from '../sql/made-trace.ts';
import { STORIES } from '../sql/stories.ts';

/** Batches of traces that worker processes prepare, which only the compiled program has: 4 s. */

const folder = mkdtempSync(join(tmpdir(), 'r386-'));
vi.stubEnv('XDG_CACHE_HOME', join(folder, 'cache'));
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

const compiled = resolve(import.meta.dirname, '../../dist/analysis/cli/work/prepare-batches.js');
const built = (await import(pathToFileURL(compiled).href)) as { prepareBatches: typeof prepareBatches };

// With one processor there are no processes.
const several = it.skipIf(availableParallelism() < 2);

several(
  'processes leave in the cache what a question needs, and what one of them fails at is left out',
  async () => {
    const { events, windows = [] } = STORIES.find(
      ({ check, fires }) => fires && check.endsWith('foreign-pmap'),
    ) ?? {
      events: [],
    };
    const batches = [0, 1, 2, 3].map((n) => ({
      paths: [0, 1].map((m) =>
        madeTrace(join(folder, `${n}-${m}.r386`), { windows, source: untrusted('') }, [
          ...events,
          { kind: 'stores', new: 2 * n + m },
        ]),
      ),
      parts: [2],
    }));
    const sql = 'FROM mine ORDER BY ALL';
    const csv = join(folder, 'mine.csv');
    writeFileSync(csv, 'weight\n1\n');
    const definitions = new Map([
      ['weights', `CREATE OR REPLACE VIEW weights AS FROM read_csv('${csv}')`],
      ['mine', 'CREATE OR REPLACE VIEW mine AS SELECT run_id, access, weight FROM weights, wrong_accesses'],
    ]);
    const options = { definitions, allowFiles: true };
    const gone = { paths: [join(folder, 'none.r386')], parts: [1] };
    await built.prepareBatches([gone, ...batches], sql, options);
    for (const { paths, parts } of batches) {
      const loaded: string[] = [];
      const db = await TraceDatabase.open(paths, {
        ...options,
        parts,
        onLoad: (table) => loaded.push(table),
      });
      expect((await db.query(sql)).getRowsJson().map(([run]) => run)).toEqual(expect.arrayContaining([0, 1]));
      db.close();
      expect(loaded).toEqual([]);
    }
  },
);

it.each(['prepare-worker', 'check-worker'])('%s ends at Ctrl-C, as its command does', async (name) => {
  const worker = fork(join(dirname(compiled), `${name}.js`), {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  worker.send({});
  expect(await once(worker, 'message')).toEqual(['failed', undefined]);
  worker.kill('SIGINT');
  expect(await once(worker, 'exit')).toEqual([null, 'SIGINT']);
});
