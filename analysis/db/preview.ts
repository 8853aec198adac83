import {
  type DuckDBConnection,
  type DuckDBPreparedStatement,
  type DuckDBType,
  JsonDuckDBValueConverter,
} from '@duckdb/node-api';
import { type Cell, plainCell } from './results.ts';
import { type AnswerLimits, withinTime } from './statement.ts';

/** The first rows of an answer, for somebody who looks at them: never more than can be held, whatever was asked. */

export interface Preview {
  readonly names: readonly string[];
  readonly types: readonly DuckDBType[];
  readonly rows: readonly (readonly Cell[])[];
  /** These are all rows, and no text was cut. */
  readonly isWhole: boolean;
}

/** Characters of one text, and of all rows together. */
const MAX_TEXT = 1 << 16;
const MAX_CHARACTERS = 1 << 25;

/** Runs a statement and reads rows, a piece at a time, until there is enough. */
export async function readPreview(
  connection: DuckDBConnection,
  statement: DuckDBPreparedStatement,
  limits: AnswerLimits,
): Promise<Preview> {
  return await withinTime(connection, limits, async () => {
    const result = await statement.stream();
    const types = result.columnTypes();
    const rows: Cell[][] = [];
    let left = MAX_CHARACTERS;
    let isWhole = true;
    const cut = (cell: Cell): Cell => {
      if (typeof cell !== 'string') return cell;
      left -= Math.min(cell.length, MAX_TEXT);
      if (cell.length <= MAX_TEXT) return cell;
      isWhole = false;
      return `${cell.slice(0, MAX_TEXT)}…`;
    };
    for (;;) {
      const chunk = await result.fetchChunk();
      if (!chunk || chunk.rowCount === 0) break;
      for (let n = 0; n < chunk.rowCount; n++) {
        if (rows.length === limits.rows || left < 0)
          return { names: result.deduplicatedColumnNames(), types, rows, isWhole: false };
        const row = chunk.convertRowValues(n, JsonDuckDBValueConverter);
        left -= row.length;
        rows.push(row.map((value, i) => cut(plainCell(value, types[i].typeId))));
      }
    }
    return { names: result.deduplicatedColumnNames(), types, rows, isWhole };
  });
}
