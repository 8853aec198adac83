import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CHECKS } from '../../analysis/check/catalog.ts';
import { runCheck } from '../../analysis/check/run-checks.ts';
import { GUEST_FUNCTIONS } from '../../analysis/db/guest-functions.ts';
import { TraceDatabase } from '../../analysis/db/trace-database.ts';
import { queriesDocument } from '../../analysis/docs/queries-document.ts';
import { tablesDocument } from '../../analysis/docs/tables-document.ts';
import { TRACKS } from '../../analysis/export/perfetto/timeline.ts';
import { MACROS, QUERIES, VIEWS } from '../../analysis/sql/catalog.ts';
import { TABLES } from '../../analysis/tables/index.ts';
import { runGuest } from '../guest/built-in.ts';

const folder = mkdtempSync(join(tmpdir(), 'r386-'));
const trace = join(folder, 'run.r386');
let db: TraceDatabase;

beforeAll(async () => {
  await runGuest({ kernel: 'fixed', workload: 'ftpd', seed: 1, scale: 2, output: trace });
  db = await TraceDatabase.open([trace], { cache: false });
});
afterAll(() => {
  db.close();
  rmSync(folder, { recursive: true });
});

const page = (name: string) => readFileSync(new URL(`../../docs/${name}`, import.meta.url), 'utf8');

describe('pages made from code are current (npm run docs)', () => {
  it('docs/tables.md', () => expect(page('tables.md')).toBe(tablesDocument()));
  it('docs/queries.md', () => expect(page('queries.md')).toBe(queriesDocument()));
  it('docs/data-flow.svg', async () => {
    const script = (await import(join(import.meta.dirname, '../../scripts/data-flow-picture.mjs'))) as {
      readonly dataFlowPicture: () => string;
    };
    expect(page('data-flow.svg')).toBe(script.dataFlowPicture());
  });
});

describe('what is documented is what a query gives', () => {
  it.each(TABLES)('table $name', async ({ name, columns }) => {
    const result = await db.query(`SELECT * FROM ${name} LIMIT 0`);
    expect(result.columnNames()).toEqual(['run_id', ...columns.map((column) => column.name)]);
  });

  it.each(VIEWS)('view $name', async ({ name, columns }) => {
    const result = await db.query(`SELECT * FROM ${name} LIMIT 0`);
    expect(result.columnNames()).toEqual(columns.map((column) => column.name));
  });

  it.each(QUERIES)('query $name', async ({ sql, parameters, columns, title, doc }) => {
    const values = Object.fromEntries(parameters.map(({ name }) => [name, 0x1000]));
    const result = await db.query(sql, values);
    expect(result.columnNames()).toEqual(columns.map((column) => column.name));
    expect(title).not.toBe('');
    expect(doc).not.toBe('');
  });
});

it.each(TRACKS)(
  'track $name of the Perfetto timeline has the columns that it documents',
  async ({ sql, columns }) => {
    const result = await db.query(`SELECT * FROM (${sql}) LIMIT 0`);
    expect(result.columnNames()).toEqual(columns.map((column) => column.name));
  },
);

describe('no column needs quotes', () => {
  const results: readonly {
    readonly what: string;
    readonly sql: string;
    readonly parameters: readonly string[];
  }[] = [
    ...[...TABLES, ...VIEWS].map(({ name }) => ({
      what: name,
      sql: `SELECT * FROM ${name}`,
      parameters: [],
    })),
    ...QUERIES.map(({ name, sql, parameters }) => ({
      what: name,
      sql,
      parameters: parameters.map((p) => p.name),
    })),
    ...CHECKS.map(({ name, sql }) => ({ what: `check ${name}`, sql, parameters: [] })),
  ];

  it.each(results)('$what', async ({ sql, parameters }) => {
    const values = Object.fromEntries(parameters.map((name) => [name, 0x1000]));
    const names = (await db.query(sql, values)).columnNames();
    const keywords = await db.query(
      `SELECT keyword_name FROM duckdb_keywords()
       WHERE keyword_category IN ('reserved', 'type_function')
         AND keyword_name IN (${names.map((name) => `lower('${name}')`).join(', ')})`,
    );
    expect(keywords.getRows()).toEqual([]);
    await db.query(`SELECT ${names.join(', ')} FROM (${sql}) LIMIT 0`, values);
  });
});

/** SQL in the running text (`SELECT …` in backquotes) and in command lines (--sql "SELECT …"). */
function examplesIn(text: string): string[] {
  const found = [...text.matchAll(/`(SELECT [^`]+)`/g), ...text.matchAll(/--sql "\s*(SELECT [^"]+)"/g)];
  return found.map(([, sql]) => sql.replaceAll(/\n\s*/g, ' ').trim()).filter((sql) => !sql.includes('…'));
}

describe('every example of the documents works, by itself', () => {
  const pages = readdirSync(new URL('../../docs/', import.meta.url), { encoding: 'utf8', recursive: true })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`);
  const examples = [...pages, 'README.md'].flatMap((file) =>
    examplesIn(page(`../${file}`)).map((sql) => [file, sql] as const),
  );

  it('has one of each function', () => {
    const tables = examples.filter(([file]) => file === 'docs/tables.md');
    expect(tables.length).toBe(GUEST_FUNCTIONS.length + MACROS.length);
  });

  it.each(examples)('%s: %s', async (_, sql) => {
    const fresh = await TraceDatabase.open([trace], { cache: false });
    try {
      expect((await fresh.query(sql)).columnCount).toBeGreaterThan(0);
    } finally {
      fresh.close();
    }
  });
});

describe('a check', () => {
  it.each(CHECKS)('$name selects the columns that every check has', async (check) => {
    expect(await runCheck(db, check)).toEqual(expect.any(Array));
  });

  it('without one of them is an error, and no finding', async () => {
    const sql = 'SELECT 0::USMALLINT AS run_id, 0 AS icount, 0::BIGINT AS from_icount';
    await expect(runCheck(db, { ...CHECKS[0], sql })).rejects.toThrow(
      /column process is missing; .*column icount is INTEGER, not BIGINT/,
    );
  });
});

describe('SQL helpers', () => {
  const one = async (sql: string) => (await db.query(sql)).getRowObjectsJson()[0].x;

  it('names code by the image of the guest', async () => {
    expect(await one(`SELECT symbol(0, address) AS x FROM symbols WHERE name = 'pmap_enter'`)).toBe(
      'pmap_enter',
    );
    expect(
      await one(`SELECT symbol(0, (address + 3)::UINTEGER) AS x FROM symbols WHERE name = 'pmap_enter'`),
    ).toBe('pmap_enter+0x3');
    expect(await one('SELECT symbol(0, 0x1000) AS x')).toBe('00001000');
    expect(await one('SELECT instruction(0, 0x1000) AS x')).toBeNull();
    expect(
      await one(
        `SELECT instruction(run_id, eip) AS x FROM control_writes WHERE reg = 'cr3' AND eip > 0xf0000000 LIMIT 1`,
      ),
    ).toMatch(/^mov %e\w\w,%cr3$/);
  });

  it('reads hexadecimal numbers, but not in strings, names and comments', async () => {
    expect(await one('SELECT 0xEFBFE000 AS x')).toBe('4022329344');
    expect(await one(`SELECT '0x10' AS x -- 0x20`)).toBe('0x10');
    expect(await one('SELECT "0x10" AS x FROM (SELECT 5 AS "0x10")')).toBe(5);
  });

  it('points at the mistake in the text as it was written', async () => {
    await expect(db.query('SELECT 0xffffffff,\n  nothing FROM run')).rejects.toThrow(/line 2, column 3/);
  });
});

it("a view of one's own may order, and name any other", async () => {
  const sql = 'CREATE VIEW newest_ends AS SELECT * FROM directory_ends ORDER BY seq DESC';
  const other = await TraceDatabase.open([trace], {
    cache: false,
    definitions: new Map([['newest_ends', sql]]),
  });
  try {
    const rows = await other.query('SELECT count(*) AS n FROM newest_ends');
    expect(Number(rows.getRowObjectsJson()[0].n)).toBeGreaterThan(0);
  } finally {
    other.close();
  }
});
