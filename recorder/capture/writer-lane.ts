import { isBuilt } from '../../host/built.ts';
import { sharedBuffer, ThreadLane } from '../../host/thread-lane.ts';
import { BadInput } from '../../schemas/bad-input.ts';
import type { EventBatch } from '../../schemas/events.ts';
import type { EndState } from '../../schemas/trace/end-state.ts';
import type { TraceExit } from '../../schemas/trace/footer.ts';
import type { TraceHeader } from '../../schemas/trace/header.ts';
import type { LadderRow } from '../../schemas/trace/ladder.ts';
import type { WrittenBytes } from '../../schemas/trace/output.ts';
import type { StateChanges } from '../../schemas/trace/state-changes.ts';
import { fillSlot, layoutOf, slotBytes } from './batch-slot.ts';
import { changesBytes, fillChangesSlot, inSlot, type SlotChanges } from './changes-slot.ts';
import type { ChunkContents } from './chunk-encoder.ts';
import { type OpenTrace, TraceFile } from './trace-file.ts';
import { markIn, markMemory, type WriterMessage, type WriterThread } from './writer-protocol.ts';

/** Lanes that write chunks to the file: on the recording thread or on a writer thread, with the same bytes. */
export interface WriterLane {
  /** Takes a batch, which may be reused after the call. */
  chunk(contents: ChunkContents, batch: EventBatch | undefined): void;
  /** As TraceOutput's. */
  mark(): WrittenBytes;
  beginCheckpoints(start: StateChanges): void;
  checkpoint(changes: StateChanges): void;
  finish(exit: TraceExit, final: LadderRow, endState?: EndState): void;
  abandon(): void;
}

/** A trace that a lane goes on with, and its last mark. */
export interface BegunTrace {
  readonly trace: OpenTrace;
  readonly marked: WrittenBytes;
}

/** The initial state, copied. */
export interface ChangesInSlot {
  readonly start: SlotChanges;
  readonly slot: SharedArrayBuffer;
}

/** Encodes, compresses and writes at once. */
export class InlineLane implements WriterLane {
  private readonly file: TraceFile;
  private marked: WrittenBytes;

  constructor(path: string, header: TraceHeader) {
    this.file = new TraceFile(TraceFile.open(path, header));
    this.marked = this.file.written;
  }

  /** For a lane that goes on with the file in place of this, which has written no checkpoint. */
  get begun(): BegunTrace {
    return { trace: this.file.open, marked: this.marked };
  }

  chunk(contents: ChunkContents, batch: EventBatch | undefined): void {
    this.file.addChunk(contents, batch?.tables ?? {});
  }

  mark(): WrittenBytes {
    const { marked } = this;
    this.marked = this.file.written;
    return marked;
  }

  beginCheckpoints(start: StateChanges): void {
    this.file.beginCheckpoints(start);
  }

  checkpoint(changes: StateChanges): void {
    this.file.addCheckpoint(changes);
  }

  finish(exit: TraceExit, final: LadderRow, endState?: EndState): void {
    this.file.finish(exit, final, endState);
  }

  abandon(): void {
    this.file.abandon();
  }
}

const entry = new URL('./writer-worker.js', import.meta.url);

/** True for the compiled program, which threads need; when run from sources, the recording thread writes. */
export const threadsAvailable = (): boolean => isBuilt(entry);

/** Passes batches to a writer thread. */
export class WriterThreadLane implements Omit<WriterLane, 'beginCheckpoints'> {
  private readonly thread: ThreadLane<WriterMessage>;
  private readonly marked = markMemory();
  private changes = new SharedArrayBuffer(0);
  /** Number of messages sent up to the last changes. */
  private changesSentAt = 0;
  /** Number of messages sent up to the last mark. */
  private markedAt = 0;

  constructor({ trace, marked }: BegunTrace) {
    markIn(this.marked, marked);
    const data: WriterThread = { trace, mark: this.marked };
    const silent = new BadInput(
      'the thread that writes the trace does not respond',
      'record again to another disk',
    );
    this.thread = new ThreadLane(entry, data, silent);
  }

  chunk(contents: ChunkContents, batch: EventBatch | undefined): void {
    const layout = batch ? layoutOf(batch) : [];
    const slot = this.thread.slot(slotBytes(layout));
    if (batch) fillSlot(slot, layout, batch);
    this.thread.post({ do: 'chunk', contents, slot, layout });
  }

  mark(): WrittenBytes {
    this.thread.drainTo(this.thread.sent - this.markedAt);
    const marked = markIn(this.marked);
    this.thread.post({ do: 'mark' });
    this.markedAt = this.thread.sent;
    return marked;
  }

  /** `start` lies in `slot`, which is the thread's from now on. */
  beginCheckpoints({ start, slot }: ChangesInSlot): void {
    this.thread.post({ do: 'begin-checkpoints', start, slot });
  }

  checkpoint(changes: StateChanges): void {
    this.thread.post({ do: 'checkpoint', changes: inSlot(changes), slot: this.changesSlot(changes) });
    this.changesSentAt = this.thread.sent;
  }

  finish(exit: TraceExit, final: LadderRow, endState?: EndState): void {
    this.thread.finish({ do: 'finish', exit, final, endState });
  }

  abandon(): void {
    this.thread.abandon({ do: 'abandon' });
  }

  /** Fills the one buffer for changes, after waiting for the previous ones to be processed. */
  private changesSlot(changes: StateChanges): SharedArrayBuffer {
    this.thread.drainTo(this.thread.sent - this.changesSentAt);
    const bytes = changesBytes(changes);
    if (this.changes.byteLength < bytes) this.changes = sharedBuffer(bytes);
    fillChangesSlot(this.changes, changes);
    return this.changes;
  }
}
