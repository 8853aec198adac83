import { type Untrusted, untrusted } from '../../schemas/untrusted.ts';
import type { TraceDatabase } from '../db/trace-database.ts';
import { readSqlFolder, type SqlFile } from '../sql/catalog.ts';

/**
 * The invariants. Each is a query of this folder: what it selects should not exist. Its header gives the class of bug (a number
 * of docs/queries.md, or a name) and how sure it is: an `error` has happened; a `warning` is an accident that the code allowed
 * and that did no harm this time.
 */
export interface Check {
  readonly name: string;
  readonly title: string;
  readonly doc: string;
  readonly class: string;
  readonly severity: (typeof SEVERITIES)[number];
  /** Facts that a trace must have for the check to say something. */
  readonly needs: (typeof NEEDS)[number] | undefined;
  readonly sql: string;
}

export const SEVERITIES = ['error', 'warning'] as const;
/** `alternate_map`: a guest with one, by its profile; `end`: a recording that ended in order. */
export const NEEDS = ['alternate_map', 'end'] as const;

/** Columns that each check selects, in any order; more columns do no harm. */
export const CHECK_COLUMNS: Readonly<Record<string, string>> = {
  run_id: 'which of the traces given, from 0',
  from_icount: 'where the story begins, for a replay of just that',
  icount: 'where it ends: the finding',
  process: 'process that was running; NULL when it is not known',
  code: 'code that did it; NULL when it is not known',
  summary: 'one sentence with symbols and processes',
  query: 'named query, with its parameters, that tells more; NULL when there is none',
};

export interface Finding {
  readonly check: Check;
  /** Which of the traces. */
  readonly run: number;
  readonly icount: number;
  /** The icount at which the story begins, for a replay of just that. */
  readonly fromIcount: number;
  /** One sentence with symbols and processes. */
  readonly summary: Untrusted;
  /** Named query, with its parameters, that tells more. */
  readonly query: string | undefined;
  /** A page-table write of its story made the address that the machine's death names map to what it did then. */
  readonly leadsToDeath: boolean;
}

/** Throws an Error for a header that is wrong: a misspelt severity must not pass for a harmless one. */
export function parseCheck({ name, title, doc, text, sql }: SqlFile): Check {
  const tag = (key: string) => new RegExp(`^-- @${key} (\\S+)$`, 'm').exec(text)?.[1];
  const oneOf = <Word extends string>(key: string, words: readonly Word[]): Word | undefined => {
    const given = tag(key);
    const known = words.find((word) => word === given);
    if (given !== undefined && !known) throw new Error(`check ${name}: @${key} ${given} is none of ${words}`);
    return known;
  };
  const severity = oneOf('severity', SEVERITIES);
  const classOf = tag('class');
  if (!severity || classOf === undefined) throw new Error(`check ${name}: @class or @severity is missing`);
  return { name, title, doc, class: classOf, severity, needs: oneOf('needs', NEEDS), sql };
}

export const CHECKS: readonly Check[] = readSqlFolder(new URL('./', import.meta.url)).map(parseCheck);

/** The class that an interrupt causes: without the interrupt it should vanish. */
export const HIJACK = '1';

/** Facts of a trace that are known before any check is run. */
export interface RunFacts {
  readonly detail: string;
  /** The part that a torn trace lacks. */
  readonly torn: string | undefined;
  /** The way it ended (EXIT_KINDS). */
  readonly exit: string;
  readonly exitCode: number | undefined;
  readonly instructions: number;
  readonly hasAlternateMap: boolean;
}

export async function runFacts(db: TraceDatabase): Promise<RunFacts[]> {
  const rows = await db.query(
    'SELECT detail, torn, exit, exit_code, instructions, alternate_slot FROM run ORDER BY run_id',
  );
  return rows.getRowObjectsJson().map((row) => ({
    detail: String(row.detail),
    torn: row.torn === null ? undefined : String(row.torn),
    exit: String(row.exit),
    exitCode: row.exit_code === null ? undefined : Number(row.exit_code),
    instructions: Number(row.instructions),
    hasAlternateMap: row.alternate_slot !== null,
  }));
}

/** The checks that can say something of one of these traces at least. */
export function applicable(runs: readonly RunFacts[]): Check[] {
  const has: Readonly<Record<(typeof NEEDS)[number], boolean>> = {
    alternate_map: runs.some(({ hasAlternateMap }) => hasAlternateMap),
    end: runs.some(({ torn }) => torn === undefined),
  };
  return CHECKS.filter(({ needs }) => !needs || has[needs]);
}

/** Runs every check that can apply; the findings of the worst class first, of each class the worst first. */
export async function runChecks(db: TraceDatabase): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const check of applicable(await runFacts(db))) findings.push(...(await runCheck(db, check)));
  if (!findings.some(({ check }) => DEATHS.includes(check.class))) return ranked(findings);
  const writes = await deathWrites(db);
  return ranked(
    findings.map((finding) => ({ ...finding, leadsToDeath: writes.some((write) => isIn(finding, write)) })),
  );
}

export async function runCheck(db: TraceDatabase, check: Check): Promise<Finding[]> {
  const rows = await db.query(`SELECT * FROM (${check.sql}) ORDER BY run_id, icount`);
  const missing = Object.keys(CHECK_COLUMNS).filter((name) => !rows.columnNames().includes(name));
  if (missing.length > 0) throw new Error(`check ${check.name} selects no column ${missing.join(', ')}`);
  return rows.getRowObjectsJson().map((row) => ({
    check,
    run: Number(row.run_id),
    icount: Number(row.icount),
    fromIcount: Number(row.from_icount),
    summary: untrusted(String(row.summary)),
    query: row.query === null ? undefined : String(row.query),
    leadsToDeath: false,
  }));
}

/** Classes that tell of the machine's end, what came first before what it led to. */
const DEATHS: readonly string[] = [
  'kernel-fault',
  'triple-fault',
  'panic',
  'bad-exit',
  'exception-loop',
  'halted',
];

interface Write {
  readonly run: number;
  readonly icount: number;
}

async function deathWrites(db: TraceDatabase): Promise<Write[]> {
  const rows = await db.query('SELECT DISTINCT run_id, write_icount FROM death_writes');
  return rows
    .getRowObjectsJson()
    .map((row) => ({ run: Number(row.run_id), icount: Number(row.write_icount) }));
}

/** The write is part of the story, whose last instruction may be the one that wrote. */
const isIn = ({ check, run, fromIcount, icount }: Finding, write: Write): boolean =>
  check.severity === 'error' &&
  !DEATHS.includes(check.class) &&
  run === write.run &&
  fromIcount <= write.icount &&
  write.icount <= icount;

/** The order of a report: what led to the death of the machine, its death, other errors, warnings. */
function rankOf({ check, leadsToDeath }: Finding): number {
  if (leadsToDeath) return 0;
  const death = DEATHS.indexOf(check.class);
  if (check.severity === 'warning') return 2 + DEATHS.length;
  return death < 0 ? 1 + DEATHS.length : 1 + death;
}

function ranked(findings: readonly Finding[]): Finding[] {
  const best = new Map<Check, number>();
  for (const finding of findings)
    best.set(finding.check, Math.min(best.get(finding.check) ?? Number.POSITIVE_INFINITY, rankOf(finding)));
  const classRank = ({ check }: Finding) => best.get(check) ?? 0;
  return [...findings].sort(
    (a, b) =>
      classRank(a) - classRank(b) ||
      CHECKS.indexOf(a.check) - CHECKS.indexOf(b.check) ||
      rankOf(a) - rankOf(b) ||
      a.run - b.run ||
      a.icount - b.icount,
  );
}
