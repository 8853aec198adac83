/** The parts of a machine's state that are no longer as they were: how a checkpoint travels from the machine to the trace. */

/** Pages of an area, or sectors of a drive. */
export interface ChangedUnits {
  readonly name: string;
  /** Of the whole area; 0 for a drive. */
  readonly bytes: number;
  /** Numbers of the pages or sectors, ascending. */
  readonly numbers: Uint32Array;
  /** Theirs; only the last page of an area may be shorter than the others. */
  readonly units: readonly Uint8Array[];
}

/** Since the last ones, at first since all was zeros; some of it may be what it was. */
export interface StateChanges {
  readonly icount: number;
  /** seq of the next event. */
  readonly seq: number;
  /** Inputs taken so far. */
  readonly inputs: number;
  readonly tracking: boolean;
  readonly areas: readonly ChangedUnits[];
  readonly drives: readonly ChangedUnits[];
  /** Sectors of the first disk's image that the run read for the first time. */
  readonly read: ChangedUnits;
}
