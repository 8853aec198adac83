import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { manyStores } from '../sql/many-rows.ts';

/**
 * Commands that write files are told to end (SIGTERM) while they write them: nothing half-written stays, neither beside the result nor in
 * the cache. Of what SIGKILL ends, the next command of the kind leaves nothing. About 25 s.
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

/** Starts a command in a folder and ends it as it writes its first file; returns its status. */
async function killed(out: string, args: readonly string[], signal: NodeJS.Signals): Promise<number | null> {
  const cache = join(out, 'cache');
  mkdirSync(cache, { recursive: true });
  const env = { ...process.env, XDG_CACHE_HOME: cache };
  const child = spawn(process.execPath, [cli, ...args], { cwd: out, env, stdio: 'ignore' });
  const ended = once(child, 'exit');
  const isWriting = () => filesIn(out).some((file) => !file.startsWith('.'));
  while (!isWriting() && child.exitCode === null) await setTimeout(5);
  expect(child.exitCode).toBe(null);
  child.kill(signal);
  const [status] = await ended;
  return status;
}

describe.skipIf(process.platform === 'win32').each(COMMANDS)('%s', (name, args) => {
  it('that is killed leaves nothing', async () => {
    const out = join(folder, name.replaceAll(' ', '-'));
    const status = await killed(out, args, 'SIGTERM');
    expect(filesIn(out).filter((file) => file.startsWith('tmp-') || file.includes('.tmp'))).toEqual([]);
    // What is written in one go is written to its end.
    expect(readdirSync(out)).toEqual(status === 0 ? ['cache', args.at(-1)] : ['cache']);
  });
});

it.skipIf(process.platform === 'win32')(
  'what SIGKILL left of an output goes when it is made again',
  async () => {
    const out = join(folder, 'again');
    const args = ['export', trace, '--to', 'duckdb', '-o', 'run.duckdb'];
    await killed(out, args, 'SIGKILL');
    const [left] = readdirSync(out).filter((name) => name.endsWith('.tmp'));
    expect(left).toMatch(/^run\.duckdb\.\d+\.tmp$/);
    const anHourAgo = Date.now() / 1000 - 3601;
    utimesSync(join(out, left), anHourAgo, anHourAgo);
    // Of another output, of this one by somebody who still writes, and not ours.
    const others = [left.replace('run', 'other'), `run.duckdb.${process.pid}.tmp`, 'run.duckdb.mine.tmp'];
    for (const name of others) writeFileSync(join(out, name), '');
    // Somebody's folder, and a file that another computer may be writing.
    const elsewhere = ['run.duckdb.4194305.tmp', 'run.duckdb.4194306.tmp'];
    mkdirSync(join(out, elsewhere[0]));
    writeFileSync(join(out, elsewhere[0], 'letter.txt'), '');
    utimesSync(join(out, elsewhere[0]), anHourAgo, anHourAgo);
    writeFileSync(join(out, elsewhere[1]), '');
    others.push(...elsewhere);
    const env = { ...process.env, XDG_CACHE_HOME: join(out, 'cache') };
    const { status } = spawnSync(process.execPath, [cli, ...args], { cwd: out, env });
    expect(status).toBe(0);
    expect(readdirSync(out).sort()).toEqual(['cache', 'run.duckdb', ...others].sort());
    expect(filesIn(join(out, 'cache')).filter((file) => file.startsWith('tmp-'))).toEqual([]);
  },
);
