import { type Untrusted, untrusted } from '../../schemas/untrusted.ts';
import type { TraceDatabase } from '../db/trace-database.ts';
import { readSqlFolder } from '../sql/catalog.ts';

/**
 * The invariants. Each is a query of this folder: what it selects should not exist. Its header gives the class of bug
 * (numbered as in docs/queries.md) and how sure it is: an `error` has happened; a `warning` is an accident that the code
 * allowed and that did no harm this time.
 */
export interface Check {
  readonly name: string;
  readonly title: string;
  readonly doc: string;
  readonly class: number;
  readonly severity: 'error' | 'warning';
  /** Whether it is about the alternate map, so that it says nothing of a guest without one. */
  readonly needsAlternateMap: boolean;
  readonly sql: string;
}

export interface Finding {
  readonly check: Check;
  /** Which of the traces. */
  readonly run: number;
  readonly icount: number;
  /** Where the story begins: for a replay of just that. */
  readonly fromIcount: number;
  /** One sentence with symbols and processes. */
  readonly summary: Untrusted;
  /** Named query, with its parameters, that tells more. */
  readonly query: string;
}

const tag = (sql: string, name: string) => new RegExp(`^-- @${name} (\\w+)`, 'm').exec(sql)?.[1] ?? '';

export const CHECKS: readonly Check[] = readSqlFolder(new URL('./', import.meta.url)).map(
  ({ name, title, doc, text, sql }) => ({
    name,
    title,
    doc,
    class: Number(tag(text, 'class')),
    severity: tag(text, 'severity') === 'error' ? 'error' : 'warning',
    needsAlternateMap: tag(text, 'needs') === 'alternate_map',
    sql,
  }),
);

/** The checks that can say something of these traces. */
export async function checksFor(db: TraceDatabase): Promise<readonly Check[]> {
  const rows = await db.query('SELECT count(alternate_slot) > 0 AS has_alternate FROM run');
  const [{ has_alternate: hasAlternate }] = rows.getRowObjectsJson();
  return CHECKS.filter(({ needsAlternateMap }) => hasAlternate || !needsAlternateMap);
}

/** Runs every check; findings by check, then in the order of the run. */
export async function runChecks(db: TraceDatabase): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const check of CHECKS) {
    const rows = await db.query(`SELECT * FROM (${check.sql}) ORDER BY run_id, icount`);
    for (const row of rows.getRowObjectsJson()) {
      findings.push({
        check,
        run: Number(row.run_id),
        icount: Number(row.icount),
        fromIcount: Number(row.from_icount),
        summary: untrusted(String(row.summary)),
        query: String(row.query),
      });
    }
  }
  return findings;
}
