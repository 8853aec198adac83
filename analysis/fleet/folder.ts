import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';

/**
 * A folder that several machines share: traces, what was found in them, and their tables as Parquet, partitioned by run and
 * icount as Spark, Trino, ClickHouse and DuckDB read them (Hive partitioning). Every file is named by its content or by the job that makes it, and
 * appears whole (written beside, then renamed), so that making one twice changes nothing.
 */

/** Instructions of one partition of a run. */
export const SPAN = 1 << 24;

/** The tables of results; of each there is one file a piece of work. */
export const RESULT_TABLES = ['placements', 'pieces'] as const;
export type ResultTable = (typeof RESULT_TABLES)[number];

/** First icount of the partition that an icount falls into. */
export const spanOf = (icount: number): number => Math.floor(icount / SPAN) * SPAN;

export class FleetFolder {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** The trace of a run, which is named by its SHA-256. */
  trace(run: string): string {
    return join(this.under('traces'), `${run}.r386`);
  }

  manifest(run: string): string {
    return join(this.under('manifests'), `${run}.json`);
  }

  /** The file of a job's rows. */
  result(table: ResultTable, run: string, icount: number, job: string): string {
    return join(this.partition(table, run, icount), `${job}.parquet`);
  }

  /** The file of a trace's rows of one table in one partition. */
  rows(table: string, run: string, icount: number): string {
    return join(this.partition(join('tables', table), run, icount), 'rows.parquet');
  }

  /** Jobs of a run whose results are there. The piece's row is written last. */
  finished(run: string): Map<string, string> {
    const found = new Map<string, string>();
    const root = join(this.path, 'pieces', `run=${run}`);
    for (const span of namesIn(root))
      for (const name of namesIn(join(root, span)))
        if (name.endsWith('.parquet')) found.set(basename(name, '.parquet'), join(root, span, name));
    return found;
  }

  private under(...names: string[]): string {
    const folder = join(this.path, ...names);
    mkdirSync(folder, { recursive: true });
    return folder;
  }

  private partition(table: string, run: string, icount: number): string {
    return this.under(table, `run=${run}`, `span=${spanOf(icount)}`);
  }
}

/** True for a folder that holds runs of a fleet. */
export const isFleet = (path: string): boolean => existsSync(join(path, 'manifests'));

const PARTITION = String.raw`run=[0-9a-f]{64}/span=\d+/\w+\.parquet$`;
const RESULT = new RegExp(`(?:^|/)(?:placements|pieces)/${PARTITION}`);
const OTHERS = new RegExp(`(?:^|/)(?:tables/\\w+/${PARTITION}|manifests/[0-9a-f]{64}\\.json$)`);

/** True for the path of a file with rows of a result table. */
export const isResult = (path: string): boolean => RESULT.test(slashed(path));

/** True for the path of a file in a fleet's folder that is no trace. */
export const isFleetFile = (path: string): boolean => isResult(path) || OTHERS.test(slashed(path));

const slashed = (path: string): string => path.replaceAll('\\', '/');

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
