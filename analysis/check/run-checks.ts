import { type Untrusted, untrusted } from '../../schemas/untrusted.ts';
import type { TraceDatabase } from '../db/trace-database.ts';
import { brokenContract, type Check } from './catalog.ts';
import { ranked, tellsOfDeath } from './rank.ts';
import { applicable, runFacts } from './run-facts.ts';

/** One incident: a row that a check selected. */
export interface Finding {
  readonly check: Check;
  /** Index of the trace. */
  readonly run: number;
  readonly icount: number;
  /** icount at which the incident begins, for a replay of just that part. */
  readonly fromIcount: number;
  /** One sentence with symbols and processes. */
  readonly summary: Untrusted;
  /** Number of accesses, faults or stores in this incident, and of the accesses that stored. */
  readonly uses: number;
  readonly stores: number;
  /** Named query with its parameters that shows the details. */
  readonly query: string | undefined;
  /** True if a page-table write of the incident created the final mapping of the address that the machine died of. */
  readonly leadsToDeath: boolean;
  /** For an undeclared window: its declaration for a profile, in JSON. */
  readonly window?: string | undefined;
}

/**
 * Runs every applicable check; the worst class first, within a class the worst finding first. Throws an Error if a check violates the
 * contract of columns.
 */
export async function runChecks(db: TraceDatabase): Promise<Finding[]> {
  const checks = applicable(await runFacts(db));
  const findings: Finding[] = [];
  for (const check of checks) findings.push(...(await runCheck(db, check)));
  return await rankedFor(db, findings);
}

/** Findings in the order of a report, with those marked that led to the death of the machine. */
export async function rankedFor(db: TraceDatabase, findings: readonly Finding[]): Promise<Finding[]> {
  if (!findings.some(tellsOfDeath)) return ranked(findings);
  const writes = await deathWrites(db);
  return ranked(
    findings.map((finding) => ({ ...finding, leadsToDeath: writes.some((write) => isIn(finding, write)) })),
  );
}

/** Throws an Error if the check violates the contract of columns. */
export async function runCheck(db: TraceDatabase, check: Check): Promise<Finding[]> {
  const { names, types, rows } = await db.answerByRun(`SELECT * FROM (${check.sql}) ORDER BY run_id, icount`);
  const broken = brokenContract(names.map((name, n) => ({ name, type: types[n] })));
  if (broken.length > 0) throw new Error(`check ${check.name}: ${broken.join('; ')}`);
  return rows.map((row) => ({
    check,
    run: Number(row.run_id),
    icount: Number(row.icount),
    fromIcount: Number(row.from_icount),
    summary: untrusted(String(row.summary)),
    uses: Number(row.uses),
    stores: Number(row.stores),
    query: row.query === null ? undefined : String(row.query),
    leadsToDeath: false,
  }));
}

interface Write {
  readonly run: number;
  readonly icount: number;
}

async function deathWrites(db: TraceDatabase): Promise<Write[]> {
  const { rows } = await db.answerByRun(
    'SELECT DISTINCT run_id, write_icount FROM death_writes ORDER BY ALL',
  );
  return rows.map((row) => ({ run: Number(row.run_id), icount: Number(row.write_icount) }));
}

/** True if the write belongs to the incident, whose last instruction may be the write. */
const isIn = (finding: Finding, write: Write): boolean =>
  finding.check.severity === 'error' &&
  !tellsOfDeath(finding) &&
  finding.run === write.run &&
  finding.fromIcount <= write.icount &&
  write.icount <= finding.icount;
