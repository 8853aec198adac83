import type { DuckDBConnection } from '@duckdb/node-api';
import { BadInput } from '../../schemas/bad-input.ts';
import { TraceDamage } from '../../schemas/trace/framing.ts';
import { TABLES } from '../tables/index.ts';
import type { TraceTable } from '../tables/table.ts';
import { createTable } from './arrow-loader.ts';
import type { TraceCache } from './cache.ts';
import { PARQUET, quoted } from './copy-rows.ts';
import { DEFINITIONS, definitionsInOrder, digestOfDefinition, KEPT_VIEWS } from './definitions.ts';
import { KeptTables } from './kept-tables.ts';
import type { QueryLimits } from './limits.ts';
import { namesInSql } from './names-in-sql.ts';
import { batchesOf, type Run, type RunBatch, type RunGroup } from './runs.ts';
import type { Sandbox } from './sandbox.ts';
import { sqlError } from './sql-error.ts';
import { withinTime } from './statement.ts';
import { TraceRows } from './trace-rows.ts';

/** The tables, views and macros of a database: each is loaded from the traces or the cache when a query first names it. */

/** Options that decide what is loaded, and from where (DatabaseOptions). */
interface RelationOptions {
  readonly own: ReadonlyMap<string, string>;
  readonly kept: ReadonlySet<string>;
  readonly isNamed: boolean;
  /** Of all traces; none where views are not kept. */
  readonly groups: readonly RunGroup[];
  readonly batchEvents: number;
  /** Has the caches of a batch's groups keep all that SQL names, as far as they can. */
  readonly prepare: (batch: RunBatch, sql: string) => Promise<void>;
  /** The same of several, in other processes. */
  readonly prepareElsewhere: (batches: readonly RunBatch[], sql: string) => Promise<void>;
  readonly onLoad: (table: string) => void;
  readonly limits: QueryLimits;
}

/** SQL that asks what there is to be asked. */
const ASKS_CATALOG = /\b(show|describe|desc|summarize|pragma|information_schema|duckdb_\w+|pg_\w+)\b/i;
/** SQL schema of tables that are known and not loaded. */
const DECLARED = 'declared';
/** SQL schema of tables in memory. */
const LOADED = 'loaded';

/** Of fewer batches the rows of all are in memory at once: a database for each of them takes more time. */
const MANY_BATCHES = 4;

export class Relations {
  private readonly connection: DuckDBConnection;
  private readonly runs: readonly Run[];
  private readonly onLoad: (table: string) => void;
  private readonly limits: QueryLimits;
  private readonly own: ReadonlyMap<string, string>;
  private readonly kept: ReadonlySet<string>;
  private readonly isNamed: boolean;
  private readonly groups: readonly RunGroup[];
  private readonly batchEvents: number;
  private readonly prepare: RelationOptions['prepare'];
  private readonly prepareElsewhere: RelationOptions['prepareElsewhere'];
  private readonly present = new Set<string>();
  private declared = false;
  private readonly rows: TraceRows;
  private readonly keptTables: KeptTables;

  constructor(sandbox: Sandbox, runs: readonly Run[], options: RelationOptions) {
    const { connection } = sandbox;
    this.connection = connection;
    this.runs = runs;
    this.own = options.own;
    this.kept = options.kept;
    this.isNamed = options.isNamed;
    this.groups = options.groups;
    this.batchEvents = options.batchEvents;
    this.prepare = options.prepare;
    this.prepareElsewhere = options.prepareElsewhere;
    this.onLoad = options.onLoad;
    this.limits = options.limits;
    this.rows = new TraceRows(connection);
    this.keptTables = new KeptTables(sandbox, this.rows, this.onLoad);
  }

  /** Makes the schemas; called once, before anything is loaded. */
  static async prepare(connection: DuckDBConnection): Promise<void> {
    for (const schema of [DECLARED, LOADED]) await connection.run(`CREATE SCHEMA ${schema}`);
  }

  /** Loads every table, view and macro that a query names; one too many does no harm. */
  async load(sql: string): Promise<void> {
    if (this.groups.length > 1) await this.prepareGroups(sql);
    await this.loadNamedIn(sql);
  }

  private async loadNamedIn(sql: string): Promise<void> {
    if (ASKS_CATALOG.test(sql)) await this.declare();
    for (const name of await namesInSql(this.connection, sql)) await this.ensure(name);
  }

  /** Of many traces the views are made batch by batch: the rows of all together would be in memory at once. */
  private async prepareGroups(sql: string): Promise<void> {
    // Those of all: a view that one group lacks is made of the rows of all groups.
    if (batchesOf(this.groups, this.batchEvents).length < MANY_BATCHES) return;
    const files = [...(await this.keptViewsIn(sql))].map((name) => fileOfView(name, this.own));
    const missing = () =>
      this.groups.filter(({ cache }) => files.some((file) => cache.find(file) === undefined));
    const batches = () => batchesOf(missing(), this.batchEvents);
    const [first] = missing();
    if (!first?.cache.canStore()) return;
    await this.prepareElsewhere(batches(), sql);
    for (const batch of batches()) {
      const before = missing().length;
      await this.prepare(batch, sql);
      // Nothing can be kept there.
      if (missing().length === before) return;
    }
  }

  /** The kept views that are to be loaded for SQL, but not those of which only such a view is made. */
  private async keptViewsIn(sql: string): Promise<ReadonlySet<string>> {
    const seen = new Set<string>();
    const kept = new Set<string>();
    const add = async (statement: string): Promise<void> => {
      for (const name of await namesInSql(this.connection, statement)) {
        const definition = this.definitionOf(name);
        if (definition === undefined || seen.has(name) || this.present.has(name)) continue;
        // A definition may name itself: a common table expression of it is called the same.
        seen.add(name);
        if (this.isKeptView(name)) kept.add(name);
        else await add(definition);
      }
    };
    await add(sql);
    return kept;
  }

  private definitionOf(name: string): string | undefined {
    return this.own.get(name) ?? DEFINITIONS.get(name);
  }

  private isKeptView(name: string): boolean {
    return KEPT_VIEWS.has(name) && !this.own.has(name);
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
    const definition = this.definitionOf(name);
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
    const isOurs = this.isKeptView(name);
    if (!isOurs && !this.kept.has(name)) return await this.make(definition);
    if (isOurs && this.groups.length > 1) return await this.defineOfGroups(name, definition);
    const file = await this.keptRows(name, definition);
    if (file === undefined) await this.keep(name, `FROM ${name}`);
    else if (isOurs)
      await this.connection.run(`CREATE OR REPLACE VIEW ${name} AS FROM read_parquet(${quoted(file)})`);
    else await this.keep(name, `FROM read_parquet(${quoted(file)})`);
  }

  /** A view of several groups: the rows of each are kept in its own cache, as if it had been alone. */
  private async defineOfGroups(name: string, definition: string): Promise<void> {
    const file = fileOfView(name, this.own);
    const files = this.groups.map(({ cache }) => cache.find(file));
    const areKept = () => files.every((path) => path !== undefined);
    if (!areKept()) {
      await this.make(definition);
      await this.keep(name, `FROM ${name}`);
      for (const [n, group] of this.groups.entries())
        files[n] ??= await group.cache.store(file, (path) => this.copyGroup(name, group, path));
    }
    if (!areKept()) return;
    const firsts = this.groups.map(({ first }) => first);
    const run = this.runs.length === files.length ? runOf(firsts) : `${runOf(firsts)} + run_id`;
    const rows = `SELECT * REPLACE ((${run})::USMALLINT AS run_id) FROM read_parquet(${list(files as string[])})`;
    await this.connection.run(`CREATE OR REPLACE VIEW ${name} AS ${rows}`);
    await this.connection.run(`DROP TABLE IF EXISTS ${rowsOf(name)}`);
  }

  private async copyGroup(view: string, { first, runs }: RunGroup, path: string): Promise<void> {
    const rows = `SELECT * REPLACE ((run_id - ${first})::USMALLINT AS run_id) FROM ${view}
      WHERE run_id BETWEEN ${first} AND ${first + runs.length - 1}`;
    await withinTime(this.connection, this.limits, async () => {
      await this.connection.run(`COPY (${rows}) TO ${quoted(path)} ${PARQUET}`);
    });
  }

  private async make(definition: string): Promise<void> {
    await this.loadNamedIn(definition);
    await explained(definition, () => this.connection.run(definition));
  }

  /** The file in the cache with the rows of a view, computed where it is not there; undefined, and the view made, where none is kept. */
  private async keptRows(name: string, definition: string): Promise<string | undefined> {
    const cache = this.kept.has(name) ? this.onlyCache : this.groups[0]?.cache;
    if (!cache) {
      await this.make(definition);
      return undefined;
    }
    const file = fileOfView(name, this.own);
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

  /** The cache in which the views of `kept` are: of one trace, unless names that the user gave are in the rows. */
  private get onlyCache(): TraceCache | undefined {
    return this.runs.length === 1 && !this.isNamed ? this.runs[0].cache : undefined;
  }

  /** Puts rows in the place of a view. */
  private async keep(view: string, rows: string): Promise<void> {
    await withinTime(this.connection, this.limits, async () => {
      await this.connection.run(`CREATE OR REPLACE TABLE ${rowsOf(view)} AS ${rows}`);
    });
    await this.connection.run(`CREATE OR REPLACE VIEW ${view} AS FROM ${rowsOf(view)}`);
  }

  private async loadTable(table: TraceTable): Promise<void> {
    const inMemory: number[] = [];
    const files: string[] = [];
    const inFiles: number[] = [];
    for (const [n, run] of this.runs.entries()) {
      const found = await this.keptFiles(run, table);
      if (found === undefined) inMemory.push(n);
      for (const file of found ?? []) {
        files.push(file);
        inFiles.push(n);
      }
    }
    const parts = [];
    if (files.length > 0)
      parts.push(`SELECT ${runOf(inFiles)} AS run_id, * FROM read_parquet(${list(files)})`);
    if (inMemory.length > 0 || files.length === 0) parts.push(await this.loaded(table, inMemory));
    await this.connection.run(`CREATE OR REPLACE VIEW ${table.name} AS ${parts.join(' UNION ALL ')}`);
  }

  /** The table's files in the cache, where it can be kept; made when they are not there. */
  private async keptFiles({ reader, cache, kept }: Run, table: TraceTable): Promise<string[] | undefined> {
    return cache && kept.includes(table) ? await this.keptTables.files(table, reader, cache) : undefined;
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
}

/** Runs SQL; an error of DuckDB's becomes BadInput with the position in the text. */
export async function explained<Result>(sql: string, run: () => Promise<Result>): Promise<Result> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof BadInput || error instanceof TraceDamage) throw error;
    throw sqlError(error, sql);
  }
}

/** SQL of run_id where files are read, by the run of each. A constant, where it is one, lets DuckDB leave it out of joins. */
function runOf(runs: readonly number[]): string {
  if (new Set(runs).size === 1) return `${runs[0]}::USMALLINT`;
  if (runs.every((run, n) => run === n)) return 'file_index::USMALLINT';
  return `([${runs.join(', ')}]::USMALLINT[])[file_index::BIGINT + 1]`;
}

/** The table with a view's rows in memory. */
const rowsOf = (view: string): string => `${view}_rows`;

/** The file of a view's rows in the cache. */
const fileOfView = (name: string, own: ReadonlyMap<string, string>): string =>
  `${name}-${digestOfDefinition(name, own)}.parquet`;

const list = (files: readonly string[]): string => `[${files.map(quoted).join(', ')}]`;
