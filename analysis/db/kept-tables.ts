import { availableParallelism } from 'node:os';
import type { TraceReader } from '../../replayer/trace/trace-reader.ts';
import type { ChunkRange, TraceTable } from '../tables/table.ts';
import type { TraceCache } from './cache.ts';
import { PARQUET, quoted } from './copy-rows.ts';
import type { Sandbox } from './sandbox.ts';
import type { TraceRows } from './trace-rows.ts';

/**
 * Tables of a trace as Parquet files in the cache. DuckDB writes a file that is to have its rows in order on one processor, so a long
 * table is several files, each with a stretch of the run, of which several are written at once.
 */

/** Rows that are worth a file of their own: two of DuckDB's row groups. */
const PART_ROWS = 1 << 18;
const MAX_PARTS = 8;
/** Files written at once: Node runs four queries at a time, and the thread that decodes the trace keeps no more busy. */
const MAX_AT_ONCE = 4;

interface TablePart {
  /** Name of its file in the cache. */
  readonly file: string;
  readonly chunks?: ChunkRange;
}

/** The files of a table, in the order of the run: the same on every machine. */
export function partsOf({ name, rowsIn }: TraceTable, { chunks }: TraceReader): TablePart[] {
  const rows = rowsIn ? chunks.reduce((sum, chunk) => sum + rowsIn(chunk), 0) : 0;
  const parts = Math.min(MAX_PARTS, Math.floor(rows / PART_ROWS));
  if (!rowsIn || parts < 2) return [{ file: `${name}.parquet` }];
  const ends: number[] = [];
  let seen = 0;
  for (const [n, chunk] of chunks.entries()) {
    seen += rowsIn(chunk);
    while (seen >= (rows * (ends.length + 1)) / parts) ends.push(n + 1);
  }
  ends[parts - 1] = chunks.length;
  return ends.map((end, n) => ({
    file: `${name}-${n + 1}of${parts}.parquet`,
    chunks: { from: n === 0 ? 0 : ends[n - 1], end },
  }));
}

export class KeptTables {
  private readonly sandbox: Sandbox;
  private readonly rows: TraceRows;
  private readonly onLoad: (table: string) => void;

  constructor(sandbox: Sandbox, rows: TraceRows, onLoad: (table: string) => void) {
    this.sandbox = sandbox;
    this.rows = rows;
    this.onLoad = onLoad;
  }

  /** Paths of the files of a table, made where they are not there; undefined where the cache keeps nothing. */
  async files(table: TraceTable, reader: TraceReader, cache: TraceCache): Promise<string[] | undefined> {
    const parts = partsOf(table, reader);
    const files = parts.map(({ file }) => cache.find(file));
    const missing = [...parts.entries()].filter(([n]) => files[n] === undefined);
    if (missing.length > 0) this.onLoad(table.name);
    await atOnce(missing, async ([n, { file, chunks }]) => {
      files[n] = await cache.store(file, (path) => this.write(path, table, reader, chunks));
    });
    const there = files.filter((file) => file !== undefined);
    return there.length === files.length ? there : undefined;
  }

  private async write(
    file: string,
    table: TraceTable,
    reader: TraceReader,
    chunks?: ChunkRange,
  ): Promise<void> {
    const connection = await this.sandbox.connect();
    const copy = (rows: string) => connection.run(`COPY (FROM ${rows}) TO ${quoted(file)} ${PARQUET}`);
    try {
      await this.rows.stream(table, reader, copy, chunks);
    } finally {
      connection.closeSync();
    }
  }
}

/** Does all of the work, some of it at once. After a failure no more is begun; throws that of the first in the list, once nothing is under way. */
async function atOnce<Work>(work: readonly Work[], run: (work: Work) => Promise<void>): Promise<void> {
  const failures: { readonly n: number; readonly error: unknown }[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < work.length && failures.length === 0) {
      const n = next++;
      await run(work[n]).catch((error) => failures.push({ n, error }));
    }
  };
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), MAX_AT_ONCE) }, worker));
  if (failures.length > 0) throw failures.sort((a, b) => a.n - b.n)[0].error;
}
