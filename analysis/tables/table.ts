import type { RecordBatch } from 'apache-arrow';
import type { TraceReader } from '../../replayer/trace/trace-reader.ts';
import type { ChunkEntry } from '../../schemas/trace/chunk.ts';

/** The form of a table: its columns with types and descriptions, and the rows made from a trace. */

/**
 * SQL types of columns. `word` is a text of a fixed list: dictionary-encoded in Arrow, an ENUM in DuckDB. `name` is a text of a list that
 * a trace has: dictionary-encoded in files.
 */
export type ColumnKind = 'bigint' | 'uint' | 'small' | 'word' | 'name' | 'text' | 'double';

export interface TableColumn {
  readonly name: string;
  readonly kind: ColumnKind;
  /** Meaning and unit; docs/tables.md and the Arrow schema quote it. */
  readonly doc: string;
  /** Of a `word`: all it can be. */
  readonly words?: readonly string[];
  /** Of a `name`: all it can be in a trace. */
  readonly wordsOf?: (reader: TraceReader) => readonly string[];
  readonly nullable?: boolean;
}

/** Chunks of a trace by number, up to but not `end`. */
export interface ChunkRange {
  readonly from: number;
  readonly end: number;
}

/** One table that can be made of a trace. */
export interface TraceTable {
  readonly name: string;
  readonly doc: string;
  readonly columns: readonly TableColumn[];
  /** All rows, in batches; in the order of the run. With `chunks`, of a table with `rowsIn`: the rows of these chunks. */
  batches(reader: TraceReader, chunks?: ChunkRange): Iterable<RecordBatch>;
  /** Rows that come from a chunk. Absent where a row may come from several: such a table is made as a whole. */
  rowsIn?(chunk: ChunkEntry): number;
}

export const SQL_TYPE: Readonly<Record<ColumnKind, string>> = {
  bigint: 'BIGINT',
  uint: 'UINTEGER',
  small: 'UTINYINT',
  word: 'ENUM',
  name: 'VARCHAR',
  text: 'VARCHAR',
  double: 'DOUBLE',
};
