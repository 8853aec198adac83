import type { SearchOutcome } from '../../explore/search.ts';
import { grouped, plural } from '../terminal/format.ts';
import { progressBar } from '../terminal/progress.ts';
import { symbolsOf } from './explore.ts';
import { onProcesses } from './on-processes.ts';
import { withScratch } from './open-examiner.ts';
import { closeSearcher, type Searched, type SearchRunsRequest, searchRuns } from './search-runs.ts';

/** `rewind386 explore --bound K`: runs with several interrupts at other times. */

export interface SearchRequest extends Searched {
  /** Number of runs, which are numbered from 0. */
  readonly runs: number;
  /** Number of processes; default: this process alone. */
  readonly jobs?: number;
  readonly signal: AbortSignal;
}

export interface SearchResult {
  readonly request: SearchRequest;
  /** In the order of their numbers. */
  readonly outcomes: readonly SearchOutcome[];
  /** Host seconds until the first failure; undefined if there was none. */
  readonly secondsToFirst: number | undefined;
  /** Names of code by its address. */
  readonly names: ReadonlyMap<number, string>;
}

const entry = new URL('./search-worker.js', import.meta.url);
/** Runs per request: few, so that Ctrl-C loses little. */
const AT_ONCE = 8;

/** Runs the search; the outcomes do not depend on the number of processes. */
export const searchTrace = (request: SearchRequest): Promise<SearchResult> =>
  withScratch(request.target, (scratch) => searchedBy({ ...request, scratch }));

async function searchedBy(request: SearchRequest): Promise<SearchResult> {
  const { runs, jobs = 1, signal, ...searched } = request;
  const requests = Array.from({ length: Math.ceil(runs / AT_ONCE) }, (_, n) => ({
    searched: searchedOf(searched),
    runs: Array.from({ length: Math.min(AT_ONCE, runs - n * AT_ONCE) }, (_, m) => n * AT_ONCE + m),
  }));
  const progress = progressBar('searching', runs);
  const outcomes: SearchOutcome[] = [];
  const started = performance.now();
  let secondsToFirst: number | undefined;
  try {
    await onProcesses<SearchRunsRequest, readonly SearchOutcome[]>({
      ...{ entry, jobs, requests, signal, here: searchRuns },
      onAnswer: (_, some) => {
        outcomes.push(...some);
        const failed = outcomes.filter((outcome) => outcome.failed).length;
        if (failed > 0) secondsToFirst ??= (performance.now() - started) / 1000;
        progress.at(outcomes.length, `${plural(outcomes.length, 'run')}, ${grouped(failed)} fail`);
      },
    });
  } finally {
    progress.end();
    closeSearcher();
  }
  outcomes.sort((a, b) => a.run - b.run);
  const names = await symbolsOf(
    request.file,
    outcomes.map(({ sign }) => sign?.eip),
  );
  return { request, outcomes, secondsToFirst, names };
}

/** The request in plain values. */
const searchedOf = ({
  file,
  disks,
  lines,
  method,
  bound,
  span,
  within,
  target,
  scratch,
}: Searched): Searched => ({
  ...{ file, disks, lines, method, bound, span, within, target, scratch },
});
