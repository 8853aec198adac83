import { describe, expect, it } from 'vitest';
import { brokenContract, CHECK_COLUMNS, CHECKS, parseCheck } from '../../analysis/check/catalog.ts';
import type { RunFacts } from '../../analysis/check/run-facts.ts';
import { verdict } from '../../analysis/cli/work/check-report.ts';
import { parseSqlFile } from '../../analysis/sql/catalog.ts';

/** Headers of checks are read strictly: a misspelt one must not make an error a warning, or a class another. */

const check = (...tags: string[]) =>
  parseCheck(parseSqlFile('made-up', ['-- Title', '--', '-- Text.', ...tags, 'SELECT 1'].join('\n')));

it.each([
  [
    'a severity misspelt',
    ['-- @class 1', '-- @severity eror'],
    /made-up: @severity eror is not one of error,warning/,
  ],
  ['no severity', ['-- @class 1'], /made-up: @class or @severity is missing/],
  ['no class', ['-- @severity error'], /made-up: @class or @severity is missing/],
  ['an unknown need', ['-- @class 1', '-- @severity error', '-- @needs luck'], /@needs luck is not one of/],
])('%s is an error', (_, tags, message) => {
  expect(() => check(...tags)).toThrow(message);
});

it('a right one is read', () => {
  const { class: name, severity, needs } = check('-- @class late', '-- @severity warning', '-- @needs end');
  expect([name, severity, needs]).toEqual(['late', 'warning', 'end']);
});

const KEPT = Object.entries(CHECK_COLUMNS).map(([name, { type }]) => ({ name, type: String(type) }));

it.each([
  ['a column is missing', KEPT.slice(1), ['column run_id is missing']],
  [
    'a column is of another type',
    KEPT.map((column) => (column.name === 'icount' ? { ...column, type: 'VARCHAR' } : column)),
    ['column icount is VARCHAR, not BIGINT'],
  ],
  [
    "a column is nobody's",
    [...KEPT, { name: 'sumary', type: 'VARCHAR' }],
    ['column sumary is not a column of checks'],
  ],
  ['all are there, in another order', [...KEPT].reverse(), []],
])('the contract of columns, when %s', (_, columns, broken) => {
  expect(brokenContract(columns)).toEqual(broken);
});

it('every class has one check', () => {
  expect(new Set(CHECKS.map(({ class: name }) => name)).size).toBe(CHECKS.length);
});

describe('the verdict on runs that were stopped', () => {
  const run = (instructions: number, exit: string): RunFacts => ({
    ...{ detail: 'paging', torn: undefined, exitCode: undefined, hasAlternateMap: true, hasWindow: true },
    ...{ instructions, exit },
  });
  const of = (...runs: readonly RunFacts[]) =>
    verdict({ paths: runs.map((_, n) => `${n}.r386`), findings: [], checks: CHECKS, runs, hints: [] });

  it.each([
    ['a run', [run(5000, 'limit')], /no finding up to icount 5,000, where the run was stopped$/],
    ['a run that ended', [run(5000, 'exit')], /no finding$/],
    [
      'many',
      Array.from({ length: 100 }, () => run(5000, 'limit')),
      /up to icount 5,000, where 100 runs were stopped$/,
    ],
    [
      'some',
      [run(7, 'limit'), run(9, 'interrupted'), run(8, 'exit')],
      /icounts from 7 to 9, where 2 runs were stopped$/,
    ],
  ] as const)('%s', (_, runs, said) => {
    expect(of(...runs)).toMatch(said);
  });
});
