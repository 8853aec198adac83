import { readdirSync } from 'node:fs';
import { readSqlFile, type SqlFile } from '../sql/catalog.ts';

/**
 * The checks of invariants, one folder each. The query in `check.sql` selects rows that should not exist. Its header gives the class of
 * bug (a number or name of docs/bug-classes.md) and the severity: an `error` is damage that happened; a `warning` is an accident that the
 * code allowed and that did no harm this time. Beside it are stories with events that it finds (`fires.events`) and with the bug removed
 * (`silent.events`); test/sql/checks.test.ts runs them.
 */
export interface Check {
  readonly name: string;
  readonly title: string;
  readonly doc: string;
  readonly class: string;
  readonly severity: (typeof SEVERITIES)[number];
  /** The parts that a trace needs for the check to apply. */
  readonly needs: (typeof NEEDS)[number] | undefined;
  /** Increased when the check selects other rows; bundles of earlier versions keep the earlier text (analysis/bundle/earlier). */
  readonly revision: number;
  readonly sql: string;
}

export const SEVERITIES = ['error', 'warning'] as const;
/** `alternate_map`: the profile has an alternate map; `window`: it declares another window; `end`: the recording was completed. */
export const NEEDS = ['alternate_map', 'window', 'end'] as const;

interface CheckColumn {
  /** Type in DuckDB. */
  readonly type: 'BIGINT' | 'USMALLINT' | 'VARCHAR';
  readonly nullable?: boolean;
  readonly doc: string;
}

/** The contract: the columns that each check selects, in any order, and no others. */
export const CHECK_COLUMNS = {
  run_id: { type: 'USMALLINT', doc: 'index of the trace among those given, from 0' },
  from_icount: { type: 'BIGINT', doc: 'icount at which the incident begins, for a replay of just that part' },
  icount: { type: 'BIGINT', doc: 'icount of the finding, the end of the incident' },
  process: {
    type: 'VARCHAR',
    nullable: true,
    doc: 'process that was running; NULL if unknown',
  },
  code: { type: 'VARCHAR', nullable: true, doc: 'code that caused it; NULL if unknown' },
  summary: { type: 'VARCHAR', doc: 'one sentence with symbols and processes' },
  query: {
    type: 'VARCHAR',
    nullable: true,
    doc: 'named query with parameters that has the details; NULL if there is none',
  },
  uses: {
    type: 'BIGINT',
    doc: 'accesses, faults or stores that belong to this incident; 0 if there were none',
  },
  stores: { type: 'BIGINT', doc: 'number of the accesses that are stores' },
} as const satisfies Record<string, CheckColumn>;

/** The violations of the contract by a query's columns, as text; empty if there are none. */
export function brokenContract(
  columns: readonly { readonly name: string; readonly type: string }[],
): string[] {
  const wanted = Object.entries<CheckColumn>(CHECK_COLUMNS);
  const missing = wanted.filter(([name]) => !columns.some((column) => column.name === name));
  const odd = columns.flatMap(({ name, type }) => {
    const [, known] = wanted.find(([one]) => one === name) ?? [];
    if (!known) return [`column ${name} is not a column of checks`];
    return known.type === type ? [] : [`column ${name} is ${type}, not ${known.type}`];
  });
  return [...missing.map(([name]) => `column ${name} is missing`), ...odd];
}

/** Parses a header; throws an Error if it is invalid, so that a misspelt severity cannot pass as a harmless one. */
export function parseCheck({ name, title, doc, text, sql }: SqlFile): Check {
  const tag = (key: string) => new RegExp(`^-- @${key} (\\S+)$`, 'm').exec(text)?.[1];
  const oneOf = <Word extends string>(key: string, words: readonly Word[]): Word | undefined => {
    const given = tag(key);
    const known = words.find((word) => word === given);
    if (given !== undefined && !known)
      throw new Error(`check ${name}: @${key} ${given} is not one of ${words}`);
    return known;
  };
  const severity = oneOf('severity', SEVERITIES);
  const classOf = tag('class');
  if (!severity || classOf === undefined) throw new Error(`check ${name}: @class or @severity is missing`);
  const revision = Number(tag('revision') ?? 1);
  if (!Number.isInteger(revision) || revision < 1)
    throw new Error(`check ${name}: @revision is not a number`);
  return { name, title, doc, class: classOf, severity, needs: oneOf('needs', NEEDS), revision, sql };
}

/** Of each folder here, by name. */
function readChecks(): Check[] {
  const here = new URL('./', import.meta.url);
  return readdirSync(here, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort()
    .map((name) => parseCheck(readSqlFile(name, new URL(`${name}/check.sql`, here))));
}

export const CHECKS: readonly Check[] = readChecks();

/** Classes about the end of the machine, causes before consequences. */
export const DEATHS: readonly string[] = [
  'kernel-fault',
  'triple-fault',
  'panic',
  'bad-exit',
  'exception-loop',
  'halted',
];

export const isDeath = (check: Check): boolean => DEATHS.includes(check.class);

/** The class that interrupts cause; without the interrupt its findings should vanish. */
export const HIJACK = '1';
/** Classes that an interrupt may cause, which a run with interrupts held off can decide. */
export const BY_INTERRUPT: readonly string[] = [HIJACK, '13', 'window-misread', 'written-back'];
