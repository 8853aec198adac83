import { EVENT_KIND_NAMES, type EventBatch } from '../../schemas/events.ts';
import type { EndState } from '../../schemas/trace/end-state.ts';
import type { TraceExit } from '../../schemas/trace/footer.ts';
import type { TraceHeader } from '../../schemas/trace/header.ts';
import type { Input } from '../../schemas/trace/inputs.ts';
import type { LadderRow } from '../../schemas/trace/ladder.ts';
import type { TraceOutput, WrittenBytes } from '../../schemas/trace/output.ts';
import type { StateChanges } from '../../schemas/trace/state-changes.ts';
import { GrowingLane } from './growing-lane.ts';
import { InlineLane, threadsAvailable, type WriterLane } from './writer-lane.ts';

/** Collects a run into chunks and passes them to a lane. */
export class TraceWriter implements TraceOutput {
  private readonly lane: WriterLane;
  private inputs: Input[] = [];
  private rungs: LadderRow[] = [];
  private icount = 0;
  private seq = 0;

  constructor(path: string, header: TraceHeader, lane?: WriterLane) {
    this.lane = lane ?? (threadsAvailable() ? new GrowingLane(path, header) : new InlineLane(path, header));
  }

  input(input: Input): void {
    this.inputs.push(input);
  }

  ladder(row: LadderRow): void {
    this.rungs.push(row);
  }

  /** Makes a chunk of the batch and everything before it. */
  flush(batch: EventBatch): void {
    // The chunk ends at the latest of these, because a batch is flushed right after its last event.
    let end = Math.max(this.icount, this.inputs.at(-1)?.icount ?? 0, this.rungs.at(-1)?.icount ?? 0);
    for (const kind of EVENT_KIND_NAMES) {
      const { count, columns } = batch.tables[kind];
      if (count > 0) end = Math.max(end, columns[0][count - 1]);
    }
    this.chunk(end, batch.endSeq, batch);
  }

  endChunk(icount: number): void {
    if (this.inputs.length > 0 || this.rungs.length > 0) this.chunk(icount, this.seq, undefined);
  }

  mark(): WrittenBytes {
    return this.lane.mark();
  }

  beginCheckpoints(start: StateChanges): void {
    this.lane.beginCheckpoints(start);
  }

  checkpoint(changes: StateChanges): void {
    this.lane.checkpoint(changes);
  }

  finish(exit: TraceExit, final: LadderRow, endState?: EndState): void {
    this.endChunk(final.icount);
    this.lane.finish(exit, final, endState);
  }

  abandon(): void {
    this.lane.abandon();
  }

  private chunk(endIcount: number, endSeq: number, batch: EventBatch | undefined): void {
    const range = { firstIcount: this.icount, endIcount, firstSeq: this.seq, endSeq };
    this.lane.chunk({ range, inputs: this.inputs, ladder: this.rungs }, batch);
    this.inputs = [];
    this.rungs = [];
    this.icount = endIcount;
    this.seq = endSeq;
  }
}
