import '../../../host/install.ts';
import type { Explorer } from '../../explore/explore.ts';
import type { ExploreAnswer, ExploreRequest } from './explore-messages.ts';
import { openExplorer } from './open-explorer.ts';

/** A process that explores stretches for another (explore-many.ts): a request by message, answers back; it ends with the other. */

const answer = (message: ExploreAnswer) => process.send?.(message);
let explorer: Explorer | undefined;

process.on('message', async ({ run, stretch }: ExploreRequest) => {
  try {
    explorer ??= openExplorer(run);
    const tally = await explorer.explore(stretch, (outcome) => answer({ outcome }));
    answer(tally ? { tally } : 'failed');
  } catch {
    // The other process finds out why.
    answer('failed');
  }
});
process.on('disconnect', () => process.exit());
// Ctrl-C reaches every process of the terminal: the other one decides what it means.
process.on('SIGINT', () => {});
