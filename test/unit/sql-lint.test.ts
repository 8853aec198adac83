import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MACROS, parseMacro, parseSqlFile } from '../../analysis/sql/catalog.ts';

/** SQL as a library: each file says what its rows are, numbers of the manuals have names, and none is spelled in TypeScript. */

const root = resolve(import.meta.dirname, '../..');
const filesBelow = (folder: string): string[] =>
  readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? filesBelow(path) : [path];
  });

const all = filesBelow(join(root, 'analysis'));
const read = (path: string) => [relative(root, path), readFileSync(path, 'utf8')] as const;
const isSql = (path: string) => path.endsWith('.sql') && !path.includes('/macros/');
const files = all.filter(isSql).map(read);

const withoutComments = (sql: string) => sql.replaceAll(/--.*$/gm, '').replaceAll(/'(?:[^']|'')*'/g, "''");

/** Shifts, masks and numbers that a manual fixes; 255 masks a byte of text. */
function barePlaces(sql: string): string[] {
  const code = withoutComments(sql);
  const found = code.match(
    /\b0x[0-9a-f]+\b|\b(?:\d{5,}|4095|4096|1023|1024)\b|(?:<<|>>) *\d+|& *(?!255\b)\d+/gi,
  );
  return found ? [...found] : [];
}

describe('the rules themselves', () => {
  it.each([
    ['a mask', 'SELECT new & 4294963200'],
    ['a bit', 'WHERE new & 1 = 1'],
    ['a shift', 'SELECT cr2 >> 22'],
    ['a hexadecimal number', 'SELECT 0x10'],
  ])('find %s', (_, sql) => {
    expect(barePlaces(sql)).not.toEqual([]);
  });

  it('let text, comments and names be', () => {
    expect(barePlaces(`SELECT hex32(a) || ' 12345 & 1' -- 0x10\nFROM t WHERE slot = 958`)).toEqual([]);
  });

  it('read a macro as it is written', () => {
    const { name, doc, parameters, example } = parseMacro(
      ['-- What it is.', '-- @param a first', '-- @example SELECT m(1, 2)', 'CREATE MACRO m(a, b) AS a'].join(
        '\n',
      ),
    );
    expect([name, doc, example]).toEqual(['m', 'What it is.', 'SELECT m(1, 2)']);
    expect(parameters).toEqual([
      { name: 'a', doc: 'first' },
      { name: 'b', doc: '' },
    ]);
  });
});

describe.each(files)('%s', (path, text) => {
  const { title, doc, columns, parameters, sql } = parseSqlFile(path, text);

  it('says what it is, in a title and prose', () => {
    expect(title).not.toBe('');
    expect(doc).not.toBe('');
  });

  it('says what each column and parameter means', () => {
    // What checks select is a contract, told once (analysis/check/catalog.ts).
    if (!/^analysis\/(?:check|bundle)\//.test(path)) expect(columns.length).toBeGreaterThan(0);
    for (const { name, doc: meaning } of [...columns, ...parameters]) expect(meaning, name).not.toBe('');
    const used = [...withoutComments(sql).matchAll(/\$(\w+)/g)].map(([, name]) => name);
    expect([...new Set(used)].sort()).toEqual(parameters.map(({ name }) => name).sort());
  });

  it('has numbers of the manuals by their names (macros/)', () => {
    expect(barePlaces(sql)).toEqual([]);
  });

  it('finds symbols and owners by `symbol`, `owner_text` and `owner_at`', () => {
    expect(sql).not.toMatch(/ASOF[^\n]*\b(?:symbols|directory_owners)\b/);
  });
});

it.each(MACROS)('macro $name says what it is and takes, with an example that calls it', (macro) => {
  const { name, doc, parameters, example } = macro;
  expect(doc).toMatch(/\.$/);
  expect(example).toContain(`${name}(`);
  expect(parameters.filter((parameter) => parameter.doc === '')).toEqual([]);
});

it('TypeScript has no SQL that joins, groups or names its parts: it lies in .sql files', () => {
  const queries = all
    .filter((path) => path.endsWith('.ts'))
    .map(read)
    .flatMap(([path, code]) =>
      [...code.matchAll(/(['`])((?:(?!\1)[^\\]|\\.)*)\1/g)]
        .filter(([, , text]) => /\bSELECT\b[\s\S]*\b(?:JOIN|GROUP BY|OVER|UNION)\b/.test(text))
        .map(([text]) => `${path}: ${text.slice(0, 60)}`),
    )
    .filter((found) => !/(symbol|instruction|line|inlined)\(run_id|--sql/.test(found));
  expect(queries).toEqual([]);
});
