import type { RecordBatch } from 'apache-arrow';
import { arrowBatch, type ColumnValues, validity } from './arrow-batch.ts';
import type { TableColumn } from './table.ts';

/** Columns of Arrow made row by row, for tables that are not simply event columns. */

export type Cell = number | string | null;

/** Collects rows made one by one, for the tables that are not simply event columns. */
export class RowBuffer {
  private readonly columns: readonly TableColumn[];
  private readonly cells: Cell[][];

  constructor(columns: readonly TableColumn[]) {
    this.columns = columns;
    this.cells = columns.map(() => []);
  }

  get rows(): number {
    return this.cells[0].length;
  }

  /** Cells in the order of the columns; a `word` is given as its text. Returns the row's number. */
  add(...row: readonly Cell[]): number {
    this.cells.forEach((column, i) => {
      column.push(row[i] ?? null);
    });
    return this.rows - 1;
  }

  set(row: number, column: number, cell: Cell): void {
    this.cells[column][row] = cell;
  }

  batch(): RecordBatch {
    const nulls = new Map<string, Uint8Array>();
    this.columns.forEach(({ name }, i) => {
      const isNull = this.cells[i].map((cell) => cell === null);
      if (isNull.includes(true)) nulls.set(name, validity(isNull, this.rows));
    });
    const values = this.columns.map((column, i) => typed(column, this.cells[i]));
    return arrowBatch(this.columns, values, this.rows, nulls);
  }
}

function typed({ kind, words = [] }: TableColumn, cells: readonly Cell[]): ColumnValues {
  switch (kind) {
    case 'text':
      return cells as readonly (string | null)[];
    case 'word':
      return Uint8Array.from(cells, (cell) => Math.max(0, words.indexOf(String(cell))));
    case 'small':
      return Uint8Array.from(cells, Number);
    case 'uint':
    case 'name':
      return Uint32Array.from(cells, Number);
    default:
      return Float64Array.from(cells, Number);
  }
}
