import {
  type DuckDBConnection,
  type DuckDBDataChunk,
  DuckDBTableFunction,
  type DuckDBType,
  INTEGER,
} from '@duckdb/node-api';
import type { RecordBatch } from 'apache-arrow';
import type { TraceReader } from '../../replayer/trace/trace-reader.ts';
import type { ChunkRange, TraceTable } from '../tables/table.ts';
import { duckType, fillChunk, VECTOR_ROWS } from './arrow-loader.ts';

/**
 * A table of a trace as a table function of SQL, `trace_rows_NAME(n)`: DuckDB takes 2,048 rows at a time, and no more of the table
 * than a few batches is in memory. It reads what call n of `stream` was given and nothing outside of it.
 */
export class TraceRows {
  private readonly connection: DuckDBConnection;
  private readonly registered = new Set<string>();
  /** Of the calls of `stream` that have not returned, by number. */
  private readonly sources = new Map<number, Rows>();
  private calls = 0;

  constructor(connection: DuckDBConnection) {
    this.connection = connection;
  }

  /**
   * Calls `run` with the SQL of the table's rows, or of those in some chunks (TraceTable.batches), in the order of the run. Throws what
   * reading the trace threw. Several calls may be under way, each with a connection of its own.
   */
  async stream(
    table: TraceTable,
    reader: TraceReader,
    run: (rows: string) => Promise<unknown>,
    chunks?: ChunkRange,
  ): Promise<void> {
    this.register(table);
    const source = new Rows(table, reader, new ReadAhead(table.batches(reader, chunks)[Symbol.iterator]()));
    const call = this.calls++;
    this.sources.set(call, source);
    try {
      await run(`${functionOf(table)}(${call})`);
    } catch (error) {
      throw source.failure ?? error;
    } finally {
      source.batches.stop();
      this.sources.delete(call);
    }
  }

  private register(table: TraceTable): void {
    if (this.registered.has(table.name)) return;
    this.registered.add(table.name);
    this.connection.registerTableFunction(
      DuckDBTableFunction.create({
        name: functionOf(table),
        parameterTypes: [INTEGER],
        bindFunction: (info) => {
          const source = this.sources.get(info.getParameter(0) as number);
          if (source?.table !== table) return info.setError('its rows are made by the loader');
          info.setBindData(source);
          for (const [i, { name }] of table.columns.entries())
            info.addResultColumn(name, source.types[i] as DuckDBType);
        },
        // In order: one thread.
        initFunction: (info) => info.setMaxThreads(1),
        mainFunction: (info, chunk) => {
          if (!(info.bindData as Rows).fill(chunk)) info.setError('the trace cannot be read');
        },
      }),
    );
  }
}

const typesOf = ({ columns }: TraceTable, reader: TraceReader): DuckDBType[] =>
  columns.map((column) => duckType(column, reader));

const functionOf = ({ name }: TraceTable): string => `trace_rows_${name}`;

/** Batches cut into DuckDB's vectors. */
class Rows {
  readonly table: TraceTable;
  /** Known beforehand: they may take reading, of which DuckDB must not have the errors. */
  readonly types: readonly DuckDBType[];
  readonly batches: ReadAhead<RecordBatch>;
  /** Thrown by the reader: DuckDB takes a text alone. */
  failure: unknown;
  private batch: RecordBatch | undefined;
  private from = 0;

  constructor(table: TraceTable, reader: TraceReader, batches: ReadAhead<RecordBatch>) {
    this.table = table;
    this.types = typesOf(table, reader);
    this.batches = batches;
  }

  /** The next rows, none at the end; false after a failure. */
  fill(chunk: DuckDBDataChunk): boolean {
    try {
      while (!this.batch || this.from >= this.batch.numRows) {
        this.batch = this.batches.next();
        this.from = 0;
        if (this.batch) continue;
        chunk.rowCount = 0;
        return true;
      }
      const count = Math.min(VECTOR_ROWS, this.batch.numRows - this.from);
      chunk.rowCount = count;
      fillChunk(chunk, this.table, this.batch, this.from, count);
      this.from += count;
      return true;
    } catch (error) {
      this.failure = error;
      return false;
    }
  }
}

/** Batches decoded while DuckDB compresses those before: two of them make its row group. */
const AHEAD = 4;

/** An iterator that makes its next values while nobody asks. */
class ReadAhead<Value> {
  private readonly values: Iterator<Value>;
  private readonly ready: Value[] = [];
  private failure: { readonly error: unknown } | undefined;
  private ended = false;
  private scheduled = false;

  constructor(values: Iterator<Value>) {
    this.values = values;
  }

  /** Undefined at the end; throws what the iterator threw, after the values before that. */
  next(): Value | undefined {
    if (this.ready.length === 0) this.take();
    const value = this.ready.shift();
    if (value === undefined && this.failure) throw this.failure.error;
    this.schedule();
    return value;
  }

  /** Asks the iterator for no more. */
  stop(): void {
    this.ended = true;
    this.ready.length = 0;
  }

  private take(): void {
    if (this.ended) return;
    try {
      const { done, value } = this.values.next();
      if (done) this.ended = true;
      else this.ready.push(value);
    } catch (error) {
      this.ended = true;
      this.failure = { error };
    }
  }

  private schedule(): void {
    if (this.scheduled || this.ended || this.ready.length >= AHEAD) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      this.take();
      this.schedule();
    });
  }
}
