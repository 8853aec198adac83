import '../../../host/install.ts';
import { type CurveRequest, curveTrial } from './curve-trial.ts';
import { answerRequests } from './on-processes.ts';

/** A worker process of `curve` (commands/curve.ts). */

answerRequests<CurveRequest>((request) => curveTrial(request));
