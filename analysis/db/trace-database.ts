import { type DuckDBConnection, DuckDBInstance, type DuckDBResultReader } from '@duckdb/node-api';
import { TraceReader } from '../../replayer/trace-reader.ts';
import { MACROS, VIEWS } from '../sql/catalog.ts';
import { TABLES } from '../tables/index.ts';
import type { TraceTable } from '../tables/table.ts';
import { appendBatches, createTable } from './arrow-loader.ts';
import { TraceCache } from './cache.ts';
import { registerGuestFunctions } from './guest-functions.ts';
import { hexLiterals } from './hex-literals.ts';
import { sqlError } from './sql-error.ts';

export interface DatabaseOptions {
  /** Keep tables as Parquet beside the traces; default true. */
  readonly cache?: boolean;
  /** Told what a user may want to know but need not act on. */
  readonly note?: (text: string) => void;
  /** Told which table is being made. */
  readonly onLoad?: (table: string) => void;
}

interface Run {
  readonly reader: TraceReader;
  readonly cache: TraceCache | undefined;
  /** SQL schema with the tables that were made now rather than found. */
  readonly schema: string;
}

const parquetOf = (table: TraceTable) => `${table.name}.parquet`;

interface Fresh {
  readonly run: Run;
  readonly table: TraceTable;
}

/**
 * Traces as one database. Each table has the column run_id: 0 for the first trace given, 1 for the next. A table is loaded
 * when a query first names it, directly or through a view: from its Parquet file, or from the trace.
 */
export class TraceDatabase {
  readonly connection: DuckDBConnection;
  private readonly runs: readonly Run[];
  private readonly onLoad: (table: string) => void;
  private readonly present = new Set<string>();
  private readonly fresh: Fresh[] = [];

  private constructor(connection: DuckDBConnection, runs: readonly Run[], options: DatabaseOptions) {
    this.connection = connection;
    this.runs = runs;
    this.onLoad = options.onLoad ?? (() => {});
  }

  static async open(files: readonly string[], options: DatabaseOptions = {}): Promise<TraceDatabase> {
    const note = options.note ?? (() => {});
    const readers: TraceReader[] = [];
    try {
      for (const file of files) readers.push(TraceReader.open(file));
    } catch (error) {
      for (const reader of readers) reader.close();
      throw error;
    }
    for (const { path, torn } of readers) if (torn) note(`${path} is torn: ${torn.what}`);
    // Nothing is ever fetched: what is not in the package does not exist.
    const instance = await DuckDBInstance.create(':memory:', {
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
    });
    const connection = await instance.connect();
    const runs = readers.map((reader, n) => ({
      reader,
      cache: options.cache === false ? undefined : new TraceCache(reader.path, note),
      schema: `run${n}`,
    }));
    for (const { schema } of runs) await connection.run(`CREATE SCHEMA ${schema}`);
    for (const macro of MACROS) await connection.run(macro);
    registerGuestFunctions(
      connection,
      readers.map(({ header }) => header),
    );
    return new TraceDatabase(connection, runs, options);
  }

  /** Runs a query; throws BadInput with the position of what is wrong in it. `values` are its parameters ($name). */
  async query(sql: string, values?: Record<string, string | number | bigint>): Promise<DuckDBResultReader> {
    try {
      await this.load(sql);
      const text = hexLiterals(sql);
      return values && Object.keys(values).length > 0
        ? await this.connection.runAndReadAll(text, values)
        : await this.connection.runAndReadAll(text);
    } catch (error) {
      throw sqlError(error, sql);
    }
  }

  /** Loads every table and view whose name occurs in a query; one too many does no harm. */
  async load(sql: string): Promise<void> {
    const words = new Set(sql.toLowerCase().match(/[a-z_][a-z_0-9]*/g));
    for (const { name } of [...TABLES, ...VIEWS]) if (words.has(name)) await this.ensure(name);
  }

  private async ensure(name: string): Promise<void> {
    if (this.present.has(name)) return;
    const table = TABLES.find((known) => known.name === name);
    const view = VIEWS.find((known) => known.name === name);
    if (!table && !view) return;
    this.present.add(name);
    if (table) await this.loadTable(table);
    else if (view) {
      await this.load(view.sql);
      await this.connection.run(`CREATE VIEW ${name} AS ${view.sql}`);
    }
  }

  private async loadTable(table: TraceTable): Promise<void> {
    const parts: string[] = [];
    for (const [n, run] of this.runs.entries()) {
      parts.push(`SELECT ${n}::UTINYINT AS run_id, * FROM ${await this.source(run, table)}`);
    }
    await this.connection.run(`CREATE VIEW ${table.name} AS ${parts.join(' UNION ALL ')}`);
  }

  private async source(run: Run, table: TraceTable): Promise<string> {
    const cached = run.cache?.find(parquetOf(table));
    if (cached) return `read_parquet('${cached.replaceAll("'", "''")}')`;
    this.onLoad(table.name);
    const name = `${run.schema}.${table.name}`;
    await createTable(this.connection, name, table);
    const appender = await this.connection.createAppender(table.name, run.schema);
    appendBatches(appender, table, table.batches(run.reader));
    appender.closeSync();
    this.fresh.push({ run, table });
    return name;
  }

  /** Keeps what was loaded from the traces, for the next time. Call it once the answer is out. */
  async writeCache(): Promise<void> {
    for (const { run, table } of this.fresh.splice(0)) {
      await run.cache?.store(parquetOf(table), async (file) => {
        const target = file.replaceAll("'", "''");
        await this.connection.run(
          `COPY ${run.schema}.${table.name} TO '${target}' (FORMAT parquet, COMPRESSION zstd, PARQUET_VERSION v2)`,
        );
      });
    }
  }

  close(): void {
    for (const { reader } of this.runs) reader.close();
    this.connection.closeSync();
  }
}
