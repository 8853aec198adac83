import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SqlPrompt } from '../../analysis/cli/work/sql-prompt.ts';
import { completions } from '../../analysis/cli/work/sql-session.ts';
import { splitStatements } from '../../analysis/sql/split-statements.ts';
import { runCli } from './run-cli.ts';

/** `sql`: questions one after the other, typed or from a file; and views of one's own. */

const folder = mkdtempSync(join(tmpdir(), 'r386-sql-'));
const trace = join(folder, 'run.r386');
const root = join(import.meta.dirname, '../..');
const kernel = join(root, 'test/guests/post/post.elf');
beforeAll(() => runCli('record', kernel, '-q', '-n', '300k', '-o', trace));
afterAll(() => rmSync(folder, { recursive: true }));

describe('statements', () => {
  it.each([
    ['SELECT 1; SELECT 2', ['SELECT 1'], ' SELECT 2'],
    [`SELECT ';' AS "a;b"; -- no; end\nFROM run;`, [`SELECT ';' AS "a;b"`, '-- no; end\nFROM run'], ''],
    ["SELECT 'it''s; open", [], "SELECT 'it''s; open"],
    ['/* ; */ ;;SELECT 1 - 2 / 3;', ['/* ; */', 'SELECT 1 - 2 / 3'], ''],
    ['SELECT /* ; ', [], 'SELECT /* ; '],
  ])('%j', (text, whole, rest) => {
    expect(splitStatements(text)).toEqual({ whole, rest });
  });
});

it('the prompt joins lines, and takes commands only where a statement begins', async () => {
  const input = new PassThrough();
  const prompt = new SqlPrompt({
    input,
    output: new PassThrough(),
    terminal: false,
    history: [],
    complete: () => [],
  });
  input.end('SELECT\n.5\n; .tables\n;SELECT 2;SELECT 3;\n.mode csv\nSELECT 4');
  const asked = [];
  for await (const one of prompt.asked()) asked.push(one.kind === 'sql' ? one.sql : one.words);
  expect(asked).toEqual(['SELECT\n.5', '.tables', 'SELECT 2', 'SELECT 3', ['mode', 'csv'], 'SELECT 4']);
});

it('completes tables, columns, macros, words and commands', () => {
  expect(completions('paging_w')).toEqual(['paging_writes']);
  expect(completions('mappings')).toEqual(['mappings_of(']);
  expect(completions('sel')).toContain('SELECT');
  expect(completions('.ta')).toEqual(['.tables']);
});

const piped = (input: string, ...args: string[]) =>
  spawnSync(process.execPath, [join(root, 'bin/rewind386.js'), 'sql', trace, ...args], {
    input,
    encoding: 'utf8',
  });

it('answers what comes by a pipe, and stops at a mistake', () => {
  const { stdout, stderr, status } = piped(
    ".mode csv\nSELECT count(*) > 0 AS some\nFROM paging_writes;\n.run pte-history 0\n.columns run\nSELECT nonsense;\nSELECT 'not reached';\n",
  );
  expect(stdout).toMatch(/^some\ntrue\nrun_id,icount,/);
  expect(stdout).toMatch(/tool_version +version of rewind386/);
  expect(stdout).not.toContain('not reached');
  expect(stderr).toMatch(/^rewind386: SQL error at line 1, column 8: .*nonsense/m);
  expect(status).toBe(2);
});

it('has views and macros of its own, for query too', async () => {
  const file = join(folder, 'mine.sql');
  writeFileSync(
    file,
    '-- of mine\nCREATE VIEW writers AS SELECT eip, double(count(*)) AS twice FROM paging_writes GROUP BY eip;\nCREATE OR REPLACE MACRO double(x) AS 2 * x;',
  );
  const sql = 'SELECT min(twice) % 2 AS odd FROM writers';
  expect((await runCli('query', trace, '--include', file, '--format', 'csv', '--sql', sql)).stdout).toEqual([
    'odd',
    '0',
  ]);
  expect(piped(`${sql};`, '--include', file, '--format', 'csv').stdout).toBe('odd\n0\n');
});

it('reads no file unless that is asked for', () => {
  const file = join(folder, 'list.csv');
  writeFileSync(file, 'a\n7\n');
  const sql = `SELECT a FROM read_csv('${file}');`;
  const { status, stderr } = piped(sql);
  expect([status, stderr]).toEqual([2, expect.stringMatching(/Permission Error.*\nnext: .*--unsafe-files/)]);
  expect(piped(sql, '--unsafe-files', '--format', 'csv').stdout).toBe('a\n7\n');
});

it('includes nothing else', async () => {
  const file = join(folder, 'other.sql');
  writeFileSync(file, "COPY run TO 'x.csv';");
  const { status, stderr } = await runCli('query', trace, '--include', file, '--sql', 'FROM run');
  expect([status, stderr[0]]).toEqual([
    2,
    expect.stringContaining('only CREATE VIEW and CREATE MACRO can be included'),
  ]);
});
