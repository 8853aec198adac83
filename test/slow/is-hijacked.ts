import { HIJACK } from '../../analysis/check/catalog.ts';
import { runChecks } from '../../analysis/check/run-checks.ts';
import { TraceDatabase } from '../../analysis/db/trace-database.ts';

/** True if `check` finds a hijack in the trace. */
export async function isHijacked(file: string): Promise<boolean> {
  const db = await TraceDatabase.open([file], { cache: false });
  try {
    return (await runChecks(db)).some(({ check }) => check.class === HIJACK);
  } finally {
    db.close();
  }
}
