/** What of a machine's state is no longer as it was: how a checkpoint travels from the machine to the trace. */

/** Pages of an area, or sectors of a drive. */
export interface ChangedUnits {
  readonly name: string;
  /** Of the whole area; 0 for a drive. */
  readonly bytes: number;
  /** Numbers of the pages or sectors, ascending. */
  readonly numbers: Uint32Array<ArrayBuffer>;
  /** Theirs, one after the other; only the last page of an area may be shorter than the others. */
  readonly contents: Uint8Array<ArrayBuffer>;
}

/** Since the last ones, or since all was zeros. */
export interface StateChanges {
  readonly icount: number;
  /** seq of the next event. */
  readonly seq: number;
  /** Inputs taken so far. */
  readonly inputs: number;
  readonly tracking: boolean;
  readonly areas: readonly ChangedUnits[];
  readonly drives: readonly ChangedUnits[];
}
