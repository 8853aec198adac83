import type { TraceReader } from '../../replayer/trace/trace-reader.ts';
import { TABLES } from '../tables/index.ts';
import type { TraceTable } from '../tables/table.ts';
import { TraceCache } from './cache.ts';
import { KEPT_FROM_EVENTS } from './kept-answers.ts';

/** The traces of a database, and the groups of them whose views and answers are kept together. */

/** One trace of a database. */
export interface Run {
  readonly reader: TraceReader;
  /** Undefined when no tables are kept. */
  readonly cache: TraceCache | undefined;
  /** Tables that may be kept. */
  readonly kept: readonly TraceTable[];
}

/** A long trace, or consecutive short ones that are long together: what is made of the rows of each is kept in one cache. */
export interface RunGroup {
  /** run_id of its first trace. */
  readonly first: number;
  readonly runs: readonly Run[];
  readonly cache: TraceCache;
}

/** Tables worth keeping: the others are made of the header at once, and say what the trace's bytes do not determine (its path). */
const KEPT = TABLES.filter(
  ({ name }) => !['run', 'symbols', 'windows', 'probes', 'system_call_names'].includes(name),
);

/** Opens the cache of a trace. `wanted`: false for none; `isNamed`: names given by the user replace those in the trace. */
export function openRun(
  reader: TraceReader,
  {
    wanted,
    isNamed,
    note,
  }: { readonly wanted: boolean; readonly isNamed: boolean; readonly note: (text: string) => void },
): Run {
  // A profile given says which ends are failures.
  const kept = isNamed ? KEPT.filter(({ name }) => name !== 'failures') : KEPT;
  const cache = !wanted ? undefined : new TraceCache(reader.path, note);
  // DuckDB would treat such a path as a pattern.
  if (cache && /[*?[\]]/.test(cache.folder)) {
    note(`tables are not kept in ${cache.folder}: its name contains *, ? or [`);
    return { reader, cache: undefined, kept };
  }
  return { reader, cache, kept };
}

/** Traces of a group, at most: a database has all of them open. */
const MAX_TRACES = 256;

const eventsOf = (runs: readonly Run[]): number => runs.reduce((sum, { reader }) => sum + reader.events, 0);

/** The groups of traces that are long together; none where one of them keeps nothing. `parts`: the number of traces of each, if that is settled. */
export function groupsOf(
  runs: readonly Run[],
  parts: readonly number[] | undefined,
  note: (text: string) => void,
): RunGroup[] {
  if (runs.some(({ cache }) => !cache) || (!parts && eventsOf(runs) < KEPT_FROM_EVENTS)) return [];
  let first = 0;
  return (parts ?? sizesOf(runs)).map((size) => {
    const group = runs.slice(first, first + size);
    const caches = group.map(({ cache }) => cache as TraceCache);
    const made = { first, runs: group, cache: size === 1 ? caches[0] : new TraceCache(caches, note) };
    first += size;
    return made;
  });
}

/** The number of traces of each group. */
function sizesOf(runs: readonly Run[]): number[] {
  const sizes: number[] = [];
  let events = KEPT_FROM_EVENTS;
  for (const { reader } of runs) {
    const isLong = Math.max(events, reader.events) >= KEPT_FROM_EVENTS;
    if (isLong || sizes[sizes.length - 1] === MAX_TRACES) {
      sizes.push(1);
      events = reader.events;
    } else {
      sizes[sizes.length - 1]++;
      events += reader.events;
    }
  }
  return sizes;
}

/** Groups whose views are computed together, in memory: by another database, if there are more. */
export interface RunBatch {
  readonly paths: readonly string[];
  /** The number of traces of each group, in order. */
  readonly parts: readonly number[];
}

/** Events of a batch, more only if they are of one group. */
export const BATCH_EVENTS = 1_000_000;

export function batchesOf(groups: readonly RunGroup[], most: number): RunBatch[] {
  const batches: RunGroup[][] = [];
  let events = 0;
  for (const group of groups) {
    events += eventsOf(group.runs);
    if (batches.length === 0 || events > most) {
      batches.push([group]);
      events = eventsOf(group.runs);
    } else batches[batches.length - 1].push(group);
  }
  return batches.map((batch) => ({
    paths: batch.flatMap(({ runs }) => runs.map(({ reader }) => reader.path)),
    parts: batch.map(({ runs }) => runs.length),
  }));
}
