import '../../../host/install.ts';
import { answerRequests } from './on-processes.ts';
import { type SearchRunsRequest, searchRuns } from './search-runs.ts';

/** A worker process of `explore --bound` (search-trace.ts). */

answerRequests<SearchRunsRequest>((request) => searchRuns(request));
