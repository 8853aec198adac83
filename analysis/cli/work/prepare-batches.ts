import { availableParallelism } from 'node:os';
import { DEFAULT_LIMITS, type QueryLimits } from '../../db/limits.ts';
import type { RunBatch } from '../../db/runs.ts';
import type { DatabaseOptions } from '../../db/trace-database.ts';
import { onProcesses } from './on-processes.ts';

/** Has several processes make what a question needs of many traces, each for a batch of them, in the cache. */

/** In plain values. */
export interface PrepareRequest extends RunBatch {
  readonly sql: string;
  readonly definitions: ReadonlyMap<string, string>;
  readonly inputs: readonly string[];
  readonly allowFiles: boolean;
  readonly limits: QueryLimits;
}

/** Batches that are worth the start of a process. */
const WORTH_A_PROCESS = 2;

const entry = new URL('./prepare-worker.js', import.meta.url);

/** As DatabaseOptions.prepareElsewhere: what a process fails to make is left to the database, which says why. */
export async function prepareBatches(
  batches: readonly RunBatch[],
  sql: string,
  { definitions = new Map(), inputs = [], allowFiles = false, limits: asked }: DatabaseOptions,
): Promise<void> {
  const jobs = Math.min(availableParallelism(), Math.floor(batches.length / WORTH_A_PROCESS));
  if (jobs < 2) return;
  const limits = { ...DEFAULT_LIMITS, ...asked };
  const each = { ...limits, memoryBytes: Math.floor(limits.memoryBytes / jobs) };
  await onProcesses<PrepareRequest, object>({
    entry,
    jobs,
    requests: batches.map((batch) => ({ ...batch, sql, definitions, inputs, allowFiles, limits: each })),
    here: async () => ({}),
    onAnswer: () => {},
    signal: new AbortController().signal,
  });
}
