import '../../../host/install.ts';
import { type CurveRequest, curveTrial } from './curve-trial.ts';
import { answerRequests } from './on-processes.ts';

/** A process that makes runs for another (commands/curve.ts). */

answerRequests<CurveRequest>((request) => curveTrial(request));
