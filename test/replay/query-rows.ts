import { TraceDatabase } from '../../analysis/db/trace-database.ts';

/** The rows of SQL on a trace, as plain values; nothing is cached. */
export async function queryRows(file: string, sql: string): Promise<unknown[]> {
  const db = await TraceDatabase.open([file], { cache: false });
  try {
    return (await db.query(sql)).getRowObjectsJson();
  } finally {
    db.close();
  }
}
