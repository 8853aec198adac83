import '../../../host/install.ts';
import { type CheckRequest, checkAsked, toPlain } from './check-messages.ts';

/** A process that checks traces for another (check-many.ts): a request by message, a report back; it ends with the other. */

process.on('message', async (request: CheckRequest) => {
  try {
    process.send?.(toPlain(await checkAsked(request)));
  } catch {
    // The other process finds out why.
    process.send?.('failed');
  }
});
process.on('disconnect', () => process.exit());
