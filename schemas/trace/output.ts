import type { EventBatch } from '../events.ts';
import type { EndState } from './end-state.ts';
import type { TraceExit } from './footer.ts';
import type { Input } from './inputs.ts';
import type { LadderRow } from './ladder.ts';
import type { StateChanges } from './state-changes.ts';

/** The interface by which a run that is recorded reaches a trace. */

/** Instructions between two rungs of the ladder, unless asked otherwise. */
export const DEFAULT_LADDER_INTERVAL = 4_194_304;

/** A chunk is closed after this many rungs even if few events came: what a crash can lose. */
export const RUNGS_PER_CHUNK = 16;

/** The first chunk is closed here: a run that is killed within its first second leaves something. */
const FIRST_CUT = 2 ** 20;

/**
 * Closes chunks of the beginning besides: at 1 M instructions (2^20), and each time that the run has become twice as long, until
 * rungs do. By icount, so that a run gives the same bytes whatever the machine that records it.
 */
export class ChunkCuts {
  /** icount of the next one; infinite when there is none any more. */
  next: number;
  private readonly end: number;

  constructor(ladderInterval: number) {
    this.end = ladderInterval * RUNGS_PER_CHUNK;
    this.next = this.orNone(FIRST_CUT);
  }

  /** True at the next cut, which then is the one after it. */
  takeAt(icount: number): boolean {
    if (icount !== this.next) return false;
    this.next = this.orNone(2 * icount);
    return true;
  }

  private orNone(icount: number): number {
    return icount < this.end ? icount : Number.POSITIVE_INFINITY;
  }
}

/** Bytes of a trace so far. */
export interface WrittenBytes {
  /** And what lies before it. */
  readonly header: number;
  readonly chunks: number;
  readonly checkpoints: number;
  /** Events in those chunks. */
  readonly events: number;
}

/**
 * The receiver of a run being recorded, also one that is recorded again by a replay with more detail. Everything is in the
 * order of the run. Implemented by the trace writer; declared here because the replayer does not know the recorder.
 */
export interface TraceOutput {
  input(input: Input): void;
  ladder(row: LadderRow): void;
  /** The batch's columns are reused once this returns. */
  flush(batch: EventBatch): void;
  /** Closes the chunk in hand at `icount`, when the machine has no events buffered. */
  endChunk(icount: number): void;
  /**
   * Counts of what was written when this was last called, before the first time the header alone. It may wait for that: so the answer
   * depends on the calls made and not on the speed of the writer.
   */
  mark(): WrittenBytes;
  /** Before the first checkpoint: the machine as it was put together. */
  beginCheckpoints(start: StateChanges): void;
  /**
   * The machine's state now, at a rung. What was shown may change once this returns. With `held` it waits for writeHeld; at the
   * end it is dropped.
   */
  checkpoint(changes: StateChanges, held: boolean): void;
  /** Writes the checkpoints that are held. */
  writeHeld(): void;
  /** Ends the trace in order. `final` is the state at the end, `endState` what of it people want to know. */
  finish(exit: TraceExit, final: LadderRow, endState?: EndState): void;
  /** Stops; what was written stays as a torn trace. */
  abandon(): void;
}
