import type { DuckDBConnection, DuckDBPreparedStatement, DuckDBResultReader } from '@duckdb/node-api';
import { type Names, TraceReader } from '../../replayer/trace/trace-reader.ts';
import { BadInput } from '../../schemas/bad-input.ts';
import { TraceDamage } from '../../schemas/trace/framing.ts';
import { TABLES } from '../tables/index.ts';
import type { TraceTable } from '../tables/table.ts';
import { createTable } from './arrow-loader.ts';
import { makeRoom, TraceCache } from './cache.ts';
import { type CopyFormat, copyRows, PARQUET, quoted } from './copy-rows.ts';
import { DEFINITIONS, definitionsInOrder, digestOfDefinition, KEPT_VIEWS } from './definitions.ts';
import { registerGuestFunctions } from './guest-functions.ts';
import type { DebugFile } from './guest-image.ts';
import {
  type Answer,
  answerFile,
  answerOf,
  KEPT_FROM_EVENTS,
  keepAnswer,
  keptAnswer,
} from './kept-answers.ts';
import { DEFAULT_LIMITS, type QueryLimits } from './limits.ts';
import { namesInSql } from './names-in-sql.ts';
import { type Preview, readPreview } from './preview.ts';
import { openSandbox, type Sandbox } from './sandbox.ts';
import { sqlError } from './sql-error.ts';
import {
  prepareQuestion,
  readAnswer,
  type SqlValues,
  stopped,
  tooManyRows,
  withinTime,
} from './statement.ts';
import { TraceRows } from './trace-rows.ts';

/** Traces as a database: tables loaded when a query needs them, views, macros and named queries over them. */

export interface DatabaseOptions {
  /** Keep tables as Parquet in the user's cache folder; default true. */
  readonly cache?: boolean;
  /** Told what a user may want to know but need not act on. */
  readonly note?: (text: string) => void;
  /** Told which table is being made. */
  readonly onLoad?: (table: string) => void;
  /** Names guests in place of what the traces hold. */
  readonly names?: Names | undefined;
  /** Images of disks that the traces do not hold, for whoever executes one of `readers`. */
  readonly disks?: readonly string[];
  /** Finds DWARF that neither the trace nor `names` has. */
  readonly debugFile?: DebugFile;
  /** Default: DEFAULT_LIMITS. */
  readonly limits?: Partial<QueryLimits>;
  /** Files that results are written to. */
  readonly outputs?: readonly string[];
  /** Files that `definitions` read. */
  readonly inputs?: readonly string[];
  /** Folders that results are written to. */
  readonly outputFolders?: readonly string[];
  /** Statements that make views and macros of the user's own, by name; they may name the others. */
  readonly definitions?: ReadonlyMap<string, string>;
  /** Names of `definitions` whose rows are computed once, and kept in the cache where tables are. */
  readonly kept?: ReadonlySet<string>;
  /** Lets SQL reach files and the network: for the user's own SQL, when asked for. */
  readonly allowFiles?: boolean;
}

interface Run {
  readonly reader: TraceReader;
  /** Undefined when no tables are kept. */
  readonly cache: TraceCache | undefined;
  /** Tables that may be kept. */
  readonly kept: readonly TraceTable[];
}

/** Words of a question besides its SQL, when somebody waits for the answer. */
export interface Asked {
  readonly values?: SqlValues;
  /** Rows that are wanted at most; default: the database's limit. */
  readonly rows?: number;
  /** The stretch of the run that the view current_range is to be, icounts. */
  readonly range?: { readonly from: number; readonly to: number } | undefined;
  /** Ends the question, and takes it out of the queue. */
  readonly signal?: AbortSignal | undefined;
  /** Told when the tables are loaded, and the question's time begins. */
  readonly onBegin?: (() => void) | undefined;
}

/** run_id is a USMALLINT. */
const MAX_TRACES = 65_536;

const parquetOf = (table: TraceTable) => `${table.name}.parquet`;
/** Tables worth keeping: the others are made of the header at once, and say what the trace's bytes do not determine (its path). */
const KEPT = TABLES.filter(
  ({ name }) => !['run', 'symbols', 'windows', 'probes', 'system_call_names'].includes(name),
);

/** SQL that asks what there is to be asked. */
const ASKS_CATALOG = /\b(show|describe|desc|summarize|pragma|information_schema|duckdb_\w+|pg_\w+)\b/i;
/** SQL schema of tables that are known and not loaded. */
const DECLARED = 'declared';
/** SQL schema of tables in memory. */
const LOADED = 'loaded';

/**
 * Traces as one database that reaches nothing else (sandbox.ts). Each table has the column run_id: 0 for the first trace given,
 * 1 for the next. A table is there when a query first names it, directly or through a view: as a Parquet file in the user's cache,
 * which is streamed from the trace when there is none, or in memory where nothing is kept.
 */
export class TraceDatabase {
  private readonly sandbox: Sandbox;
  private readonly connection: DuckDBConnection;
  private readonly runs: readonly Run[];
  private readonly onLoad: (table: string) => void;
  private readonly limits: QueryLimits;
  private readonly own: ReadonlyMap<string, string>;
  private readonly kept: ReadonlySet<string>;
  private readonly isNamed: boolean;
  private readonly present = new Set<string>();
  private declared = false;
  /** The view current_range is another than the definition says. */
  private isRanged = false;
  /** Settled once nothing is being answered. */
  private last: Promise<unknown> = Promise.resolve();
  private readonly rows: TraceRows;

  private constructor(sandbox: Sandbox, runs: readonly Run[], options: DatabaseOptions) {
    this.sandbox = sandbox;
    this.connection = sandbox.connection;
    this.rows = new TraceRows(sandbox.connection);
    this.runs = runs;
    this.own = options.definitions ?? new Map();
    this.kept = options.kept ?? new Set();
    this.isNamed = options.names !== undefined;
    this.onLoad = options.onLoad ?? (() => {});
    this.limits = { ...DEFAULT_LIMITS, ...options.limits };
  }

  static async open(files: readonly string[], options: DatabaseOptions = {}): Promise<TraceDatabase> {
    const note = options.note ?? (() => {});
    if (files.length > MAX_TRACES)
      throw new BadInput(
        `${files.length} traces are too many for one database`,
        `give at most ${MAX_TRACES}`,
      );
    const readers: TraceReader[] = [];
    try {
      const { names, disks = [] } = options;
      for (const file of files) readers.push(TraceReader.open(file, { names, disks }));
    } catch (error) {
      for (const reader of readers) reader.close();
      throw error;
    }
    for (const { path, torn } of readers) if (torn) note(`${path} is torn: ${torn.what}`);
    const runs = readers.map((reader) => openRun(reader, options));
    const sandbox = await openSandbox({
      memoryBytes: options.limits?.memoryBytes ?? DEFAULT_LIMITS.memoryBytes,
      files: [...(options.outputs ?? []), ...(options.inputs ?? [])],
      folders: [...(options.outputFolders ?? []), ...runs.flatMap(({ cache }) => cache?.folder ?? [])],
      allowFiles: options.allowFiles ?? false,
    });
    const { connection } = sandbox;
    for (const schema of [DECLARED, LOADED]) await connection.run(`CREATE SCHEMA ${schema}`);
    registerGuestFunctions(
      connection,
      readers.map(({ names }) => names),
      options.debugFile,
    );
    return new TraceDatabase(sandbox, runs, options);
  }

  /**
   * Runs one question; throws BadInput with the position of what is wrong in it, and beyond the limits. `values` are its
   * parameters ($name). `rows`: another limit than the database's. Questions are answered one after the other.
   */
  async query(sql: string, values?: SqlValues, rows = this.limits.rows): Promise<DuckDBResultReader> {
    const { seconds } = this.limits;
    return await this.inTurn(sql, { values: values ?? {} }, (statement) =>
      readAnswer(this.connection, statement, { seconds, rows }),
    );
  }

  /**
   * As `query`, for the product's own questions: what is answered for a long trace is kept in the cache beside its tables. The question names
   * neither the trace's path nor a function that reads DWARF (line, inlined), which may lie in another file.
   */
  async answer(sql: string, values: SqlValues = {}, rows = this.limits.rows): Promise<Answer> {
    const cache = this.longCache;
    if (!cache) return answerOf(await this.query(sql, values, rows));
    const file = answerFile(sql, values, rows);
    const kept = keptAnswer(cache, file);
    if (kept) return kept;
    const answer = answerOf(await this.query(sql, values, rows));
    await keepAnswer(cache, file, answer);
    return answer;
  }

  /** As `query`, but of an answer with more rows than are wanted it returns the first. */
  async preview(sql: string, asked: Asked = {}): Promise<Preview> {
    const limits = { seconds: this.limits.seconds, rows: asked.rows ?? this.limits.rows };
    return await this.inTurn(sql, asked, (statement) =>
      readPreview(this.connection, statement, { ...limits, signal: asked.signal }),
    );
  }

  /** Writes the rows of one question to a file, one of `outputs` or in one of `outputFolders`. */
  async copy(sql: string, values: SqlValues, file: string): Promise<void> {
    const { seconds } = this.limits;
    await this.inTurn(sql, { values }, () =>
      copyRows(this.connection, sql, { values, file, format: 'parquet', seconds }),
    );
  }

  /** As `copy`, for somebody who waits; throws BadInput where the rows are more than those asked for. */
  async download(sql: string, file: string, format: CopyFormat, asked: Asked): Promise<void> {
    const { values = {}, rows = this.limits.rows, signal } = asked;
    await this.inTurn(sql, asked, async () => {
      const { seconds } = this.limits;
      const copy = { values, file, format, rows: rows + 1, signal, seconds };
      const written = await copyRows(this.connection, sql, copy);
      if (written > rows) throw tooManyRows(rows, 'add a LIMIT to the query, or raise --max-rows');
    });
  }

  /** DuckDB's connection has one answer at a time: another question would end it, or see a table half made. */
  private async inTurn<Result>(
    sql: string,
    { values, range, signal, onBegin }: Asked,
    run: (statement: DuckDBPreparedStatement) => Promise<Result>,
  ): Promise<Result> {
    const turn = this.last.then(async () => {
      if (signal?.aborted) throw stopped();
      await this.load(sql);
      await this.setRange(range);
      onBegin?.();
      return await this.explained(sql, async () => run(await prepareQuestion(this.connection, sql, values)));
    });
    this.last = turn.catch(() => {});
    return await turn;
  }

  private async setRange(range: Asked['range']): Promise<void> {
    if (!range && !this.isRanged) return;
    await this.load('current_range');
    this.isRanged = range !== undefined;
    const [from, to] = range ? [range.from, range.to].map((icount) => Math.max(0, Math.round(icount))) : [];
    await this.connection.run(
      range
        ? `CREATE OR REPLACE VIEW current_range AS SELECT run_id, ${from}::BIGINT AS from_icount, ${to}::BIGINT AS to_icount FROM run`
        : (DEFINITIONS.get('current_range') as string),
    );
  }

  private async explained<Result>(sql: string, run: () => Promise<Result>): Promise<Result> {
    try {
      return await run();
    } catch (error) {
      if (error instanceof BadInput || error instanceof TraceDamage) throw error;
      throw sqlError(error, sql);
    }
  }

  /** Loads every table, view and macro that a query names; one too many does no harm. */
  private async load(sql: string): Promise<void> {
    if (ASKS_CATALOG.test(sql)) await this.declare();
    await this.loadNamedIn(sql);
  }

  private async loadNamedIn(sql: string): Promise<void> {
    for (const name of await namesInSql(this.connection, sql)) await this.ensure(name);
  }

  /** Makes every table and view known, without rows where they are not loaded: for SHOW TABLES and the like. */
  private async declare(): Promise<void> {
    if (this.declared) return;
    this.declared = true;
    for (const table of TABLES) {
      const name = `${DECLARED}.${table.name}`;
      await createTable(this.connection, name, table);
      await this.connection.run(`CREATE VIEW IF NOT EXISTS ${table.name} AS FROM ${name}`);
    }
    for (const sql of definitionsInOrder(this.present, this.own)) await this.connection.run(sql);
  }

  private async ensure(name: string): Promise<void> {
    if (this.present.has(name)) return;
    const table = TABLES.find((known) => known.name === name);
    const definition = this.own.get(name) ?? DEFINITIONS.get(name);
    if (!table && definition === undefined) return;
    this.present.add(name);
    try {
      if (table) await this.loadTable(table);
      else if (definition !== undefined) await this.define(name, definition);
    } catch (error) {
      // Whoever asks next gets it, or is told the same.
      this.present.delete(name);
      throw error;
    }
  }

  private async define(name: string, definition: string): Promise<void> {
    const isOurs = KEPT_VIEWS.has(name) && !this.own.has(name);
    if (!isOurs && !this.kept.has(name)) return await this.make(definition);
    const file = await this.keptRows(name, definition);
    if (file === undefined) await this.keep(name, `FROM ${name}`);
    else if (isOurs)
      await this.connection.run(`CREATE OR REPLACE VIEW ${name} AS FROM read_parquet(${quoted(file)})`);
    else await this.keep(name, `FROM read_parquet(${quoted(file)})`);
  }

  private async make(definition: string): Promise<void> {
    await this.load(definition);
    await this.explained(definition, () => this.connection.run(definition));
  }

  /** The file in the cache with the rows of a view, computed where it is not there; undefined, and the view made, where none is kept. */
  private async keptRows(name: string, definition: string): Promise<string | undefined> {
    const cache = this.kept.has(name) ? this.onlyCache : this.longCache;
    if (!cache) {
      await this.make(definition);
      return undefined;
    }
    const file = `${name}-${digestOfDefinition(name, this.own)}.parquet`;
    const found = cache.find(file);
    if (found !== undefined) return found;
    await this.make(definition);
    return await cache.store(file, async (path) => {
      this.onLoad(name);
      await withinTime(this.connection, this.limits, async () => {
        await this.connection.run(`COPY (FROM ${name}) TO ${quoted(path)} ${PARQUET}`);
      });
    });
  }

  /** The cache in which more than tables may be kept: of one trace, unless names that the user gave are in the rows. */
  private get onlyCache(): TraceCache | undefined {
    return this.runs.length === 1 && !this.isNamed ? this.runs[0].cache : undefined;
  }

  /** The same of a long trace. */
  private get longCache(): TraceCache | undefined {
    return this.runs[0].reader.events >= KEPT_FROM_EVENTS ? this.onlyCache : undefined;
  }

  /** Puts rows in the place of a view. */
  private async keep(view: string, rows: string): Promise<void> {
    await withinTime(this.connection, this.limits, async () => {
      await this.connection.run(`CREATE OR REPLACE TABLE ${view}_rows AS ${rows}`);
    });
    await this.connection.run(`CREATE OR REPLACE VIEW ${view} AS FROM ${view}_rows`);
  }

  private async loadTable(table: TraceTable): Promise<void> {
    const inMemory: number[] = [];
    const files: string[] = [];
    const inFiles: number[] = [];
    for (const [n, run] of this.runs.entries()) {
      const file = await this.keptFile(run, table);
      if (file === undefined) inMemory.push(n);
      else files.push(file);
      if (file !== undefined) inFiles.push(n);
    }
    const parts = [];
    if (files.length > 0)
      parts.push(`SELECT ${runOf(inFiles)} AS run_id, * FROM read_parquet(${list(files)})`);
    if (inMemory.length > 0 || files.length === 0) parts.push(await this.loaded(table, inMemory));
    await this.connection.run(`CREATE OR REPLACE VIEW ${table.name} AS ${parts.join(' UNION ALL ')}`);
  }

  /** The table in the cache, where it can be kept; made when it is not there. */
  private async keptFile({ reader, cache, kept }: Run, table: TraceTable): Promise<string | undefined> {
    if (!cache || !kept.includes(table)) return undefined;
    const found = cache.find(parquetOf(table));
    if (found !== undefined) return found;
    this.onLoad(table.name);
    return await cache.store(parquetOf(table), async (file) => {
      await this.rows.stream(table, reader, (rows) =>
        this.connection.run(`COPY (FROM ${rows}) TO ${quoted(file)} ${PARQUET}`),
      );
    });
  }

  /** Has the rows of these runs in memory; returns the SQL that selects them. */
  private async loaded(table: TraceTable, runs: readonly number[]): Promise<string> {
    this.onLoad(table.name);
    const name = `${LOADED}.${table.name}`;
    await createTable(this.connection, name, table);
    for (const run of runs)
      await this.rows.stream(table, this.runs[run].reader, (rows) =>
        this.connection.run(`INSERT INTO ${name} SELECT ${runOf([run])}, * FROM ${rows}`),
      );
    return runs.length === 1
      ? `SELECT ${runOf(runs)} AS run_id, * EXCLUDE (run_id) FROM ${name}`
      : `FROM ${name}`;
  }

  /** The traces, in the order of the files; open as long as the database. */
  get readers(): readonly TraceReader[] {
    return this.runs.map(({ reader }) => reader);
  }

  /** Returns once everything that was asked has its answer. */
  async idle(): Promise<void> {
    await this.last;
  }

  close(): void {
    for (const { reader } of this.runs) reader.close();
    this.sandbox.close();
    makeRoom();
  }
}

/** SQL of run_id where the files of these runs are read. A constant, where it is one, lets DuckDB leave it out of joins. */
function runOf(runs: readonly number[]): string {
  if (runs.length === 1) return `${runs[0]}::USMALLINT`;
  if (runs.every((run, n) => run === n)) return 'file_index::USMALLINT';
  return `([${runs.join(', ')}]::USMALLINT[])[file_index + 1]`;
}

const list = (files: readonly string[]): string => `[${files.map(quoted).join(', ')}]`;

function openRun(reader: TraceReader, { cache: wanted, note = () => {}, names }: DatabaseOptions): Run {
  // A profile given says which ends are failures.
  const kept = names ? KEPT.filter(({ name }) => name !== 'failures') : KEPT;
  const cache = wanted === false ? undefined : new TraceCache(reader.path, note);
  // DuckDB would treat such a path as a pattern.
  if (cache && /[*?[\]]/.test(cache.folder)) {
    note(`tables are not kept in ${cache.folder}: its name contains *, ? or [`);
    return { reader, cache: undefined, kept };
  }
  return { reader, cache, kept };
}
