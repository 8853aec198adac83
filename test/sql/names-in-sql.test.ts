import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CHECKS } from '../../analysis/check/catalog.ts';
import { DEFINITIONS } from '../../analysis/db/definitions.ts';
import { namesInSql } from '../../analysis/db/names-in-sql.ts';
import { openSandbox, type Sandbox } from '../../analysis/db/sandbox.ts';

/** A query has the tables made that it names, and no others: `stores` of a long run takes a minute. */

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await openSandbox({ memoryBytes: 64 << 20, files: [], folders: [], allowFiles: false });
});
afterAll(() => sandbox.close());

const namesIn = async (sql: string) => [...(await namesInSql(sandbox.connection, sql))].sort();

it.each([
  ['columns', 'SELECT r.instructions, stores AS reads FROM run r', ['run']],
  ['texts and comments', "SELECT 'stores' FROM run -- reads", ['run']],
  ['subqueries', 'SELECT 1 FROM a, (FROM b) WHERE x IN (FROM c)', ['a', 'b', 'c']],
  [
    'joins and parameters',
    'FROM Exceptions e ASOF JOIN reads r ON r.seq < e.seq + $n + 0x10',
    ['+', 'exceptions', 'reads'],
  ],
  ['macros', 'SELECT symbol(run_id, eip), hex32(1) FROM frames_at(5)', ['frames_at', 'hex32', 'symbol']],
  ['several statements', 'SELECT 1; FROM stores;', ['stores']],
  ['a view', 'CREATE OR REPLACE VIEW stores AS SELECT reads FROM run', ['run']],
  ['a macro', 'CREATE MACRO reads(stores) AS hex32(stores + 1)', ['+', 'hex32']],
  [
    'a macro that is a table',
    'CREATE OR REPLACE MACRO x(a, b := 1) AS TABLE\n  SELECT reads FROM stores;',
    ['stores'],
  ],
])('%s', async (_, sql, names) => {
  expect(await namesIn(sql)).toEqual(names);
});

describe('one too many does no harm, one too few does', () => {
  it.each([
    ['a text may be a name', "FROM query_table('stores')"],
    ['no SELECT', 'PIVOT stores ON eip USING count(*)'],
    ['an explanation', 'EXPLAIN SELECT * FROM stores'],
    ['a description', 'DESCRIBE stores'],
    ['what does not parse', 'SELEC * FROM stores'],
  ])('%s', async (_, sql) => {
    expect(await namesIn(sql)).toContain('stores');
  });
});

it('every definition parses, and no check has the stores made', async () => {
  for (const sql of DEFINITIONS.values()) expect(await namesIn(sql)).not.toContain('create');
  for (const { sql } of CHECKS) expect(await namesIn(sql)).not.toContain('stores');
});
