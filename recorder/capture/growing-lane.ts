import type { EventBatch } from '../../schemas/events.ts';
import type { EndState } from '../../schemas/trace/end-state.ts';
import type { TraceExit } from '../../schemas/trace/footer.ts';
import type { TraceHeader } from '../../schemas/trace/header.ts';
import type { LadderRow } from '../../schemas/trace/ladder.ts';
import type { WrittenBytes } from '../../schemas/trace/output.ts';
import type { StateChanges } from '../../schemas/trace/state-changes.ts';
import { layoutOf, slotBytes } from './batch-slot.ts';
import { changesBytes, fillChangesSlot, inSlot } from './changes-slot.ts';
import { SHORT_RUN } from './checkpoint-policy.ts';
import type { ChunkContents } from './chunk-encoder.ts';
import { type ChangesInSlot, InlineLane, type WriterLane, WriterThreadLane } from './writer-lane.ts';

/** The lane of a run whose length is not known: no thread while the run is short. */

/** Bytes of events, in the machine's buffers, with which a run is no longer short. */
const MOST_INLINE_BYTES = 16 << 20;

/**
 * Writes on the recording thread until the run has executed SHORT_RUN instructions, recorded MOST_INLINE_BYTES, or made a checkpoint, and
 * then on a writer thread. A short run is encoded in less time than a thread takes to start.
 */
export class GrowingLane implements WriterLane {
  private readonly short: InlineLane;
  private thread: WriterThreadLane | undefined;
  private bytes = 0;
  /** For the thread. */
  private start: ChangesInSlot | undefined;

  constructor(path: string, header: TraceHeader) {
    this.short = new InlineLane(path, header);
  }

  chunk(contents: ChunkContents, batch: EventBatch | undefined): void {
    (this.thread ?? (this.staysShort(contents, batch) ? this.short : this.grown)).chunk(contents, batch);
  }

  private staysShort({ range }: ChunkContents, batch: EventBatch | undefined): boolean {
    if (batch) this.bytes += slotBytes(layoutOf(batch));
    return this.bytes <= MOST_INLINE_BYTES && range.endIcount < SHORT_RUN;
  }

  mark(): WrittenBytes {
    return this.lane.mark();
  }

  beginCheckpoints(start: StateChanges): void {
    const slot = new SharedArrayBuffer(changesBytes(start));
    fillChangesSlot(slot, start);
    this.start = { start: inSlot(start), slot };
  }

  checkpoint(changes: StateChanges): void {
    this.grown.checkpoint(changes);
  }

  finish(exit: TraceExit, final: LadderRow, endState?: EndState): void {
    this.lane.finish(exit, final, endState);
  }

  abandon(): void {
    this.lane.abandon();
  }

  private get lane(): Omit<WriterLane, 'beginCheckpoints'> {
    return this.thread ?? this.short;
  }

  private get grown(): WriterThreadLane {
    if (!this.thread) {
      this.thread = new WriterThreadLane(this.short.begun);
      if (this.start) this.thread.beginCheckpoints(this.start);
      this.start = undefined;
    }
    return this.thread;
  }
}
