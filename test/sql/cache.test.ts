import { execFileSync, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { TraceCache } from '../../analysis/db/cache.ts';
import { cacheRoot, prune } from '../../analysis/db/cache-folder.ts';
import { traceDigest } from '../../analysis/db/trace-digest.ts';
import { runCli } from '../cli/run-cli.ts';
import { runGuest } from '../guest/built-in.ts';

const folder = mkdtempSync(join(tmpdir(), 'r386-'));
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

const trace = join(folder, 'trace.r386');
const COUNT = 'SELECT count(*) AS n FROM paging_writes';
const ask = async (file: string, sql = COUNT) => {
  const { status, stderr, stdout } = await runCli('query', file, '--sql', sql, '--format', 'csv');
  expect(stdout.length).toBeGreaterThan(1);
  return { status, stderr, answer: stdout.join('\n') };
};
const kept = (file: string) => {
  const { folder: own } = new TraceCache(file, () => {});
  return existsSync(own) ? readdirSync(own).map((name) => join(own, name)) : [];
};

beforeAll(async () => {
  await runGuest({ kernel: 'buggy', workload: 'ftpd', seed: 5, output: trace, instructions: 2e6 });
});

beforeEach(() => {
  vi.stubEnv('XDG_CACHE_HOME', mkdtempSync(join(folder, 'cache-')));
});

describe('the cache', () => {
  it('lies in the user’s own folder, for that user alone, and nothing beside the trace', async () => {
    const first = await ask(trace);
    expect(first).toMatchObject({ status: 0, stderr: [] });
    expect(kept(trace).map((path) => path.replace(/.*\//, ''))).toEqual([
      expect.stringMatching(/^paging_writes\.[0-9a-f]{8}\.parquet$/),
    ]);
    expect(readdirSync(folder).filter((name) => !name.startsWith('cache-'))).toEqual(['trace.r386']);
    if (process.platform !== 'win32') expect(statSync(cacheRoot()).mode & 0o77).toBe(0);
    expect(await ask(trace)).toEqual(first);
  });

  it('that came along with a trace is never read', async () => {
    const { answer } = await ask(trace);
    const gift = join(folder, 'gift.r386');
    copyFileSync(trace, gift);
    // Emptied tables under every name that this or an earlier version could look for.
    mkdirSync(`${gift}-cache`);
    for (const path of kept(trace)) {
      cpSync(path, `${gift}-cache/paging_writes.parquet`);
      execFileSync(process.execPath, ['-e', EMPTY, `${gift}-cache/paging_writes.parquet`], {
        stdio: 'ignore',
      });
    }
    vi.stubEnv('XDG_CACHE_HOME', mkdtempSync(join(folder, 'cache-')));
    expect(await ask(gift)).toMatchObject({ status: 0, answer });
    rmSync(`${gift}-cache`, { recursive: true });
  });

  it('knows a trace by its bytes: of another with the same size and times it has nothing', async () => {
    const changing = join(folder, 'changing.r386');
    copyFileSync(trace, changing);
    utimesSync(changing, 1e9, 1e9);
    await ask(changing);
    const [before] = kept(changing);
    const bytes = readFileSync(changing);
    bytes[bytes.length - 30] ^= 1;
    writeFileSync(changing, bytes);
    utimesSync(changing, 1e9, 1e9);
    expect(kept(changing)).toEqual([]);
    expect(existsSync(before)).toBe(true);
  });

  it.each([
    ['empty', () => Buffer.alloc(0)],
    ['cut', (bytes: Buffer) => bytes.subarray(0, bytes.length - 9)],
    ['flipped', (bytes: Buffer) => bytes.map((byte, n) => (n === bytes.length >> 1 ? byte ^ 1 : byte))],
    ['another table', () => readFileSync(trace)],
  ])('made again when it is damaged (%s), with a note', async (_, damage) => {
    const first = await ask(trace);
    const [path] = kept(trace);
    const good = readFileSync(path);
    writeFileSync(path, damage(good));
    expect(await ask(trace)).toEqual({
      ...first,
      stderr: [expect.stringMatching(/^note: .*paging_writes.* is damaged and is rebuilt$/)],
    });
    expect(await ask(trace)).toEqual(first);
    expect(kept(trace)).toHaveLength(1);
  });

  it('of another version is not looked at', async () => {
    await ask(trace);
    const [path] = kept(trace);
    const own = new TraceCache(trace, () => {}).folder;
    const older = own.replace(/-\d+\.\d+\.\d+[^-]*-/, '-0.0.1-');
    expect(older).not.toBe(own);
    cpSync(own, older, { recursive: true });
    rmSync(own, { recursive: true });
    expect(await ask(trace)).toMatchObject({ status: 0, stderr: [] });
    expect(kept(trace)).toEqual([path]);
  });

  it('has nothing left of a query that was killed, after the next', async () => {
    await ask(trace);
    const dead = spawnSync(process.execPath, ['-e', '']).pid;
    const { folder: own } = new TraceCache(trace, () => {});
    const spill = join(cacheRoot(), 'spill', `tmp-${dead}-0`);
    mkdirSync(spill, { recursive: true });
    const half = join(own, `tmp-${dead}-stores.parquet`);
    const others = join(own, `tmp-${process.ppid}-stores.parquet`);
    for (const path of [half, others, join(spill, 'x')]) writeFileSync(path, 'half');
    await ask(trace);
    expect([half, spill, others].map((path) => existsSync(path))).toEqual([false, false, true]);
  });

  it('that cannot be written to costs a note and no answer', async () => {
    const file = join(folder, 'no-folder');
    writeFileSync(file, '');
    const { answer } = await ask(trace);
    vi.stubEnv('XDG_CACHE_HOME', file);
    const { status, stderr, answer: same } = await ask(trace);
    expect([status, same]).toEqual([0, answer]);
    expect(stderr).toEqual([expect.stringMatching(/^note: paging_writes.parquet is not kept in/)]);
  });

  it('may lie under a name that is a pattern: then tables are not kept', async () => {
    const { answer } = await ask(trace);
    vi.stubEnv('XDG_CACHE_HOME', join(folder, 'cache-[x]?'));
    expect(await ask(trace)).toMatchObject({ status: 0, answer });
  });

  it('drops what was not used for the longest time when it grows too large', async () => {
    const traces = join(cacheRoot(), 'traces');
    for (const [n, name] of ['old', 'used', 'new'].entries()) {
      mkdirSync(join(traces, name), { recursive: true });
      writeFileSync(join(traces, name, 'x'), Buffer.alloc(1000));
      utimesSync(join(traces, name), 1e9 + n, 1e9 + n);
    }
    prune(new Set([join(traces, 'used')]), 1500);
    expect(readdirSync(traces)).toEqual(['used']);
  });

  it('is told of and cleared by a command', async () => {
    await ask(trace);
    expect((await runCli('cache')).stdout[0]).toMatch(/rewind386: 1 trace, [\d.]+ KB$/);
    expect((await runCli('cache', '--clear')).stdout[0]).toMatch(/removed 1 trace/);
    expect(kept(trace)).toEqual([]);
    expect((await runCli('cache')).stdout).toEqual([expect.stringMatching(/0 traces, 0 bytes$/)]);
  });
});

it('names of traces are no patterns', async () => {
  const named = ['x?.r386', 'xy.r386', "[a'].r386", 'a.r386'];
  const shorter = join(folder, 'shorter.r386');
  await runGuest({ kernel: 'buggy', workload: 'ftpd', seed: 5, output: shorter, instructions: 5e5 });
  const [long, short] = [(await ask(trace)).answer, (await ask(shorter)).answer];
  expect(long).not.toBe(short);
  for (const [n, name] of named.entries()) copyFileSync(n % 2 ? trace : shorter, join(folder, name));
  for (const again of ['made', 'kept'])
    for (const [n, name] of named.entries()) {
      const { answer, status } = await ask(join(folder, name));
      expect([again, name, status, answer]).toEqual([again, name, 0, n % 2 ? long : short]);
    }
  const paths = named.map((name) => join(folder, name));
  const result = await ask(paths[0], 'SELECT file FROM run');
  expect(result.answer).toContain(paths[0]);
});

it('the digest of a large trace is remembered until the file changes', () => {
  const large = join(folder, 'large');
  writeFileSync(large, Buffer.alloc(17 << 20, 1));
  const first = traceDigest(large);
  // Too young to be remembered: another change could follow without a trace in its times.
  const hashes = join(cacheRoot(), 'hashes');
  expect(readdirSync(hashes)).toEqual([]);
  vi.spyOn(Date, 'now').mockReturnValue(Date.now() + 10_000);
  // Of a process that was killed as it wrote.
  const dead = spawnSync(process.execPath, ['-e', '']).pid;
  writeFileSync(join(hashes, `tmp-${dead}-${'0'.repeat(64)}`), 'ab');
  expect(traceDigest(large)).toBe(first);
  const [remembered, ...others] = readdirSync(hashes);
  expect(others).toEqual([]);
  writeFileSync(join(hashes, remembered), 'ab'.repeat(32));
  expect(traceDigest(large)).toBe('ab'.repeat(32));
  writeFileSync(large, Buffer.alloc(17 << 20, 2));
  expect(traceDigest(large)).not.toBe('ab'.repeat(32));
  expect(traceDigest(large)).not.toBe(first);
  vi.restoreAllMocks();
});

/** Empties the Parquet file given, as a sender would. */
const EMPTY = `import('@duckdb/node-api').then(async ({ DuckDBInstance }) => {
  const db = await (await DuckDBInstance.create(':memory:')).connect();
  const path = process.argv[1];
  await db.run("CREATE TABLE t AS SELECT * FROM read_parquet('" + path + "') WHERE false");
  await db.run("COPY t TO '" + path + "' (FORMAT parquet)");
})`;
