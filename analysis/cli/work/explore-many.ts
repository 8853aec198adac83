import { isBuilt } from '../../../host/built.ts';
import type { Explored } from '../../explore/explore.ts';
import { countOf } from '../../explore/placements.ts';
import { isHeard } from '../../explore/target.ts';
import { askExplorer, EXPLORE_WORKER } from './ask-explorer.ts';
import { ExploreWork, type WorkOptions } from './explore-work.ts';
import { WorkerProcess } from './worker-process.ts';

/** Explores the stretches of a run in several processes, with the same results in the same order as one. */

export interface ManyOptions extends WorkOptions {
  /** Number of processes. */
  readonly jobs: number;
}

/** Starting a process takes as long as running this many placements, or recording so many. */
const WORTH_A_PROCESS = 200;
const WORTH_RECORDED = 4;

export async function exploreMany(options: ManyOptions): Promise<Explored> {
  const work = new ExploreWork(options);
  const boundaries = countOf(options.stretches.flatMap((stretch) => stretch.boundaries));
  const worth = isHeard(options.run.target) ? WORTH_A_PROCESS : WORTH_RECORDED;
  const jobs = Math.min(options.jobs, work.pieces.length, Math.ceil(boundaries / worth));
  if (jobs > 1 && isBuilt(EXPLORE_WORKER)) {
    await Promise.all(Array.from({ length: jobs }, () => inProcess(work, options)));
    work.again();
  }
  await work.here();
  return work.result();
}

/** Explores in a worker process until nothing is left or it fails. */
async function inProcess(work: ExploreWork, { run, signal }: ManyOptions): Promise<void> {
  const process = new WorkerProcess(EXPLORE_WORKER);
  const stop = () => process.end(true);
  signal.addEventListener('abort', stop);
  try {
    for (let piece = work.take(); piece; piece = work.take()) {
      const { stretch } = piece;
      const begun = piece;
      piece.tally = await askExplorer(process, { run, stretch }, (outcome) => work.add(begun, outcome));
      if (!piece.tally) return;
    }
  } finally {
    signal.removeEventListener('abort', stop);
    process.end();
  }
}
