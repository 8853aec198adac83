import '../../../host/install.ts';
import { type CheckRequest, checkAsked, toPlain } from './check-messages.ts';

/** A worker process that checks traces (check-many.ts): takes a request by message, answers with a report, and ends with its parent. */

process.on('message', async (request: CheckRequest) => {
  try {
    process.send?.(toPlain(await checkAsked(request)));
  } catch {
    // The parent process determines the reason.
    process.send?.('failed');
  }
});
process.on('disconnect', () => process.exit());
