import { DuckDBInstance, DuckDBScalarFunction, INTEGER, VARCHAR } from '@duckdb/node-api';
import duckdb from '@duckdb/node-bindings';
import { expect, it } from 'vitest';
import { writeTexts } from '../../analysis/db/text-vector.ts';

/** Texts written to DuckDB's vectors, of which rows that repeat one share it. */

const ROWS = 5000;
const textOf = (row: number): string | null =>
  [
    null,
    '',
    `short ${row % 5}`,
    `thirteen bytes and more ${row % 50}`,
    `${'é→𝄞'.repeat(row % 9)}`,
    String(row),
  ][row % 6];

it('each row has its own: short, long, empty, repeated over several vectors, or NULL', async () => {
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  const made = new DuckDBScalarFunction();
  made.setName('text_of_row');
  made.addParameter(INTEGER);
  made.setReturnType(VARCHAR);
  duckdb.scalar_function_set_function(made.scalar_function, (_info, input, output) => {
    const rows = duckdb.data_chunk_get_size(input);
    const { buffer, byteOffset } = duckdb.vector_get_data(duckdb.data_chunk_get_vector(input, 0), rows * 4);
    const numbers = new Int32Array(buffer, byteOffset, rows);
    writeTexts(output, rows, (row) => textOf(numbers[row]));
  });
  connection.registerScalarFunction(made);
  // Kept beyond the vectors that they were written to, then read.
  await connection.run(
    `CREATE TABLE texts AS SELECT n, text_of_row(n::INTEGER) AS text FROM range(${ROWS}) t(n)`,
  );
  const rows = (await connection.runAndReadAll('SELECT text FROM texts ORDER BY n')).getRows();
  expect(rows.map(([text]) => text)).toEqual(Array.from({ length: ROWS }, (_, row) => textOf(row)));
  const all =
    'SELECT count(text_of_row(n::INTEGER)) FROM range(12) t(n) WHERE text_of_row(n::INTEGER) IS NULL';
  expect((await connection.runAndReadAll(all)).getRows()).toEqual([[0n]]);
  connection.closeSync();
});
