import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { definitionsInOrder } from '../db/definitions.ts';
import { GUEST_FUNCTIONS } from '../db/guest-functions.ts';
import type { TraceDatabase } from '../db/trace-database.ts';
import { TABLES } from '../tables/index.ts';
import { exportParquet } from './tables.ts';

/** Writes a trace as one DuckDB file with its tables, views and macros. */

/**
 * Stand-ins for the functions that read the guest's image (analysis/db/guest-functions.ts): DuckDB has the symbols as a
 * table, and nothing of its code or its DWARF.
 */
const FUNCTIONS: ReadonlyMap<string, string> = new Map([
  ...GUEST_FUNCTIONS.map(
    ({ name }) => [name, `CREATE MACRO ${name}(of_run, code) AS NULL::VARCHAR`] as const,
  ),
  [
    'symbol',
    `CREATE MACRO symbol(of_run, code) AS coalesce((
       SELECT symbol_text(arg_max(s.name, s.address), max(s.address), code)
       FROM symbols s WHERE s.run_id = of_run AND s.address <= code), hex32(code))`,
  ],
]);

/** `folder` is where the tables lie until they are in the file; it is removed. */
export async function exportDuckdb(db: TraceDatabase, path: string, folder: string): Promise<void> {
  mkdirSync(folder);
  const instance = await DuckDBInstance.create(path);
  try {
    await exportParquet(db, folder);
    const connection = await instance.connect();
    for (const { name } of TABLES)
      await connection.run(
        `CREATE TABLE ${name} AS SELECT 0::USMALLINT AS run_id, * FROM read_parquet($file)`,
        { file: join(folder, `${name}.parquet`) },
      );
    for (const sql of definitionsInOrder(new Set(), FUNCTIONS)) await connection.run(sql);
    connection.closeSync();
  } finally {
    instance.closeSync();
    rmSync(folder, { recursive: true, force: true });
  }
}
