import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { untrusted } from '../../schemas/untrusted.ts';
import { madeTrace } from '../sql/made-trace.ts';
import { STORIES } from '../sql/stories.ts';
import { runCli } from './run-cli.ts';

/** Many traces in one call: patterns, more than a byte can number, and checks in several processes. */

const folder = mkdtempSync(join(tmpdir(), 'r386-'));
const runs = join(folder, 'runs');
const made = join(folder, 'made');
const MANY = 300;
/** Enough for two processes. */
const TOLD = 8;

beforeAll(() => {
  vi.stubEnv('XDG_CACHE_HOME', join(folder, 'cache'));
  for (const path of [runs, made]) mkdirSync(path);
  const stories = STORIES.filter(({ check }) => check === 'irq-vector' || check === 'panic');
  for (let n = 0; n < TOLD; n++) {
    const { events, exit, windows } = stories[n % stories.length];
    madeTrace(join(runs, `${n}.r386`), { windows, source: untrusted('') }, events, { exit });
  }
  const first = madeTrace(join(made, 'run-000.r386'), {}, [{ kind: 'paging_writes' }]);
  for (let n = 1; n < MANY; n++) copyFileSync(first, join(made, `run-${String(n).padStart(3, '0')}.r386`));
});
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

const asked = async (file: string, sql: string) =>
  (await runCli('query', file, '--sql', sql, '--format', 'csv')).stdout.join('\n');

describe('a quoted pattern', () => {
  it('is the files that match it, by name, and run_id numbers them all', async () => {
    const sql = `SELECT count(*) AS n, max(w.run_id) AS last, bool_and(r.file LIKE '%run-' || lpad(w.run_id::VARCHAR, 3, '0') || '.r386') AS named
      FROM paging_writes w JOIN run r USING (run_id)`;
    for (const again of ['made', 'kept'])
      expect([again, await asked(join(made, 'run-*.r386'), sql)]).toEqual([
        again,
        `n,last,named\n${MANY},${MANY - 1},true`,
      ]);
  });

  it('matches nothing: says so', async () => {
    const { status, stderr } = await runCli('query', join(made, '*.none'), 'foreign-pmap');
    expect([status, stderr[0]]).toEqual([2, expect.stringMatching(/no file matches .*\*\.none$/)]);
  });

  it('is no pattern where a file has that very name', async () => {
    const named = join(folder, '[ab].r386');
    copyFileSync(join(made, 'run-000.r386'), named);
    madeTrace(join(folder, 'a.r386'), {}, []);
    expect(await asked(named, 'SELECT count(*) AS n FROM paging_writes')).toBe('n\n1');
  });
});

describe('check of many traces', () => {
  const built = (...args: readonly string[]) => {
    const cli = join(import.meta.dirname, '../../bin/rewind386.js');
    const { status, stdout, stderr } = spawnSync(process.execPath, [cli, 'check', ...args], {
      encoding: 'utf8',
    });
    return { status, stdout: stdout.trimEnd().split('\n'), stderr: stderr.trimEnd() };
  };

  it('in several processes says what it says in one', async () => {
    const pattern = join(runs, '*.r386');
    const { status, stdout, stderr } = await runCli('check', pattern, '--json');
    expect([status, stderr]).toEqual([1, []]);
    expect(built(pattern, '--json')).toEqual({ status, stdout, stderr: '' });
  });

  it('one of which is none: says which', async () => {
    const other = join(runs, 'no-trace.r386');
    writeFileSync(other, 'x'.repeat(100));
    const { status, stderr } = built(join(runs, '*.r386'));
    rmSync(other);
    expect([status, stderr]).toEqual([2, expect.stringContaining('no-trace.r386')]);
    expect(stderr.split('\n').length).toBeLessThan(3);
  });
});
