import '../../../host/install.ts';
import { type CheckRequest, checkAsked, toPlain } from './check-messages.ts';
import { answerRequests } from './on-processes.ts';

/** A worker process that checks traces (check-many.ts). */

answerRequests(async (request: CheckRequest) => toPlain(await checkAsked(request)), { endsByItself: true });
