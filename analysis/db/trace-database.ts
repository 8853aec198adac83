import type { DuckDBConnection, DuckDBPreparedStatement, DuckDBResultReader } from '@duckdb/node-api';
import { type Names, TraceReader } from '../../replayer/trace/trace-reader.ts';
import { BadInput } from '../../schemas/bad-input.ts';
import { hasStored, makeRoom } from './cache.ts';
import { type CopyFormat, copyRows } from './copy-rows.ts';
import { DEFINITIONS } from './definitions.ts';
import { registerGuestFunctions } from './guest-functions.ts';
import type { DebugFile } from './guest-image.ts';
import {
  type Answer,
  answerFile,
  answerOf,
  answerOfGroup,
  joinedAnswer,
  keepAnswer,
  keptAnswer,
} from './kept-answers.ts';
import { DEFAULT_LIMITS, type QueryLimits } from './limits.ts';
import { type Preview, readPreview } from './preview.ts';
import { explained, Relations } from './relations.ts';
import { BATCH_EVENTS, groupsOf, openRun, type Run, type RunBatch, type RunGroup } from './runs.ts';
import { openSandbox, type Sandbox } from './sandbox.ts';
import { prepareQuestion, readAnswer, type SqlValues, stopped, tooManyRows } from './statement.ts';

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
  /** Opens each batch of traces as a database with its `parts` and loads the SQL there, in other processes. What is left is done here. */
  readonly prepareElsewhere?: ((batches: readonly RunBatch[], sql: string) => Promise<void>) | undefined;
  /** Events of traces whose views are computed together in memory; default BATCH_EVENTS. */
  readonly batchEvents?: number;
  /** For a batch of the traces of another database: the number of traces of each group. */
  readonly parts?: readonly number[];
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

/**
 * Traces as one database that reaches nothing else (sandbox.ts). Each table has the column run_id: 0 for the first trace given,
 * 1 for the next. A table is there when a query first names it, directly or through a view: as Parquet files in the user's cache,
 * which are streamed from the trace when there are none, or in memory where nothing is kept.
 */
export class TraceDatabase {
  private readonly sandbox: Sandbox;
  private readonly connection: DuckDBConnection;
  private readonly runs: readonly Run[];
  private readonly limits: QueryLimits;
  private readonly relations: Relations;
  private readonly groups: readonly RunGroup[];
  private readonly isBatch: boolean;
  /** The view current_range is another than the definition says. */
  private isRanged = false;
  /** Settled once nothing is being answered. */
  private last: Promise<unknown> = Promise.resolve();

  private constructor(
    sandbox: Sandbox,
    runs: readonly Run[],
    groups: readonly RunGroup[],
    options: DatabaseOptions,
  ) {
    this.groups = groups;
    this.isBatch = options.parts !== undefined;
    this.sandbox = sandbox;
    this.connection = sandbox.connection;
    this.runs = runs;
    this.limits = { ...DEFAULT_LIMITS, ...options.limits };
    this.relations = new Relations(sandbox, runs, {
      own: options.definitions ?? new Map(),
      kept: options.kept ?? new Set(),
      isNamed: options.names !== undefined,
      groups,
      batchEvents: options.batchEvents ?? BATCH_EVENTS,
      prepare: (batch, sql) => loadBatch(batch, sql, options),
      prepareElsewhere: async (batches, sql) => {
        await options.prepareElsewhere?.(batches, sql);
        hasStored();
      },
      onLoad: options.onLoad ?? (() => {}),
      limits: this.limits,
    });
  }

  static async open(files: readonly string[], options: DatabaseOptions = {}): Promise<TraceDatabase> {
    const note = options.note && !options.parts ? options.note : () => {};
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
    const isNamed = options.names !== undefined;
    const runs = readers.map((reader) => openRun(reader, { wanted: options.cache !== false, isNamed, note }));
    const groups = isNamed ? [] : groupsOf(runs, options.parts, note);
    const caches = [...runs, ...groups].flatMap(({ cache }) => cache ?? []);
    const sandbox = await openSandbox({
      memoryBytes: options.limits?.memoryBytes ?? DEFAULT_LIMITS.memoryBytes,
      files: [...(options.outputs ?? []), ...(options.inputs ?? [])],
      folders: [...(options.outputFolders ?? []), ...new Set(caches.map(({ folder }) => folder))],
      allowFiles: options.allowFiles ?? false,
    });
    const { connection } = sandbox;
    await Relations.prepare(connection);
    registerGuestFunctions(
      connection,
      readers.map(({ names }) => names),
      options.debugFile,
    );
    return new TraceDatabase(sandbox, runs, groups, options);
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
    const [{ cache } = {}, ...others] = this.groups;
    if (!cache || others.length > 0) return answerOf(await this.query(sql, values, rows));
    const file = answerFile(sql, values, rows);
    const kept = keptAnswer(cache, file);
    if (kept) return kept;
    const answer = answerOf(await this.query(sql, values, rows));
    await keepAnswer(cache, file, answer);
    return answer;
  }

  /**
   * As `answer`, of a question whose rows are in the order of their run_id and, of each trace, what they would be if it were alone: of several
   * traces, those of each are kept.
   */
  async answerByRun(sql: string): Promise<Answer> {
    const { groups } = this;
    if (groups.length < 2) return await this.answer(sql);
    const file = answerFile(sql, {}, this.limits.rows);
    const kept = groups.flatMap(({ cache }) => keptAnswer(cache, file) ?? []);
    if (kept.length === groups.length) return joinedAnswer(kept, groups);
    const answer = answerOf(await this.query(sql));
    for (const group of groups) await keepAnswer(group.cache, file, answerOfGroup(answer, group));
    return answer;
  }

  /** Loads, and keeps where something is kept, all that a question names. */
  async load(sql: string): Promise<void> {
    const turn = this.last.then(() => this.relations.load(sql));
    this.last = turn.catch(() => {});
    await turn;
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
      await this.relations.load(sql);
      await this.setRange(range);
      onBegin?.();
      return await explained(sql, async () => run(await prepareQuestion(this.connection, sql, values)));
    });
    this.last = turn.catch(() => {});
    return await turn;
  }

  private async setRange(range: Asked['range']): Promise<void> {
    if (!range && !this.isRanged) return;
    await this.relations.load('current_range');
    this.isRanged = range !== undefined;
    const [from, to] = range ? [range.from, range.to].map((icount) => Math.max(0, Math.round(icount))) : [];
    await this.connection.run(
      range
        ? `CREATE OR REPLACE VIEW current_range AS SELECT run_id, ${from}::BIGINT AS from_icount, ${to}::BIGINT AS to_icount FROM run`
        : (DEFINITIONS.get('current_range') as string),
    );
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
    // Whoever opened all of them does that once.
    if (!this.isBatch) makeRoom();
  }
}

/** Opens the traces of a batch as a database of their own, and has it load all that SQL names. */
async function loadBatch({ paths, parts }: RunBatch, sql: string, options: DatabaseOptions): Promise<void> {
  const db = await TraceDatabase.open(paths, { ...options, outputs: [], outputFolders: [], parts });
  try {
    await db.load(sql);
  } finally {
    db.close();
  }
}
