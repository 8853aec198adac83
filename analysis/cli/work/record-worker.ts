import '../../../host/install.ts';
import { recordSeed, type SeedRequest } from './record-seed.ts';

/** A worker process that records seeds (until-fail.ts): takes a request by message, sends an answer, and ends with its parent. */

process.on('message', async (request: SeedRequest) => {
  try {
    process.send?.(await recordSeed(request));
  } catch {
    // The parent process determines the reason.
    process.send?.('failed');
  }
});
process.on('disconnect', () => process.exit());
// Ctrl-C reaches every process of the terminal; the parent handles it.
process.on('SIGINT', () => {});
