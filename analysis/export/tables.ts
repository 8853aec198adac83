import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { RecordBatchFileWriter } from 'apache-arrow';
import { type Names, TraceReader } from '../../replayer/trace/trace-reader.ts';
import type { TraceDatabase } from '../db/trace-database.ts';
import { TABLES } from '../tables/index.ts';
import { RowBuffer } from '../tables/row-buffer.ts';

/** Writes the tables of a trace as Arrow or Parquet files. */

/** Each table of a trace as one Arrow IPC file in `folder`: TABLE.arrow. */
export function exportArrow(trace: string, folder: string, names?: Names): void {
  const reader = TraceReader.open(trace, { names });
  try {
    for (const table of TABLES) {
      const batches = [...table.batches(reader)];
      // A file without rows still has its schema.
      if (batches.length === 0) batches.push(new RowBuffer(table.columns).batch());
      writeFileSync(
        join(folder, `${table.name}.arrow`),
        RecordBatchFileWriter.writeAll(batches).toUint8Array(true),
      );
    }
  } finally {
    reader.close();
  }
}

/** Each table of a trace as one Parquet file in `folder`: TABLE.parquet. */
export async function exportParquet(db: TraceDatabase, folder: string): Promise<void> {
  for (const { name } of TABLES) {
    await db.copy(`SELECT * EXCLUDE (run_id) FROM ${name}`, {}, join(folder, `${name}.parquet`));
  }
}
