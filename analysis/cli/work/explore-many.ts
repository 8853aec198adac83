import type { Explored } from '../../explore/explore.ts';
import { countOf } from '../../explore/placements.ts';
import type { ExploreAnswer } from './explore-messages.ts';
import { ExploreWork, type Piece, type WorkOptions } from './explore-work.ts';
import { isBuilt, WorkerProcess } from './worker-process.ts';

/** Explores the stretches of a run in several processes; what is found, and its order, is that of one. */

export interface ManyOptions extends WorkOptions {
  /** Processes at once. */
  readonly jobs: number;
}

const entry = new URL('./explore-worker.js', import.meta.url);
/** A process takes as long to start as so many placements to run. */
const WORTH_A_PROCESS = 200;

export async function exploreMany(options: ManyOptions): Promise<Explored> {
  const work = new ExploreWork(options);
  const boundaries = countOf(options.stretches.flatMap((stretch) => stretch.boundaries));
  const jobs = Math.min(options.jobs, work.pieces.length, Math.ceil(boundaries / WORTH_A_PROCESS));
  if (jobs > 1 && isBuilt(entry)) {
    await Promise.all(Array.from({ length: jobs }, () => inProcess(work, options)));
    work.again();
  }
  await work.here();
  return work.result();
}

/** Explores in a process of its own until nothing is left, or it fails. */
async function inProcess(work: ExploreWork, { run, signal }: ManyOptions): Promise<void> {
  const process = new WorkerProcess(entry);
  const stop = () => process.end(true);
  signal.addEventListener('abort', stop);
  try {
    for (let piece = work.take(); piece; piece = work.take()) {
      const { stretch } = piece;
      const lives = await process.ask({ run, stretch }, (message) =>
        takeAnswer(work, piece as Piece, message as ExploreAnswer),
      );
      if (!lives || !piece.tally) return;
    }
  } finally {
    signal.removeEventListener('abort', stop);
    process.end();
  }
}

/** True if the process is done with the piece. */
function takeAnswer(work: ExploreWork, piece: Piece, answer: ExploreAnswer): boolean {
  if (answer === 'failed') return true;
  if ('outcome' in answer) work.add(piece, answer.outcome);
  else piece.tally = answer.tally;
  return 'tally' in answer;
}
