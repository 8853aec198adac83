import '../../../host/install.ts';
import { answerRequests } from './on-processes.ts';
import { type RedrawRequest, redrawRuns } from './redraw-runs.ts';

/** A worker process of `inevitable` (inevitable.ts). */

answerRequests<RedrawRequest>((request) => redrawRuns(request));
