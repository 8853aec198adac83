import { createHash } from 'node:crypto';
import { VERSION } from '../../host/tool-version.ts';
import type { Stretch } from '../explore/placements.ts';

/** One piece of an exploration, as it is sent to whoever works at it. */

export interface Job {
  /** Of the tool that made it: another one may judge otherwise. */
  readonly version: string;
  /** SHA-256 of the trace. */
  readonly run: string;
  /** Options of the explorer. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly stretch: Stretch;
}

export const jobFor = (run: string, options: Job['options'], stretch: Stretch): Job => ({
  ...{ version: VERSION, run, options, stretch },
});

/** The name of a job by its content: the same work is the same job, whoever asks for it. */
export const nameOf = (job: Job): string =>
  createHash('sha256')
    .update(JSON.stringify(ordered(job)))
    .digest('hex')
    .slice(0, 32);

/** The first boundary of its placements. */
export const firstIcount = ({ stretch }: Job): number => stretch.boundaries[0].first;

const isRun = (value: unknown): boolean => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;

/** A job out of a queue, which anybody may have filled; undefined if it is none, or one for another version of the tool. */
export function asJob(value: unknown): Job | undefined {
  const { version, run, options, stretch } = (value ?? {}) as Partial<Job>;
  if (version !== VERSION || !isRun(run) || typeof options !== 'object' || !stretch) return undefined;
  const { line, forkAt, boundaries, latest } = stretch;
  if (latest !== undefined && !isCount(latest)) return undefined;
  if (!isCount(line) || !isCount(forkAt) || !Array.isArray(boundaries) || boundaries.length === 0)
    return undefined;
  return boundaries.every(({ first, last }) => isCount(first) && isCount(last)) ? (value as Job) : undefined;
}

/** The same value with the keys of its objects in the order of their names. */
function ordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(ordered);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, one]) => [key, ordered(one)]),
  );
}
