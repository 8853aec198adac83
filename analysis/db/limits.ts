import { totalmem } from 'node:os';

/** Limits of what one query uses. A trace, or a question about one, can be made to take any amount. */
export interface QueryLimits {
  /** Of DuckDB; beyond it rows are spilled to the user's cache folder. */
  readonly memoryBytes: number;
  readonly seconds: number;
  /** Of a result that is held in memory; a file has no limit. */
  readonly rows: number;
}

const GB = 2 ** 30;

export const DEFAULT_LIMITS: QueryLimits = {
  memoryBytes: Math.min(4 * GB, Math.floor(totalmem() / 2)),
  seconds: 300,
  rows: 1_000_000,
};

/** Rows spilled to disk, bytes. */
export const MAX_SPILL_BYTES = 16 * GB;
