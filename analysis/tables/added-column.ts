import { type Data, makeData, RecordBatch, Struct } from 'apache-arrow';
import type { TraceReader } from '../../replayer/trace/trace-reader.ts';
import { arrowSchema, columnData } from './arrow-batch.ts';
import type { TableColumn, TraceTable } from './table.ts';

/** Adds a column to a table, made of others of the same row. */

/** Values of a `uint` column of the table, by name; `whenNull` in place of NULL. */
export type Cells = (name: string, whenNull?: number) => Uint32Array;

/**
 * The table with a column behind `after`. It is NULL where that is. `make` returns its values, or the indices of its names, for all rows
 * of a batch.
 */
export function withColumn(
  table: TraceTable,
  after: string,
  column: TableColumn,
  make: (reader: TraceReader, cells: Cells, rows: number) => Uint32Array,
): TraceTable {
  const indexOf = (name: string) => table.columns.findIndex((one) => one.name === name);
  const place = indexOf(after) + 1;
  const { nullable = false } = table.columns[place - 1];
  const columns = table.columns.toSpliced(place, 0, { ...column, nullable });
  return {
    ...table,
    columns,
    *batches(reader, chunks) {
      const schema = arrowSchema(columns);
      for (const { data: batch, numRows } of table.batches(reader, chunks)) {
        const { children } = batch;
        const cells: Cells = (name, whenNull) => uints(children[indexOf(name)], whenNull);
        const { nullCount, nullBitmap } = children[place - 1];
        const nulls = nullCount > 0 ? (nullBitmap as Uint8Array) : undefined;
        const made = columnData(columns[place], make(reader, cells, numRows), numRows, nulls, reader);
        const all = children.toSpliced(place, 0, made);
        const type = new Struct(schema.fields);
        yield new RecordBatch(schema, makeData({ type, length: numRows, nullCount: 0, children: all }));
      }
    },
  };
}

function uints({ values, nullCount, nullBitmap, length }: Data, whenNull = 0): Uint32Array {
  const given = values as Uint32Array;
  if (nullCount === 0) return given;
  const bits = nullBitmap as Uint8Array;
  return Uint32Array.from({ length }, (_, row) =>
    bits[row >>> 3] & (1 << (row & 7)) ? given[row] : whenNull,
  );
}
