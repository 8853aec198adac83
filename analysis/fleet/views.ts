import { basename, resolve } from 'node:path';
import { RESULT_TABLES, type ResultTable } from './folder.ts';

/** Results of a fleet as views beside the tables of its traces. */

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/**
 * The statements that make the views, by name. Their rows have the run_id of the trace that they are about, NULL where that is not among
 * `traces`, and the columns run and span out of the names of folders.
 */
export function fleetViews(traces: readonly string[], results: readonly string[]): Map<string, string> {
  const runs = traces.map((file) => quoted(basename(file, '.r386')));
  return new Map(RESULT_TABLES.map((table) => [table, viewOf(table, runs, results)] as const));
}

function viewOf(table: ResultTable, runs: readonly string[], results: readonly string[]): string {
  const files = results.filter((file) => file.replaceAll('\\', '/').includes(`${table}/run=`));
  const list = files.map((file) => quoted(resolve(file))).join(', ');
  const types =
    "hive_partitioning = true, hive_types = {'run': VARCHAR, 'span': BIGINT}, union_by_name = true";
  return (
    `CREATE OR REPLACE VIEW ${table} AS SELECT (list_position([${runs.join(', ')}], run) - 1)::USMALLINT AS run_id, * ` +
    `FROM read_parquet([${list}], ${types})`
  );
}
