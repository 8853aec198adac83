import { createHash } from 'node:crypto';
import { MACROS, VIEWS } from '../sql/catalog.ts';
import { hexLiterals } from './hex-literals.ts';

/** The statements that make each view and macro, and what they name. */

/** By name. They name tables and each other, so each comes after those that it names. */
export const DEFINITIONS: ReadonlyMap<string, string> = new Map([
  ...VIEWS.map(({ name, sql }) => [name, `CREATE OR REPLACE VIEW ${name} AS ${hexLiterals(sql)}`] as const),
  ...MACROS.map(
    ({ name, sql }) => [name, hexLiterals(sql).replace('CREATE MACRO', 'CREATE OR REPLACE MACRO')] as const,
  ),
]);

/** Views that are computed once, when they are first asked for. */
export const KEPT_VIEWS: ReadonlySet<string> = new Set(
  VIEWS.filter(({ isKept }) => isKept).map(({ name }) => name),
);

/** Words of SQL that may be names. */
export const wordsOf = (sql: string): ReadonlySet<string> =>
  new Set(sql.toLowerCase().match(/[a-z_][a-z_0-9]*/g));

/** Every definition, and `more` of them, but those already `made`, each after those that it names. */
export function definitionsInOrder(
  made: ReadonlySet<string> = new Set(),
  more: ReadonlyMap<string, string> = new Map(),
): string[] {
  const all = new Map([...more, ...DEFINITIONS]);
  const begun = new Set(made);
  const add = (name: string): string[] => {
    const sql = all.get(name);
    if (sql === undefined || begun.has(name)) return [];
    begun.add(name);
    return [...[...wordsOf(sql)].flatMap(add), sql];
  };
  return [...all.keys()].flatMap(add);
}

/** Changes with the definition of a name and of all that it names, of which `more` come first. */
export function digestOfDefinition(name: string, more: ReadonlyMap<string, string> = new Map()): string {
  const seen = new Map<string, string>();
  const add = (word: string): void => {
    const sql = more.get(word) ?? DEFINITIONS.get(word);
    if (sql === undefined || seen.has(word)) return;
    seen.set(word, sql);
    for (const named of wordsOf(sql)) add(named);
  };
  add(name);
  return createHash('sha256')
    .update([...seen.values()].join('\0'))
    .digest('hex')
    .slice(0, 16);
}
