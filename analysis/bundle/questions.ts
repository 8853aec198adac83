import type { Expectation } from '../../schemas/trace/bundle.ts';
import { CHECKS } from '../check/catalog.ts';
import type { SqlValues } from '../db/statement.ts';
import { QUERIES, readSqlFolder, type SqlFile } from '../sql/catalog.ts';

/** The questions that a bundle answers. All SQL of the ones that come with the tool is the tool's; a bundle only names them. */
export interface Question {
  readonly name: string;
  readonly sql: string;
  /** Parameters of a named query, bound and never spliced in. */
  readonly values: Readonly<Record<string, number>>;
  /** Columns that earlier versions called otherwise: names of today by old ones. */
  readonly renamed?: ReadonlyMap<string, string>;
}

/** Every bundle answers these: each named query without parameters, and each check. */
export const BUILT_IN: readonly Question[] = [
  ...QUERIES.filter(({ parameters }) => parameters.length === 0).map((query) => ofQuery(query, {})),
  ...CHECKS.map(({ name, revision, sql }) => ofCheck(revision === 1 ? name : `${name}/${revision}`, sql)),
];

/** Checks as they were, for the bundles that answered them: a check that selects other rows now is another question. */
const EARLIER: readonly Question[] = readSqlFolder(new URL('earlier/', import.meta.url)).map(
  ({ name, sql }) => ofCheck(name, sql),
);

function ofCheck(name: string, sql: string): Question {
  return { name: `check ${name}`, sql: `SELECT icount, from_icount, summary FROM (${sql})`, values: {} };
}

/** A named query with its parameters. */
export function ofQuery({ name, sql, renamed }: SqlFile, values: Question['values']): Question {
  return { name, sql, values, renamed };
}

/**
 * Questions that bundles of earlier versions answer. Later ones answer all that there are, until they are listed here as well: a
 * bundle may say of itself that it is older than it is, but none gets around the first of these lists.
 */
const ASKED_BEFORE: readonly { readonly upTo: string; readonly names: readonly string[] }[] = [
  {
    upTo: '0.2.0',
    names: [
      ...['aptd-timeline', 'foreign-pmap', 'interrupt-nesting', 'latent-hijack'],
      ...[
        'check 01-foreign-pmap',
        'check 02-latent-hijack',
        'check 04-sleep-in-window',
        'check 06-missing-flush',
      ],
      ...['check 08-dangling-alternate', 'check 10-stale-tlb', 'check 17-unmapped-alternate'],
    ],
  },
];

/** Names of the questions that a bundle of that version must answer. */
export function requiredOf(toolVersion: string): readonly string[] {
  const before = ASKED_BEFORE.find(({ upTo }) => notLater(toolVersion, upTo));
  return before?.names ?? BUILT_IN.map(({ name }) => name);
}

function notLater(version: string, limit: string): boolean {
  const numbers = (text: string) => /^(\d+)\.(\d+)\.(\d+)$/.exec(text)?.slice(1).map(Number);
  const [a, b] = [numbers(version), numbers(limit)];
  if (!a || !b) return false;
  const first = a.findIndex((number, n) => number !== b[n]);
  return first < 0 || a[first] < b[first];
}

/** The question of the tool's own that an expectation names, or repeats word for word; undefined when it is none. */
export function knownQuestion({ name, sql, values }: Expectation): Question | undefined {
  if (sql.trim() !== '') return BUILT_IN.find((question) => question.sql.trim() === sql.trim());
  const builtIn = [...BUILT_IN, ...EARLIER].find((question) => question.name === name.raw);
  if (builtIn) return Object.keys(values).length === 0 ? builtIn : undefined;
  const query = QUERIES.find((one) => one.name === name.raw);
  if (!query || !sameNames(query, values)) return undefined;
  return ofQuery(query, values);
}

const sameNames = ({ parameters }: SqlFile, values: SqlValues): boolean =>
  parameters.length === Object.keys(values).length &&
  parameters.every((parameter) => Object.hasOwn(values, parameter.name));
