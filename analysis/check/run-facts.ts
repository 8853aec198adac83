import type { TraceDatabase } from '../db/trace-database.ts';
import { CHECKS, type Check, type NEEDS } from './catalog.ts';

/** Facts of a trace that are known before checks run. */
export interface RunFacts {
  readonly detail: string;
  /** The part that a torn trace lacks. */
  readonly torn: string | undefined;
  /** The kind of its end (EXIT_KINDS). */
  readonly exit: string;
  readonly exitCode: number | undefined;
  readonly instructions: number;
  readonly hasAlternateMap: boolean;
  /** True if the profile declares windows. */
  readonly hasWindow: boolean;
}

export async function runFacts(db: TraceDatabase): Promise<RunFacts[]> {
  const { rows } = await db.answerByRun(
    `SELECT run_id, detail, torn, exit, exit_code, instructions, alternate_slot,
      EXISTS (FROM windows w WHERE w.run_id = run.run_id AND w.window_id > 0) AS has_window
    FROM run ORDER BY run_id`,
  );
  return rows.map((row) => ({
    detail: String(row.detail),
    torn: row.torn === null ? undefined : String(row.torn),
    exit: String(row.exit),
    exitCode: row.exit_code === null ? undefined : Number(row.exit_code),
    instructions: Number(row.instructions),
    hasAlternateMap: row.alternate_slot !== null,
    hasWindow: row.has_window === true,
  }));
}

/** The checks that apply to at least one of these traces. */
export function applicable(runs: readonly RunFacts[]): Check[] {
  const has: Readonly<Record<(typeof NEEDS)[number], boolean>> = {
    window: runs.some(({ hasWindow }) => hasWindow),
    alternate_map: runs.some(({ hasAlternateMap }) => hasAlternateMap),
    end: runs.some(({ torn }) => torn === undefined),
  };
  return CHECKS.filter(({ needs }) => !needs || has[needs]);
}
