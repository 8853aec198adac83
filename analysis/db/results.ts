import { type DuckDBResultReader, DuckDBTypeId } from '@duckdb/node-api';
import { printable, printableJson } from '../../schemas/untrusted.ts';

/** Query results as text. */

export const TEXT_FORMATS = ['table', 'csv', 'json'] as const;
export type TextFormat = (typeof TEXT_FORMATS)[number];

export type Cell = string | number | boolean | null;

const INTEGERS = new Set([DuckDBTypeId.BIGINT, DuckDBTypeId.UBIGINT, DuckDBTypeId.HUGEINT]);

/** Rows as plain values; integers beyond 2^53 stay text. */
export function cells(result: DuckDBResultReader): Cell[][] {
  const types = result.columnTypes().map((type) => type.typeId);
  return result.getRowsJson().map((row) => row.map((value, i) => plain(value, INTEGERS.has(types[i]))));
}

function plain(value: unknown, isInteger: boolean): Cell {
  if (isInteger && value !== null) return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  return value !== null && typeof value === 'object' ? JSON.stringify(value) : (value as Cell);
}

export function formatResult(result: DuckDBResultReader, format: TextFormat, maxRows: number): string[] {
  const names = result.deduplicatedColumnNames().map((name) => printable(name));
  const rows = cells(result);
  switch (format) {
    case 'csv':
      return [names, ...rows].map((row) => row.map(csvCell).join(','));
    case 'json':
      return jsonLines(names, rows);
    case 'table':
      return table(names, rows, maxRows);
  }
}

const csvCell = (cell: Cell): string => {
  const text = cell === null ? '' : printable(String(cell));
  return /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

/** One array, one object a line. */
function jsonLines(names: readonly string[], rows: readonly Cell[][]): string[] {
  if (rows.length === 0) return ['[]'];
  const objects = rows.map((row) =>
    printableJson(Object.fromEntries(names.map((name, i) => [name, row[i]]))),
  );
  return objects.map((text, i) => `${i === 0 ? '[' : ' '}${text}${i === objects.length - 1 ? ']' : ','}`);
}

/** Rows too wide for a line of this length are shown as records, a column a line. */
const MAX_WIDTH = 160;

function table(names: readonly string[], rows: readonly Cell[][], maxRows: number): string[] {
  const shown = rows.slice(0, maxRows);
  const text = shown.map((row) => row.map((cell) => (cell === null ? '' : printable(String(cell)))));
  const widths = names.map((name, i) => Math.max(name.length, ...text.map((row) => row[i].length)));
  const wide = widths.reduce((sum, width) => sum + width + 2, 0) > MAX_WIDTH;
  const lines = wide ? records(names, text) : aligned(names, text, shown, widths);
  const rest = rows.length - shown.length;
  const count = rows.length === 1 ? '1 row' : `${rows.length.toLocaleString('en-US')} rows`;
  return [...lines, rest > 0 ? `${count}, the first ${shown.length} shown (--limit N shows more)` : count];
}

function aligned(
  names: readonly string[],
  text: readonly string[][],
  rows: readonly Cell[][],
  widths: readonly number[],
): string[] {
  const right = names.map(
    (_, i) => rows.length > 0 && rows.every((row) => row[i] === null || typeof row[i] === 'number'),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => (right[i] ? cell.padStart(widths[i]) : cell.padEnd(widths[i])))
      .join('  ')
      .trimEnd();
  return [line(names), widths.map((width) => '-'.repeat(width)).join('  '), ...text.map(line)];
}

function records(names: readonly string[], text: readonly string[][]): string[] {
  const width = Math.max(...names.map((name) => name.length));
  return text.flatMap((row, n) => [
    `-- ${n + 1} ${'-'.repeat(40)}`,
    ...names.map((name, i) => `${name.padEnd(width)}  ${row[i]}`),
  ]);
}
