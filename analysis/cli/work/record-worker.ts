import '../../../host/install.ts';
import { recordSeed, type SeedRequest } from './record-seed.ts';

/** A process that records seeds for another (until-fail.ts): a request by message, an answer back; it ends with the other. */

process.on('message', async (request: SeedRequest) => {
  try {
    process.send?.(await recordSeed(request));
  } catch {
    // The other process finds out why.
    process.send?.('failed');
  }
});
process.on('disconnect', () => process.exit());
// Ctrl-C reaches every process of the terminal: the other one decides what it means.
process.on('SIGINT', () => {});
