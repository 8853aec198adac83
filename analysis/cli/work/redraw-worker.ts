import '../../../host/install.ts';
import { answerRequests } from './on-processes.ts';
import { type RedrawRequest, redrawRuns } from './redraw-runs.ts';

/** A process that makes runs for another (inevitable.ts). */

answerRequests<RedrawRequest>((request) => redrawRuns(request));
