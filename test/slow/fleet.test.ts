import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/**
 * An exploration by several workers through a real Redis, one of them killed in the middle: what is found is what one machine finds, and
 * the folder answers SQL in DuckDB and ClickHouse alike. About a minute.
 */

const folder = mkdtempSync(join(tmpdir(), 'r386-fleet-'));
const trace = join(folder, 'run.r386');
const fleet = join(folder, 'fleet');
const cli = resolve(import.meta.dirname, '../../bin/rewind386.js');
/** Three pieces of work; every placement fails (docs/exploration.md). */
const ASKED = ['--window', '4736k:4790k', '--within', '10k'];

const started: ChildProcess[] = [];
let redis: Redis | undefined;
afterAll(() => {
  redis?.disconnect();
  for (const child of started) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

const isInstalled = (program: string): boolean => spawnSync(program, ['--version']).status === 0;
const missing = isInstalled('redis-server') ? '' : ' (skipped: no redis-server, Debian package redis-server)';

function run(...argv: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...argv], { encoding: 'utf8' });
  return { status, stdout, stderr };
}

const freePort = (): Promise<number> =>
  new Promise((found) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => found(port));
    });
  });

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (let n = 0; n < 600; n++) {
    if (await condition()) return;
    await sleep(100);
  }
  throw new Error('waited for a minute');
}

describe.skipIf(missing !== '')(`a fleet${missing}`, () => {
  let queue = '';
  let local = '';

  const worker = (): ChildProcess => {
    const child = spawn(
      process.execPath,
      [cli, 'worker', '--queue', queue, '--folder', fleet, '--jobs', '1'],
      {
        stdio: 'ignore',
      },
    );
    started.push(child);
    return child;
  };
  const exploreThere = () =>
    spawn(process.execPath, [cli, 'explore', trace, ...ASKED, '--queue', queue, '--folder', fleet], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  const results = (): string[] =>
    readdirSync(join(fleet, 'pieces'), { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.parquet'),
    );

  beforeAll(async () => {
    const port = await freePort();
    queue = `redis://127.0.0.1:${port}`;
    const server = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', folder];
    started.push(spawn('redis-server', server, { stdio: 'ignore' }));
    redis = new Redis(port, '127.0.0.1', { retryStrategy: () => 100, maxRetriesPerRequest: null });
    // Until the server listens.
    redis.on('error', () => {});
    await redis.ping();
    mkdirSync(fleet);
    const guest = ['bsd96', '--kernel', 'buggy', '--workload', 'ftpd', '--seed', '5'];
    expect(run('record', ...guest, '-q', '-n', '5M', '-o', trace).status).toBe(0);
    local = run('explore', trace, ...ASKED).stdout;
    expect(local).toMatch(/\d+ placements in \d+ classes, all run; [1-9]\d* fail/);
  });

  it('finds what one machine finds, although a worker is killed', async () => {
    const lost = worker();
    const asking = exploreThere();
    let told = '';
    asking.stdout.on('data', (bytes) => {
      told += bytes;
    });
    const ended = new Promise((resolved) => asking.on('exit', resolved));
    await until(async () => (await redis?.llen('bull:rewind386:active')) === 1);
    lost.kill('SIGKILL');
    for (let n = 0; n < 2; n++) worker();
    expect(await ended).toBe(1);
    expect(told).toBe(local);
    expect(results()).toHaveLength(3);
  });

  it('does nothing twice, and needs no worker for what is there', () => {
    for (const child of started.slice(1)) child.kill();
    const again = run('explore', trace, ...ASKED, '--queue', queue, '--folder', fleet);
    expect(again.stdout).toBe(local);
    expect(results()).toHaveLength(3);
  });

  const PLACEMENTS =
    'SELECT failed, count(*) AS classes, sum(placements) AS placements, min(icount) AS earliest FROM %s GROUP BY failed ORDER BY failed';
  const DISK_INTERRUPTS = 'SELECT span, count(*) AS n FROM %s WHERE irq = 14 GROUP BY span ORDER BY span';

  it('answers SQL over all runs', () => {
    const told = run(
      'query',
      `${fleet}/**`,
      '--format',
      'csv',
      '--sql',
      PLACEMENTS.replace('%s', 'placements'),
    );
    const [, placements, classes] = / (\d+) placements in (\d+) classes/.exec(local) as RegExpExecArray;
    expect(told.stdout).toBe(`failed,classes,placements,earliest\ntrue,${classes},${placements},4758667\n`);
    const pieces =
      'SELECT run_id, count(DISTINCT job) AS jobs, sum(classes)::INT AS classes FROM pieces GROUP BY 1';
    expect(run('query', fleet, '--format', 'csv', '--sql', pieces).stdout).toBe(
      `run_id,jobs,classes\n0,3,${classes}\n`,
    );
  });

  it('answers the same SQL in ClickHouse', () => {
    const place = join(folder, 'chdb');
    mkdirSync(place);
    const install = [
      'install',
      '--prefix',
      place,
      '--no-audit',
      '--no-fund',
      '--ignore-scripts',
      'chdb@3.4.0',
    ];
    execFileSync('npm', install, { stdio: 'ignore' });
    const script = `const { query } = require('chdb'); process.stdout.write(query(process.argv[1], 'CSVWithNames'));`;
    const clickHouse = (sql: string, files: string): string =>
      execFileSync(
        process.execPath,
        ['-e', script, sql.replace('%s', `file('${fleet}/${files}', Parquet)`)],
        {
          cwd: place,
          encoding: 'utf8',
        },
      ).replaceAll('"', '');
    const mine = (sql: string, table: string) =>
      run('query', fleet, '--format', 'csv', '--sql', sql.replace('%s', table)).stdout;
    const rows = `tables/interrupts/run=*/span=*/*.parquet`;
    expect(clickHouse(PLACEMENTS, 'placements/run=*/span=*/*.parquet')).toBe(mine(PLACEMENTS, 'placements'));
    const spans = '(SELECT *, icount // 16777216 * 16777216 AS span FROM interrupts)';
    expect(clickHouse(DISK_INTERRUPTS, rows)).toBe(mine(DISK_INTERRUPTS, spans));
  });

  it('tells targets apart, of which one needs recordings', () => {
    const latent = ['--sql', 'SELECT 4758700 AS from_icount, 4758704 AS to_icount', '--within', '5k'];
    const asked = ['explore', trace, ...latent, '--target', 'latent-hijack'];
    worker();
    const there = run(...asked, '--queue', queue, '--folder', fleet);
    expect([there.status, there.stdout]).toEqual([1, run(...asked).stdout]);
    const sql =
      'SELECT target, count(*) AS n, any_value(sign) AS sign FROM placements GROUP BY target ORDER BY target';
    const [, classes] = / placements in (\d+) classes/.exec(local) as RegExpExecArray;
    expect(run('query', fleet, '--format', 'csv', '--sql', sql).stdout).toBe(
      `target,n,sign\nany,${classes},interrupt hijack\nlatent-hijack,4,latent hijack\n`,
    );
    const pieces = 'SELECT target, sum(placements)::INT AS n FROM pieces GROUP BY target ORDER BY target';
    expect(run('query', fleet, '--format', 'csv', '--sql', pieces).stdout).toMatch(
      /^target,n\nany,\d+\nlatent-hijack,4\n$/,
    );
  });
});

describe('a queue', () => {
  it.each([
    [['worker', '--queue', 'redis://127.0.0.1:1', '--folder', folder], /no Redis answers at 127\.0\.0\.1:1/],
    [
      ['worker', '--queue', 'redis://:secret@', '--folder', folder],
      /--queue needs the address of a Redis server/,
    ],
    [['worker', '--queue', 'redis://127.0.0.1:1', '--folder', join(folder, 'none')], /no folder/],
    [['explore', trace, '--queue', 'redis://127.0.0.1:1'], /--queue needs a folder/],
    [['explore', trace, '--folder', folder], /add --queue/],
  ])('%j is refused in one line', (argv, message) => {
    const { status, stderr } = run(...argv);
    expect(status).toBe(2);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/secret|\n {4}at /);
  });
});
