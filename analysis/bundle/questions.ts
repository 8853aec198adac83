import type { Expectation } from '../../schemas/trace/bundle.ts';
import { CHECKS } from '../check/catalog.ts';
import type { SqlValues } from '../db/statement.ts';
import { QUERIES, readSqlFolder, type SqlFile } from '../sql/catalog.ts';

/** The questions that a bundle answers. For the tool's own questions, a bundle contains only their names, never SQL. */
export interface Question {
  readonly name: string;
  readonly sql: string;
  /** Parameters of a named query, bound and never spliced in. */
  readonly values: Readonly<Record<string, number>>;
  /** Renamed columns: current names by old ones. */
  readonly renamed?: ReadonlyMap<string, string>;
}

/** Every bundle answers these: each named query without parameters, and each check. */
export const BUILT_IN: readonly Question[] = [
  ...QUERIES.filter(({ parameters }) => parameters.length === 0).map((query) => ofQuery(query, {})),
  ...CHECKS.map(({ name, revision, sql }) => ofCheck(revision === 1 ? name : `${name}/${revision}`, sql)),
];

/** Earlier texts of checks that now select other rows, for the bundles that answered them. */
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
 * The questions that bundles of earlier versions answer. Bundles of unlisted versions answer all current questions. A bundle may claim an
 * earlier version than its own, but cannot avoid the first of these lists.
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

/** The tool's question that an expectation names or repeats verbatim; undefined if there is none. */
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
