import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { QuestionProcess } from '../../analysis/cli/work/question-process.ts';
import { DEFAULT_LIMITS } from '../../analysis/db/limits.ts';
import { type DatabaseOptions, TraceDatabase } from '../../analysis/db/trace-database.ts';
import { differenceOf } from '../../analysis/server/differences.ts';
import { type Serving, serve } from '../../analysis/server/serve.ts';
import type { Catalogue, Notes, Refusal, Result } from '../../analysis/web/serve-data.ts';
import { BadInput } from '../../schemas/bad-input.ts';
import { untrusted } from '../../schemas/untrusted.ts';
import { madeTrace } from '../sql/made-trace.ts';

/** The server of the live page: who may ask, and what is answered. */

const folder = mkdtempSync(join(tmpdir(), 'r386-served-'));
const trace = join(folder, 'run.r386');
/** A name in a trace that would be markup, or drive a terminal. */
const HOSTILE = untrusted('</script><img src=x onerror=alert(1)>\u202e\x1b[31m');
const BOMB = 'SELECT sum(a.range * b.range) FROM range(10000000) a, range(10000000) b';
const openDatabase = (files: readonly string[], options: DatabaseOptions) =>
  TraceDatabase.open(files, { ...options, cache: false });
const questionsOf =
  (files: readonly string[], seconds = DEFAULT_LIMITS.seconds) =>
  (folder: string) =>
    QuestionProcess.open({ files, folder, limits: { ...DEFAULT_LIMITS, seconds } });
let serving: Serving;
let url: URL;

beforeAll(async () => {
  madeTrace(
    trace,
    { name: HOSTILE },
    Array.from({ length: 300 }, (_, n) => ({
      kind: 'control_writes',
      reg: 'cr3',
      new: 0x1000 * (1 + (n % 3)),
    })),
  );
  serving = await serve({
    files: [trace],
    port: 0,
    facts: async (file) => {
      throw new BadInput(`${file}: cannot be shown`, 'give another');
    },
    symbols: () => [],
    difference: () => Promise.reject(new BadInput('nothing to compare')),
    debug: () => Promise.reject(new BadInput('no debugger')),
    openDatabase,
    openQuestions: questionsOf([trace], 1),
  });
  url = new URL(serving.url);
});
afterAll(async () => {
  await serving.close();
  rmSync(folder, { recursive: true });
});

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}

/** node:http, which sends the headers that it is told to. */
const ask = (path: string, options: RequestOptions = {}, body?: string): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const sent = httpRequest({ host: '127.0.0.1', port: url.port, path, ...options }, (response) => {
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => pieces.push(piece));
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text: Buffer.concat(pieces).toString('utf8'),
        }),
      );
    });
    sent.on('error', reject);
    sent.end(body);
  });

const post = (name: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> =>
  ask(
    `${url.pathname}${name}`,
    { method: 'POST', headers: { Origin: url.origin, 'Content-Type': 'application/json', ...headers } },
    JSON.stringify(body),
  );

const query = async (sql: string, more: object = {}) => {
  const { status, text } = await post('query', { sql, ...more });
  return { status, answer: JSON.parse(text) as Result & Refusal };
};

describe('who may ask', () => {
  it('whoever has the address', async () => {
    const { status, text } = await ask(url.pathname);
    expect([status, text]).toEqual([200, expect.stringContaining('serve.js')]);
    expect(url.hostname).toBe('127.0.0.1');
    expect(url.pathname).toMatch(/^\/[\w-]{43}\/$/);
  });

  it.each([
    ['no token', '/'],
    ['no token, a page', '/runs'],
    ['a token of another server', `/${'A'.repeat(43)}/runs`],
    ['the beginning of the token', () => `${url.pathname.slice(0, -3)}/runs`],
    ['the token elsewhere', () => `/runs?token=${url.pathname.slice(1, -1)}`],
    ['nonsense', '//'],
  ])('%s is refused', async (_, path) => {
    const { status, text } = await ask(typeof path === 'string' ? path : path());
    expect([status, text]).toEqual([403, expect.stringMatching(/^rewind386: open the address/)]);
    expect(text).not.toContain(url.pathname.slice(1, 10));
  });

  it.each([
    ['a name that leads here (DNS rebinding)', 'evil.example'],
    ['another port', '127.0.0.1:1'],
    ['the port of the name', 'evil.example:PORT'],
  ])('Host: %s is refused, with the token too', async (_, host) => {
    const { status, text } = await ask(url.pathname, { headers: { Host: host.replace('PORT', url.port) } });
    expect([status, text]).toEqual([403, 'rewind386: requests to this Host are not served\n']);
  });

  it.each(['http://evil.example', 'null', 'https://127.0.0.1', 'http://127.0.0.1:1'])(
    'Origin: %s is refused, with the token too',
    async (origin) => {
      for (const method of ['GET', 'POST']) {
        const { status, text } = await ask(`${url.pathname}runs`, { method, headers: { Origin: origin } });
        expect([status, text]).toEqual([403, 'rewind386: requests from another origin are not allowed\n']);
      }
    },
  );

  it('a POST without an Origin is refused, and other methods', async () => {
    expect((await ask(`${url.pathname}query`, { method: 'POST' }, '{}')).status).toBe(403);
    expect((await ask(`${url.pathname}runs`, { method: 'OPTIONS' })).status).toBe(405);
    expect((await ask(`${url.pathname}../../../etc/passwd`)).status).toBe(404);
  });

  it('nothing may be loaded from elsewhere, framed, kept or run that is in the page', async () => {
    const { headers, text } = await ask(url.pathname);
    const policy = String(headers['content-security-policy']);
    expect(policy).toMatch(/default-src 'none'; script-src 'self';/);
    expect(policy).toMatch(/frame-ancestors 'none'/);
    expect(policy).not.toMatch(/unsafe|http|\*/);
    expect(text).not.toMatch(/<script(?![^>]*src="serve.js")|style="|https?:/);
    expect([headers['cache-control'], headers['referrer-policy'], headers['x-content-type-options']]).toEqual(
      ['no-store', 'no-referrer', 'nosniff'],
    );
    for (const asset of ['serve.js', 'serve.css', 'icon.svg'])
      expect((await ask(`${url.pathname}${asset}`)).status).toBe(200);
  });
});

describe('SQL', () => {
  it('is answered with columns, types and rows', async () => {
    const { status, answer } = await query('SELECT icount, reg FROM control_writes ORDER BY icount LIMIT 2');
    expect([status, answer.columns, answer.rows, answer.isWhole]).toEqual([
      200,
      [expect.objectContaining({ name: 'icount' }), expect.objectContaining({ name: 'reg' })],
      [
        [1000, 'cr3'],
        [2000, 'cr3'],
      ],
      true,
    ]);
  });

  it('knows the selection as current_range', async () => {
    const sql =
      'SELECT count(*) FROM control_writes JOIN current_range USING (run_id) WHERE icount BETWEEN from_icount AND to_icount';
    expect((await query(sql, { range: { from: 2000, to: 5000 } })).answer.rows).toEqual([[4]]);
    expect((await query(sql)).answer.rows).toEqual([[300]]);
  });

  it('that is wrong gets one line and its place', async () => {
    const { status, answer } = await query('SELECT icount,\n  nonsense FROM control_writes');
    expect(status).toBe(400);
    expect(answer).toMatchObject({
      error: expect.stringMatching(/^SQL error at line 2, column 3: /),
      line: 2,
      column: 3,
    });
    expect(answer.error).not.toContain('\n');
    expect(Object.keys(answer)).not.toContain('stack');
  });

  it.each([
    ['writes', `COPY (SELECT 1) TO '${join(folder, 'written')}'`],
    ['reads files', `SELECT * FROM read_text('${trace}')`],
    ['reads a table of a file', "SELECT * FROM read_csv('/etc/passwd')"],
    ['sniffs a file', "SELECT * FROM sniff_csv('/etc/passwd')"],
    ['names a file', "FROM '/etc/passwd'"],
    ['lists files', "FROM glob('/etc/*')"],
    ['reads the environment', "SELECT getenv('HOME')"],
    ['reads secrets', 'FROM duckdb_secrets()'],
    ['attaches', "ATTACH '/etc/passwd' AS x"],
    ['installs an extension', 'INSTALL httpfs'],
    ['loads an extension', "LOAD 'httpfs'"],
    ['asks the network', "FROM read_parquet('https://127.0.0.1:9/x.parquet')"],
    ['changes settings', 'SET memory_limit = 1'],
    ['changes them back', 'RESET lock_configuration'],
    ['is a PRAGMA', 'PRAGMA enable_profiling'],
    ['calls', 'CALL force_checkpoint()'],
    ['exports', `EXPORT DATABASE '${join(folder, 'written')}'`],
    ['has a plan that writes', `EXPLAIN ANALYZE COPY (SELECT 1) TO '${join(folder, 'written')}'`],
    ['writes in a query of a text', `FROM query('COPY (SELECT 1) TO ''${join(folder, 'written')}''')`],
    ['is nested without end', `SELECT ${'('.repeat(20_000)}1${')'.repeat(20_000)}`],
    ['has a pattern that grows', "SELECT regexp_matches('a', '((a{1,100}){1,100}){1,100}b')"],
    ['changes the database', 'CREATE TABLE x AS SELECT 1'],
    ['is two', 'SELECT 1; SELECT 2'],
    ['is none', ''],
  ])('that %s is refused', async (_, sql) => {
    const { status, answer } = await query(sql);
    expect([status, typeof answer.error]).toEqual([400, 'string']);
    expect(existsSync(join(folder, 'written'))).toBe(false);
  });

  it('without an end is ended, and what waited for it is answered', async () => {
    const [bomb, next] = await Promise.all([query(BOMB), query('SELECT 1')]);
    expect([bomb.status, bomb.answer.error]).toEqual([400, 'the query was stopped after 1 seconds']);
    expect(next.answer.rows).toEqual([[1]]);
  });

  it('has texts of a trace as text: what is hidden in them is shown', async () => {
    const { answer } = await query('SELECT profile FROM run');
    expect(answer.rows).toEqual([['</script><img src=x onerror=alert(1)>\\u{202e}\\x1b[31m']]);
  });

  it('is answered as a file too', async () => {
    const csv = await post('download', {
      sql: 'SELECT icount FROM control_writes ORDER BY 1 LIMIT 2',
      format: 'csv',
    });
    expect([csv.status, csv.text, csv.headers['content-type']]).toEqual([
      200,
      'icount\n1000\n2000\n',
      'text/csv; charset=utf-8',
    ]);
    expect((await post('download', { sql: 'FROM run', format: 'parquet' })).text.slice(0, 4)).toBe('PAR1');
    const refused = await post('download', { sql: 'FROM nothing', format: 'csv' });
    expect([refused.status, JSON.parse(refused.text).error]).toEqual([
      400,
      expect.stringMatching(/^SQL error/),
    ]);
  });

  it.each([
    ['no JSON', 'text/plain', '{}'],
    ['half of it', 'application/json', '{"sql":'],
    ['a number', 'application/json', '{"sql":1}'],
    ['a list', 'application/json', '[]'],
    ['too much', 'application/json', JSON.stringify({ sql: ' '.repeat(2 ** 20) })],
    ['a range that is none', 'application/json', '{"sql":"SELECT 1","range":{"from":-1,"to":"x"}}'],
  ])('sent as %s is refused', async (_, type, body) => {
    const { status, text } = await ask(
      `${url.pathname}query`,
      { method: 'POST', headers: { Origin: url.origin, 'Content-Type': type } },
      body,
    );
    expect([status, Object.keys(JSON.parse(text))]).toEqual([400, expect.arrayContaining(['error'])]);
  });
});

it('says what is wrong with a trace in one line', async () => {
  const { status, text } = await ask(`${url.pathname}facts?run=0`);
  expect([status, JSON.parse(text)]).toEqual([
    400,
    { error: `${trace}: cannot be shown`, next: 'give another' },
  ]);
  for (const run of ['1', '-1', '0.5', 'x', ''])
    expect((await ask(`${url.pathname}facts?run=${run}`)).status, run).toBe(400);
});

it('tells the names that SQL may use', async () => {
  const { relations, functions, queries } = JSON.parse(
    (await ask(`${url.pathname}catalogue`)).text,
  ) as Catalogue;
  const names = relations.map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(['paging_writes', 'current_range', 'foreign_pmap']));
  expect(relations.find(({ name }) => name === 'run')?.columns.map(({ name }) => name)).toContain('seed');
  expect(functions.find(({ name }) => name === 'walk')?.parameters).toHaveLength(3);
  expect(queries.map(({ name }) => name)).toContain('pte-history');
});

describe('notes beside the trace', () => {
  const notes = join(folder, 'run.r386.notes');
  const kept = async () => JSON.parse((await ask(`${url.pathname}notes`)).text) as Notes;

  it('are queries as files of SQL, and bookmarks', async () => {
    expect(await kept()).toEqual({ queries: [], bookmarks: [[]] });
    expect(existsSync(notes)).toBe(false);
    await post('save-query', { name: 'slow irqs', sql: 'SELECT 1' });
    const mark = { run: 0, from: 7, to: 9, label: 'here\u202e' };
    await post('add-bookmark', { ...mark, from: 8 });
    const { text } = await post('add-bookmark', mark);
    const shown = { to: 9, label: 'here\\u{202e}' };
    expect(JSON.parse(text)).toEqual({
      queries: [{ name: 'slow irqs', sql: 'SELECT 1\n' }],
      bookmarks: [
        [
          { from: 7, ...shown },
          { from: 8, ...shown },
        ],
      ],
    });
    expect(readdirSync(notes).sort()).toEqual(['bookmarks.json', 'slow irqs.sql']);
    expect(readFileSync(join(notes, 'slow irqs.sql'), 'utf8')).toBe('SELECT 1\n');
    await post('delete-bookmark', mark);
    await post('delete-query', { name: 'slow irqs', sql: '' });
    expect(await kept()).toEqual({ queries: [], bookmarks: [[{ from: 8, ...shown }]] });
  });

  it.each(['../x', '.x', 'a/b', 'a\\b', '', 'x\0', 'con:x', 'x.', 'x'.repeat(65)])(
    'have no name like %j',
    async (name) => {
      const { status, text } = await post('save-query', { name, sql: 'SELECT 1' });
      expect([status, JSON.parse(text).error]).toEqual([
        400,
        expect.stringMatching(/not a name for a query$/),
      ]);
      expect(readdirSync(folder).sort()).toEqual(['run.r386', 'run.r386.notes']);
    },
  );

  it('that came with a trace reach no other file, and are never run', async () => {
    const secret = join(tmpdir(), `r386-secret-${process.pid}`);
    writeFileSync(secret, 'payroll');
    symlinkSync(secret, join(notes, 'linked.sql'));
    writeFileSync(join(notes, 'large.sql'), ' '.repeat(2 ** 20 + 1));
    writeFileSync(join(notes, 'mine.sql'), 'SELECT 7');
    writeFileSync(
      join(notes, 'bookmarks.json'),
      '[{"from":-1,"to":2,"label":"x"},{"from":1,"to":2,"label":"y"},7,null]',
    );
    expect(await kept()).toEqual({
      queries: [{ name: 'mine', sql: 'SELECT 7' }],
      bookmarks: [[{ from: 1, to: 2, label: 'y' }]],
    });
    // What is written in the place of a link does not go where it leads.
    await post('save-query', { name: 'linked', sql: 'SELECT 8' });
    expect(readFileSync(secret, 'utf8')).toBe('payroll');
    // Nor is a folder elsewhere taken for the notes.
    rmSync(notes, { recursive: true });
    symlinkSync(tmpdir(), notes);
    expect((await kept()).queries).toEqual([]);
    const refused = await post('save-query', { name: 'elsewhere', sql: 'SELECT 1' });
    expect([refused.status, existsSync(join(tmpdir(), 'elsewhere.sql'))]).toEqual([400, false]);
    rmSync(notes);
    rmSync(secret);
  });
});

it('has facts of two traces, tells where they part, and starts debuggers of each', async () => {
  const events = (last: number) =>
    [1, 2, last].map((page) => ({ kind: 'control_writes' as const, reg: 'cr3', new: 0x1000 * page }));
  const files = [3, 4].map((last) => madeTrace(join(folder, `${last}.r386`), {}, events(last)));
  const ends: (() => void)[] = [];
  const started: unknown[] = [];
  const two = await serve({
    files,
    port: 0,
    facts: async (file, replay) => JSON.stringify({ file, replay, long: 'x'.repeat(10_000) }),
    difference: async (files) => differenceOf(...files),
    symbols: () => [],
    debug: async (file, icount, signal) => {
      started.push([file, icount]);
      signal.addEventListener('abort', () => started.push('cut off'));
      let end = () => {};
      const ended = new Promise<void>((resolve) => {
        end = resolve;
      });
      ends.push(end);
      return { command: `gdb -x ${started.length}`, ended, end };
    },
    openDatabase,
    openQuestions: questionsOf(files),
  });
  const got = async (name: string) => (await fetch(`${two.url}${name}`)).json();
  expect(await got('difference?run=1')).toEqual({
    event: {
      kind: 'control_writes',
      icount: 3000,
      first: expect.stringContaining('new=0x3000'),
      other: expect.stringContaining('new=0x4000'),
    },
    input: null,
    onlyOne: [],
  });
  // Facts with and without an execution of the run; in fewer bytes for who can read them.
  for (const [query, replay] of [
    ['run=1', false],
    ['run=1&replay=1', true],
  ]) {
    const answer = await fetch(`${two.url}facts?${query}`);
    expect(answer.headers.get('content-encoding')).toBe('gzip');
    expect(await answer.json()).toMatchObject({ file: files[1], replay });
  }
  const plain = await fetch(`${two.url}facts?run=1`, { headers: { 'Accept-Encoding': 'identity' } });
  expect([plain.headers.get('content-encoding'), (await plain.text()).length > 10_000]).toEqual([null, true]);
  const posted = async (name: string, body: object) =>
    (
      await fetch(`${two.url}${name}`, {
        method: 'POST',
        headers: { Origin: new URL(two.url).origin, 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
      })
    ).json();
  await posted('debug', { run: 1, icount: 3000 });
  const both = await posted('debug', { run: 0, icount: 2000 });
  expect(both).toEqual([
    { id: 1, run: 1, icount: 3000, command: 'gdb -x 1' },
    { id: 2, run: 0, icount: 2000, command: 'gdb -x 2' },
  ]);
  expect(started).toEqual([
    [files[1], 3000],
    [files[0], 2000],
  ]);
  expect(await posted('end-debug', { id: 1 })).toEqual([both[1]]);
  for (let n = 0; n < 3; n++) await posted('debug', { run: 0, icount: 1 });
  expect(await posted('debug', { run: 0, icount: 1 })).toMatchObject({
    error: '4 gdb servers are already running',
  });
  expect(await posted('debug', { run: 2, icount: 1 })).toMatchObject({ error: 'run: there is no 2' });
  // They end with the server.
  await two.close();
  for (const file of files) rmSync(file);
});

it('ends the question of whoever leaves, and leaves nothing behind', async () => {
  // Other servers of this computer leave nothing here.
  const temporary = join(folder, 'tmp');
  mkdirSync(temporary);
  vi.stubEnv('TMPDIR', temporary);
  const left = () => readdirSync(temporary);
  const other = await serve({
    files: [trace],
    port: 0,
    facts: () => Promise.reject(new BadInput('none')),
    difference: () => Promise.reject(new BadInput('none')),
    symbols: () => [],
    debug: () => Promise.reject(new BadInput('no debugger')),
    openDatabase,
    // The limit of this one is longer than the test may take.
    openQuestions: questionsOf([trace]),
  });
  const asked = (sql: string, signal?: AbortSignal) =>
    fetch(`${other.url}query`, {
      method: 'POST',
      headers: { Origin: new URL(other.url).origin, 'Content-Type': 'application/json' },
      body: JSON.stringify({ sql }),
      ...(signal ? { signal } : {}),
    });
  expect(left()).toHaveLength(process.platform === 'win32' ? 0 : 1);
  const leave = new AbortController();
  const gone = asked(BOMB, leave.signal).catch((error: Error) => error.name);
  setTimeout(() => leave.abort(), 100);
  expect(await gone).toBe('AbortError');
  expect(await (await asked('SELECT 1')).json()).toMatchObject({ rows: [[1]] });
  // So does the end of the server.
  const cut = asked(BOMB).catch((error: Error) => error.message);
  setTimeout(() => void other.close(), 100);
  expect(await cut).toBe('fetch failed');
  await expect.poll(left).toEqual([]);
  vi.unstubAllEnvs();
  rmSync(temporary, { recursive: true });
  await expect(fetch(other.url)).rejects.toThrow();
  expect(readdirSync(folder)).toEqual(['run.r386']);
});
