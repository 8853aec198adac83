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
  return result.getRowsJson().map((row) => row.map((value, i) => plainCell(value, types[i])));
}

/** A value as DuckDB gives it for JSON, as a plain one; integers beyond 2^53 stay text. */
export function plainCell(value: unknown, type: DuckDBTypeId): Cell {
  if (INTEGERS.has(type) && value !== null)
    return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  return value !== null && typeof value === 'object' ? JSON.stringify(value) : (value as Cell);
}

export interface TableShape {
  /** Rows shown of a table. */
  readonly rows?: number | undefined;
  /** Which, of more. */
  readonly shows?: 'first' | 'last' | undefined;
  /** Columns of the terminal, or of a line: rows that are wider are shown as records, a column a line. */
  readonly width?: number | undefined;
  /** CSV as it is, for a file; else what is hidden in it is shown. */
  readonly exact?: boolean;
}

export function formatResult(
  result: DuckDBResultReader,
  format: TextFormat,
  shape: TableShape = {},
): string[] {
  const names = result.deduplicatedColumnNames().map((name) => printable(name));
  const rows = cells(result);
  switch (format) {
    case 'csv':
      return [names, ...rows].map((row) => csvLine(row, shape.exact ?? false));
    case 'json':
      return jsonLines(names, rows);
    case 'table':
      return table(names, rows, shape);
  }
}

/** Cells as one line of CSV. `exact`: for a file; else what is hidden in a text is shown. */
export const csvLine = (cells: readonly Cell[], exact: boolean): string =>
  cells.map((cell) => csvCell(cell, exact)).join(',');

const csvCell = (cell: Cell, exact: boolean): string => {
  const text = cell === null ? '' : exact ? String(cell) : printable(String(cell));
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

/** One array, one object a line. */
function jsonLines(names: readonly string[], rows: readonly Cell[][]): string[] {
  if (rows.length === 0) return ['[]'];
  const objects = rows.map((row) =>
    printableJson(Object.fromEntries(names.map((name, i) => [name, row[i]]))),
  );
  return objects.map((text, i) => `${i === 0 ? '[' : ' '}${text}${i === objects.length - 1 ? ']' : ','}`);
}

const USUAL_WIDTH = 160;

function table(
  names: readonly string[],
  rows: readonly Cell[][],
  { rows: most = Number.POSITIVE_INFINITY, shows = 'first', width = USUAL_WIDTH }: TableShape,
): string[] {
  const from = shows === 'last' ? Math.max(0, rows.length - most) : 0;
  const shown = rows.slice(from, from + most);
  const text = shown.map((row) => row.map((cell) => (cell === null ? '' : printable(String(cell)))));
  const widths = names.map((name, i) => Math.max(name.length, ...text.map((row) => row[i].length)));
  const wide = widths.reduce((sum, cell) => sum + cell + 2, -2) > width;
  const lines = wide ? records(names, text, from) : aligned(names, text, shown, widths);
  const rest = rows.length - shown.length;
  const count = rows.length === 1 ? '1 row' : `${rows.length.toLocaleString('en-US')} rows`;
  return [...lines, rest > 0 ? `${count}, the ${shows} ${shown.length} shown (--limit N shows more)` : count];
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

function records(names: readonly string[], text: readonly string[][], from: number): string[] {
  const width = Math.max(...names.map((name) => name.length));
  return text.flatMap((row, n) => [
    `-- ${from + n + 1} ${'-'.repeat(40)}`,
    ...names.map((name, i) => `${name.padEnd(width)}  ${row[i]}`),
  ]);
}
