import type { Outcome, Tally } from '../../explore/explore.ts';
import type { ExploreAnswer, ExploreRequest } from './explore-messages.ts';
import type { WorkerProcess } from './worker-process.ts';

/** The client of an exploring process (explore-worker.ts). */

export const EXPLORE_WORKER = new URL('./explore-worker.js', import.meta.url);

/** Lets a process explore a stretch; returns its counts, or undefined if it failed. */
export async function askExplorer(
  process: WorkerProcess,
  request: ExploreRequest,
  onOutcome: (outcome: Outcome) => void,
): Promise<Tally | undefined> {
  let tally: Tally | undefined;
  await process.ask(request, (message) => {
    const answer = message as ExploreAnswer;
    if (answer === 'failed') return true;
    if ('outcome' in answer) onOutcome(answer.outcome);
    else tally = answer.tally;
    return tally !== undefined;
  });
  return tally;
}
