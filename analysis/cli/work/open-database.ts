import type { DatabaseOptions, TraceDatabase } from '../../db/trace-database.ts';
import { kernelFiles } from '../options/kernel-files.ts';
import { note } from '../terminal/progress.ts';
import { statusLine } from '../terminal/status-line.ts';

/** Traces as a database, with what there is to say about it on stderr. */
export async function openDatabase(
  files: readonly string[],
  options: DatabaseOptions = {},
): Promise<TraceDatabase> {
  // Loaded when it is needed: DuckDB takes a while.
  const { TraceDatabase } = await import('../../db/trace-database.ts');
  return await TraceDatabase.open(files, {
    debugFile: (guest) => kernelFiles(guest).debugFile,
    ...options,
    note,
    onLoad: (table) => statusLine.flash(`reading ${table}…`),
  });
}
