import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { manyStores } from '../sql/many-rows.ts';

/**
 * Commands that write files are told to end (SIGTERM) while they write them: nothing half-written stays, neither beside the result nor in
 * the cache. About 15 s.
 */

const cli = join(import.meta.dirname, '../../bin/rewind386.js');
const folder = mkdtempSync(join(tmpdir(), 'r386-'));
afterAll(() => rmSync(folder, { recursive: true }));
const trace = join(folder, 'stores.r386');

beforeAll(() => {
  manyStores(trace, 1_500_000);
});

/** Files below a folder; none where there is no such folder. */
const filesIn = (path: string): string[] =>
  existsSync(path)
    ? readdirSync(path, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map(({ name }) => name)
    : [];

const STORES = ['--sql', 'SELECT * FROM stores'];
const COMMANDS: readonly (readonly [string, readonly string[]])[] = [
  ['a query from the cache', ['query', trace, ...STORES]],
  ['a query to Parquet', ['query', trace, ...STORES, '--format', 'parquet', '-o', 'rows.parquet']],
  ['an export to Parquet', ['export', trace, '--to', 'parquet', '-o', 'tables']],
  ['an export to Arrow', ['export', trace, '--to', 'arrow', '-o', 'tables']],
  ['an export to DuckDB', ['export', trace, '--to', 'duckdb', '-o', 'run.duckdb']],
  ['an export to Perfetto', ['export', trace, '--to', 'perfetto', '-o', 'run.pftrace']],
  ['a report', ['report', trace, '-o', 'run.html']],
];

describe.skipIf(process.platform === 'win32').each(COMMANDS)('%s', (name, args) => {
  it('that is killed leaves nothing', async () => {
    const out = join(folder, name.replaceAll(' ', '-'));
    const cache = join(out, 'cache');
    mkdirSync(cache, { recursive: true });
    const env = { ...process.env, XDG_CACHE_HOME: cache };
    const child = spawn(process.execPath, [cli, ...args], { cwd: out, env, stdio: 'ignore' });
    const ended = once(child, 'exit');
    const isWriting = () => filesIn(out).some((file) => !file.startsWith('.'));
    while (!isWriting() && child.exitCode === null) await setTimeout(5);
    expect(child.exitCode).toBe(null);
    child.kill('SIGTERM');
    const [status] = await ended;
    expect(filesIn(out).filter((file) => file.startsWith('tmp-') || file.includes('.tmp'))).toEqual([]);
    // What is written in one go is written to its end.
    expect(readdirSync(out)).toEqual(status === 0 ? ['cache', args.at(-1)] : ['cache']);
  });
});
