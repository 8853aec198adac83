import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { type DuckDBResultReader, DuckDBTypeId } from '@duckdb/node-api';
import {
  Float64,
  Int64,
  Table,
  tableToIPC,
  Uint8,
  Uint16,
  Uint32,
  Utf8,
  type Vector,
  vectorFromArray,
} from 'apache-arrow';
import { BadInput } from '../../schemas/bad-input.ts';
import type { SqlValues } from './statement.ts';
import type { TraceDatabase } from './trace-database.ts';
import { unfinishedAt, writtenFirst } from './unfinished.ts';

/** Query results as files for other tools. Each is written beside its place and renamed. */

export const FILE_FORMATS = ['arrow', 'parquet'] as const;
export type FileFormat = (typeof FILE_FORMATS)[number];

/** The database has to be allowed the name under which a result is written first. */
export async function writeResult(
  db: TraceDatabase,
  sql: string,
  values: SqlValues,
  format: FileFormat,
  path: string,
): Promise<void> {
  const beside = writtenFirst(path);
  const finished = unfinishedAt(beside);
  try {
    if (format === 'arrow') {
      const result = await db.query(sql, values);
      writeFileSync(beside, tableToIPC(arrowTable(result), 'file'));
    } else await db.copy(sql, values, beside);
    renameSync(beside, path);
  } catch (error) {
    rmSync(beside, { force: true });
    if (error instanceof BadInput) throw error;
    throw new BadInput(`cannot write ${path}: ${(error as Error).message.split('\n')[0]}`);
  } finally {
    finished();
  }
}

/** A result as an Arrow table, numbers as numbers. */
export function arrowTable(result: DuckDBResultReader): Table {
  const names = result.deduplicatedColumnNames();
  const columns = result.getColumns();
  const vectors: Record<string, Vector> = {};
  names.forEach((name, i) => {
    vectors[name] = arrowVector(result.columnTypeId(i), columns[i]);
  });
  return new Table(vectors);
}

function arrowVector(type: DuckDBTypeId, values: readonly unknown[]): Vector {
  switch (type) {
    case DuckDBTypeId.BIGINT:
      return vectorFromArray(values as bigint[], new Int64());
    case DuckDBTypeId.UINTEGER:
      return vectorFromArray(values as number[], new Uint32());
    case DuckDBTypeId.USMALLINT:
      return vectorFromArray(values as number[], new Uint16());
    case DuckDBTypeId.UTINYINT:
      return vectorFromArray(values as number[], new Uint8());
    case DuckDBTypeId.DOUBLE:
      return vectorFromArray(values as number[], new Float64());
    default:
      return vectorFromArray(
        values.map((value) => (value === null ? null : String(value))),
        new Utf8(),
      );
  }
}
