import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TraceDatabase } from '../../analysis/db/trace-database.ts';
import { TABLES } from '../../analysis/tables/index.ts';
import { runCli } from '../cli/run-cli.ts';
import { runGuest } from '../guest/built-in.ts';

/** SQL about a trace reaches the trace, and nothing else. */
const folder = mkdtempSync(join(tmpdir(), 'r386-'));
afterAll(() => rmSync(folder, { recursive: true }));

const trace = join(folder, 'trace.r386');
const secret = join(folder, 'secret.txt');
const query = (sql: string, ...more: string[]) => runCli('query', trace, '--sql', sql, ...more);

beforeAll(async () => {
  await runGuest({ kernel: 'buggy', workload: 'ftpd', seed: 5, output: trace, instructions: 2e6 });
  writeFileSync(secret, 'payroll');
});

describe('a query', () => {
  const target = join(folder, 'written');
  it.each([
    ['reads a file', `SELECT * FROM read_text('${secret}')`, /disabled by configuration/],
    ['reads a table of a file', `FROM '${secret}'`, /disabled by configuration|does not exist/],
    ['lists a folder', `SELECT * FROM glob('${folder}/*')`, /disabled by configuration/],
    ['loads an extension', `FROM read_csv('https://127.0.0.1:9/x.csv')`, /disabled|httpfs|extension/i],
    ['writes a file', `COPY (SELECT 1) TO '${target}'`, /disabled by configuration/],
    ['explains by writing', `EXPLAIN ANALYZE COPY (SELECT 1) TO '${target}'`, /disabled by configuration/],
    ['attaches', `ATTACH '${target}' AS x`, /a query may only read: ATTACH/],
    ['installs', 'INSTALL httpfs', /a query may only read/],
    ['changes a setting', 'SET enable_external_access = true', /a query may only read: SET|VARIABLE_SET/],
    ['makes a table', 'CREATE TABLE x AS SELECT 1', /a query may only read: CREATE/],
    ['is two', 'SELECT 1; SELECT 2', /2 SQL statements where one is expected/],
    ['hides a second', `SELECT 1; COPY (SELECT 1) TO '${target}'`, /2 SQL statements/],
    ['is none', ' -- nothing\n;', /no SQL statement/],
  ])('that %s is refused in one line, exit 2', async (_, sql, message) => {
    const { status, stderr } = await query(sql);
    expect(stderr[0]).toMatch(message);
    expect(stderr[0]).not.toContain('payroll');
    expect(status).toBe(2);
    expect(existsSync(target)).toBe(false);
  });

  it('is locked for logging and profiling too, which DuckDB has as functions', async () => {
    const db = await TraceDatabase.open([trace], { cache: false });
    for (const call of [
      `enable_logging('QueryLog', storage = 'file', storage_path = '${folder}/log')`,
      `enable_profiling(format = 'json', save_location = '${target}.json', coverage = 'all')`,
    ])
      await db.query(`SELECT * FROM ${call}`).catch(() => {});
    await db.query('SELECT 1').catch(() => {});
    db.close();
    expect(readdirSync(folder).sort()).toEqual(['secret.txt', 'trace.r386']);
  });

  it('may only ask even with --unsafe-files', async () => {
    for (const sql of [`COPY (SELECT 1) TO '${target}'`, `EXPLAIN ANALYZE COPY (SELECT 1) TO '${target}'`]) {
      const { status, stderr } = await query(sql, '--unsafe-files');
      expect(stderr[0]).toMatch(/a query may only read: (COPY|EXPLAIN) is not allowed/);
      expect(status).toBe(2);
    }
    expect(existsSync(target)).toBe(false);
  });

  it('of the user’s own may use files with --unsafe-files, or the former --allow-files', async () => {
    for (const option of ['--unsafe-files', '--allow-files']) {
      const { status, stderr } = await query(`SELECT content FROM read_text('${secret}')`, option);
      expect(stderr).toEqual([]);
      expect(status).toBe(0);
    }
  });

  it('may begin with a comment, end with one, and be FROM, VALUES, SHOW, DESCRIBE, SUMMARIZE or EXPLAIN', async () => {
    const asked = ['-- a\n/* b */ SELECT 1; -- c', 'FROM run', 'VALUES (1)', 'DESCRIBE run', 'SUMMARIZE run'];
    for (const sql of [...asked, 'SHOW TABLES', 'EXPLAIN SELECT 1', 'EXPLAIN ANALYZE SELECT 1']) {
      const { status, stderr } = await query(sql);
      expect([sql, status, stderr]).toEqual([sql, 0, []]);
    }
  });
});

it('SHOW TABLES names every table and view, DESCRIBE their columns', async () => {
  const db = await TraceDatabase.open([trace], { cache: false });
  const names = (await db.query('SHOW TABLES')).getRowsJson().flat();
  expect(names).toEqual(
    expect.arrayContaining([...TABLES.map(({ name }) => name), 'processes', 'foreign_pmap']),
  );
  const columns = (await db.query('DESCRIBE stores')).getRowsJson().map(([name]) => name);
  expect(columns).toEqual([
    'run_id',
    ...(TABLES.find(({ name }) => name === 'stores')?.columns ?? []).map((c) => c.name),
  ]);
  // What was declared without rows has them once it is asked for.
  const [[count]] = (await db.query('SELECT count(*) > 0 FROM paging_writes')).getRowsJson();
  expect(count).toBe(true);
  db.close();
});

describe('one query has limits, and each says how to raise it', () => {
  const huge = 'SELECT sum(a.range * b.range) FROM range(10000000) a, range(10000000) b';
  it.each([
    ['time', huge, ['--timeout', '0.3'], /stopped after 0.3 seconds/, /--timeout/],
    ['rows', 'FROM range(1001)', ['--max-rows', '1000'], /more than 1,000 rows/, /--max-rows/],
    [
      'memory',
      "SELECT list(repeat('x', 1000) || range) FROM range(1000000)",
      ['--memory', '64M'],
      /exceeds its memory limit/,
      /--memory/,
    ],
  ])('%s', async (_, sql, options, what, next) => {
    const { status, stderr } = await query(sql, ...options);
    expect(stderr[0]).toMatch(what);
    expect(stderr[1]).toMatch(next);
    expect(status).toBe(2);
  });

  it('rows that were read before the time was over are no answer', async () => {
    const db = await TraceDatabase.open([trace], { cache: false, limits: { seconds: 0.02 } });
    await expect(db.preview('FROM range(1000000000)', { rows: 1e9 })).rejects.toThrow(/stopped after 0.02 s/);
    db.close();
  });

  it.each([
    ['--timeout', '0'],
    ['--memory', '3'],
    ['--max-rows', '-1'],
  ])('%s %s is no limit', async (option, value) => {
    const { status, stderr } = await query('SELECT 1', `${option}=${value}`);
    expect(stderr[0]).toContain(option);
    expect(status).toBe(2);
  });
});
