/** The facts that a report page shows: made by analysis/report, drawn by this folder. All texts are as the trace has them: shown as text, never as HTML. */

/** A stretch of the run on a track. Icounts; `to` is exclusive. */
export interface Slice {
  readonly from: number;
  readonly to: number;
  readonly label: string;
  /** More lines for whoever points at it. */
  readonly detail?: string;
  /** Row inside the track, from 0. */
  readonly lane?: number;
  /** Drawn as what should not be. */
  readonly wrong?: boolean;
}

/** Something at one icount. */
export interface Mark {
  readonly at: number;
  readonly label: string;
  readonly detail?: string;
  readonly severity?: 'error' | 'warning';
}

/** Events by number: how many fell into each of the equal parts of the run. */
export interface Density {
  readonly kind: 'density';
  readonly name: string;
  readonly doc: string;
  readonly counts: readonly number[];
}

export interface SliceTrack {
  readonly kind: 'slices';
  readonly name: string;
  readonly doc: string;
  readonly slices: readonly Slice[];
  /** Shorter ones were left out, so many. */
  readonly left: number;
}

export interface MarkTrack {
  readonly kind: 'marks';
  readonly name: string;
  readonly doc: string;
  readonly marks: readonly Mark[];
  readonly left: number;
}

export type Track = SliceTrack | MarkTrack | Density;

/** One step of a hijack, in the lane of the code that made it. */
export interface Step {
  readonly at: number;
  readonly lane: 'base' | 'handler';
  readonly text: string;
  /** The value of the slot from here on; absent where the step does not change it. */
  readonly slot?: string;
  readonly wrong?: boolean;
}

export interface FindingFacts {
  readonly number: number;
  readonly title: string;
  readonly className: string;
  readonly severity: 'error' | 'warning';
  readonly from: number;
  readonly at: number;
  readonly summary: string;
  readonly commands: readonly string[];
  readonly steps: readonly Step[];
}

export interface PageData {
  readonly file: string;
  /** Instructions retired. */
  readonly end: number;
  readonly instructionsPerSecond: number;
  readonly facts: readonly (readonly [name: string, value: string])[];
  readonly verdict: string;
  readonly findings: readonly FindingFacts[];
  readonly tracks: readonly Track[];
}
