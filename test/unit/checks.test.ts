import { expect, it } from 'vitest';
import { CHECKS, parseCheck } from '../../analysis/check/checks.ts';
import { parseSqlFile } from '../../analysis/sql/catalog.ts';

/** Headers of checks are read strictly: a misspelt one must not make an error a warning, or a class another. */

const check = (...tags: string[]) =>
  parseCheck(parseSqlFile('made-up', ['-- Title', '--', '-- Text.', ...tags, 'SELECT 1'].join('\n')));

it.each([
  [
    'a severity misspelt',
    ['-- @class 1', '-- @severity eror'],
    /made-up: @severity eror is none of error,warning/,
  ],
  ['no severity', ['-- @class 1'], /made-up: @class or @severity is missing/],
  ['no class', ['-- @severity error'], /made-up: @class or @severity is missing/],
  ['an unknown need', ['-- @class 1', '-- @severity error', '-- @needs luck'], /@needs luck is none of/],
])('%s is an error', (_, tags, message) => {
  expect(() => check(...tags)).toThrow(message);
});

it('a right one is read', () => {
  const { class: name, severity, needs } = check('-- @class late', '-- @severity warning', '-- @needs end');
  expect([name, severity, needs]).toEqual(['late', 'warning', 'end']);
});

it('every class has one check', () => {
  expect(new Set(CHECKS.map(({ class: name }) => name)).size).toBe(CHECKS.length);
});
