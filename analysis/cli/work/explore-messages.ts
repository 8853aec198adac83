import type { ExplorerOptions, Outcome, Tally } from '../../explore/explore.ts';
import type { Stretch } from '../../explore/placements.ts';

/** Messages between `explore` and its worker processes, as plain values. */

/** The explored run and the options; the same in all requests to one process. */
export interface ExploredRun extends Pick<ExplorerOptions, 'within' | 'target' | 'unpruned'> {
  readonly file: string;
  readonly disks: readonly string[] | undefined;
  /** A folder for recordings of runs, where the target needs them. */
  readonly scratch?: string | undefined;
}

export interface ExploreRequest {
  readonly run: ExploredRun;
  /** The stretch; not before that of the previous request. */
  readonly stretch: Stretch;
}

/** Outcomes as they are found, and at the end of a stretch its counts. */
export type ExploreAnswer = { readonly outcome: Outcome } | { readonly tally: Tally } | 'failed';
