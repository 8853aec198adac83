import type { EventBatch } from './events.ts';
import type { Input } from './inputs.ts';
import type { LadderRow } from './ladder.ts';
import type { TraceExit } from './trace-footer.ts';

/**
 * Where a run being recorded goes, also one that is recorded again by a replay with more detail. Everything is in the
 * order of the run. Implemented by the trace writer; declared here because the replayer does not know the recorder.
 */
export interface TraceOutput {
  input(input: Input): void;
  ladder(row: LadderRow): void;
  /** The batch's columns are reused once this returns. */
  flush(batch: EventBatch): void;
  /** Closes the chunk in hand at `icount`, when nothing is buffered elsewhere. */
  endChunk(icount: number): void;
  /** Ends the trace in order. `final` is the state at the end. */
  finish(exit: TraceExit, final: LadderRow): void;
  /** Gives up: what was written stays as a torn trace. */
  abandon(): void;
}
