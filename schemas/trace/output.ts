import type { EventBatch } from '../events.ts';
import type { EndState } from './end-state.ts';
import type { TraceExit } from './footer.ts';
import type { Input } from './inputs.ts';
import type { LadderRow } from './ladder.ts';
import type { StateChanges } from './state-changes.ts';

/** The interface between a run being recorded and its trace. */

/** Default number of instructions between two rungs of the ladder. */
export const DEFAULT_LADDER_INTERVAL = 4_194_304;

/** A chunk is closed after this many rungs even if there were few events; this bounds what a crash can lose. */
export const RUNGS_PER_CHUNK = 16;

/** icount at which the first chunk is closed, so that a run killed within its first second leaves a usable trace. */
const FIRST_CUT = 2 ** 20;

/**
 * Closes additional chunks at the beginning: at 1 M instructions (2^20) and each time the run has doubled in length, until rungs close
 * them. The positions depend on icount alone, so that a run gives the same bytes on any host.
 */
export class ChunkCuts {
  /** icount of the next cut; infinite if there is none left. */
  next: number;
  private readonly end: number;

  constructor(ladderInterval: number) {
    this.end = ladderInterval * RUNGS_PER_CHUNK;
    this.next = this.orNone(FIRST_CUT);
  }

  /** True at the next cut; advances to the one after it. */
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
  /** The header and everything before it. */
  readonly header: number;
  readonly chunks: number;
  readonly checkpoints: number;
  /** Number of events in the chunks. */
  readonly events: number;
}

/**
 * The receiver of a recording, or of a replay that records again with more detail. Calls come in the order of the run. The trace writer
 * implements it; it is declared here because the replayer must not import the recorder.
 */
export interface TraceOutput {
  input(input: Input): void;
  ladder(row: LadderRow): void;
  /** Takes a batch of events, whose columns are reused after the call. */
  flush(batch: EventBatch): void;
  /** Closes the current chunk at `icount`; the machine must have no buffered events. */
  endChunk(icount: number): void;
  /**
   * The bytes written by the time of the previous call; for the first call, the header alone. It may wait for the writer, so that the
   * answer depends on the calls and not on the writer's speed.
   */
  mark(): WrittenBytes;
  /** Takes the initial state of the machine; called before the first checkpoint. */
  beginCheckpoints(start: StateChanges): void;
  /** Takes the machine's state at a rung. The arguments may change after the call. */
  checkpoint(changes: StateChanges): void;
  /** Completes the trace. `final` has the final hashes, `endState` the final state for display. */
  finish(exit: TraceExit, final: LadderRow, endState?: EndState): void;
  /** Stops writing and leaves a torn trace. */
  abandon(): void;
}
