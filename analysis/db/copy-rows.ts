import type { DuckDBConnection } from '@duckdb/node-api';
import { hexLiterals } from './hex-literals.ts';
import { type AnswerLimits, type SqlValues, withinTime } from './statement.ts';

/** The rows of one question as a file. */

/**
 * The form of tables in files, in the cache and exported. DuckDB makes a dictionary of each column until that has so many values; most
 * columns have few or very many, and with a longer one the same bytes take a quarter more time.
 */
export const PARQUET = '(FORMAT parquet, COMPRESSION zstd, PARQUET_VERSION v2, DICTIONARY_SIZE_LIMIT 1024)';

/** A form of files that a result is written in, as DuckDB's COPY has it. */
export type CopyFormat = 'parquet' | 'csv';

const FORMATS: Readonly<Record<CopyFormat, string>> = { parquet: PARQUET, csv: '(FORMAT csv, HEADER)' };

export interface Copy extends Pick<AnswerLimits, 'seconds' | 'signal'> {
  readonly values: SqlValues;
  readonly file: string;
  readonly format: CopyFormat;
  /** Most that is written; default: all. */
  readonly rows?: number;
}

/** A path as a literal of SQL. */
export const quoted = (path: string): string => `'${path.replaceAll("'", "''")}'`;

/** Returns how many rows were written. */
export async function copyRows(connection: DuckDBConnection, sql: string, copy: Copy): Promise<number> {
  const { values, file, format, rows } = copy;
  // A view would hold no rows, but cannot have parameters.
  const kind = Object.keys(values).length > 0 ? 'TABLE' : 'VIEW';
  return await withinTime(connection, copy, async () => {
    try {
      await connection.run(`CREATE TEMP ${kind} result AS ${hexLiterals(sql)}`, { ...values });
      const most = rows === undefined ? '' : ` LIMIT ${rows}`;
      const { rowsChanged } = await connection.run(
        `COPY (FROM result${most}) TO ${quoted(file)} ${FORMATS[format]}`,
      );
      return rowsChanged;
    } finally {
      await connection.run(`DROP ${kind} IF EXISTS result`);
    }
  });
}
