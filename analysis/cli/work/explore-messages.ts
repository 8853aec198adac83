import type { ExplorerOptions, Outcome, Tally } from '../../explore/explore.ts';
import type { Stretch } from '../../explore/placements.ts';

/** Between `explore` and the processes that it has run placements: plain values alone. */

/** The run that is explored, and how. The same in all requests to one process. */
export interface ExploredRun extends Pick<ExplorerOptions, 'within' | 'unpruned'> {
  readonly file: string;
  readonly disks: readonly string[] | undefined;
}

export interface ExploreRequest {
  readonly run: ExploredRun;
  /** Not before that of the last request. */
  readonly stretch: Stretch;
}

/** Outcomes as they come, and at the end of a stretch its counts. */
export type ExploreAnswer = { readonly outcome: Outcome } | { readonly tally: Tally } | 'failed';
