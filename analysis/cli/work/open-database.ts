import type { DatabaseOptions, TraceDatabase } from '../../db/trace-database.ts';
import { kernelFiles } from '../options/kernel-files.ts';
import { note } from '../terminal/progress.ts';
import { statusLine } from '../terminal/status-line.ts';
import { prepareBatches } from './prepare-batches.ts';

/** Opens traces as a database, with notes on stderr. */
export async function openDatabase(
  files: readonly string[],
  options: DatabaseOptions = {},
): Promise<TraceDatabase> {
  // Loaded on demand, because DuckDB takes a while.
  const { TraceDatabase } = await import('../../db/trace-database.ts');
  return await TraceDatabase.open(files, {
    prepareElsewhere: (batches, sql) => prepareBatches(batches, sql, options),
    debugFile: (guest) => kernelFiles(guest).debugFile,
    ...options,
    note,
    onLoad: (table) => statusLine.flash(`reading ${table}…`),
  });
}
