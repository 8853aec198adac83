import '../../../host/install.ts';
import type { Explorer } from '../../explore/explore.ts';
import type { ExploreAnswer, ExploreRequest } from './explore-messages.ts';
import { openExplorer } from './open-explorer.ts';

/** A worker process that explores stretches (explore-many.ts): takes a request by message, sends answers, and ends with its parent. */

const answer = (message: ExploreAnswer) => process.send?.(message);
let explorer: Explorer | undefined;

process.on('message', async ({ run, stretch }: ExploreRequest) => {
  try {
    explorer ??= openExplorer(run);
    const tally = await explorer.explore(stretch, (outcome) => answer({ outcome }));
    answer(tally ? { tally } : 'failed');
  } catch {
    // The parent process determines the reason.
    answer('failed');
  }
});
process.on('disconnect', () => process.exit());
// Ctrl-C reaches every process of the terminal; the parent handles it.
process.on('SIGINT', () => {});
