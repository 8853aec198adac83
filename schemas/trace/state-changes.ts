/** The changed parts of a machine's state, as passed from the machine to a checkpoint in the trace. */

/** Changed pages of an area, or sectors of a drive. */
export interface ChangedUnits {
  readonly name: string;
  /** Size of the whole area in bytes; 0 for a drive. */
  readonly bytes: number;
  /** Numbers of the pages or sectors, ascending. */
  readonly numbers: Uint32Array;
  /** Contents of each; only the last page of an area may be shorter than the others. */
  readonly units: readonly Uint8Array[];
}

/** Changes since the previous StateChanges, or since all-zero memory for the first. Some of the listed parts may be unchanged. */
export interface StateChanges {
  readonly icount: number;
  /** seq of the next event. */
  readonly seq: number;
  /** Inputs taken so far. */
  readonly inputs: number;
  readonly tracking: boolean;
  readonly areas: readonly ChangedUnits[];
  readonly drives: readonly ChangedUnits[];
  /** Sectors of the first disk's image that the run has newly read. */
  readonly read: ChangedUnits;
}
