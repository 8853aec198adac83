import '../../../host/install.ts';
import { answerRequests } from './on-processes.ts';
import { type SearchRunsRequest, searchRuns } from './search-runs.ts';

/** A process that makes runs for another (search-trace.ts). */

answerRequests<SearchRunsRequest>((request) => searchRuns(request));
