import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { BadInput } from '../../schemas/bad-input.ts';
import type { EventBatch } from '../../schemas/events.ts';
import type { EndState } from '../../schemas/trace/end-state.ts';
import type { TraceExit } from '../../schemas/trace/footer.ts';
import type { TraceHeader } from '../../schemas/trace/header.ts';
import type { LadderRow } from '../../schemas/trace/ladder.ts';
import type { WrittenBytes } from '../../schemas/trace/output.ts';
import type { StateChanges } from '../../schemas/trace/state-changes.ts';
import { fillSlot, layoutOf, slotBytes } from './batch-slot.ts';
import { changesBytes, fillChangesSlot, inSlot } from './changes-slot.ts';
import type { ChunkContents } from './chunk-encoder.ts';
import { TraceFile } from './trace-file.ts';
import { CONTROL, CONTROL_BYTES, markIn, type WriterMessage } from './writer-protocol.ts';

/** Lanes that write chunks to the file: on the recording thread or on a writer thread, with the same bytes. */
export interface WriterLane {
  /** Takes a batch, which may be reused after the call. */
  chunk(contents: ChunkContents, batch: EventBatch | undefined): void;
  /** As TraceOutput's. */
  mark(): WrittenBytes;
  beginCheckpoints(start: StateChanges): void;
  checkpoint(changes: StateChanges, held: boolean): void;
  writeHeld(): void;
  finish(exit: TraceExit, final: LadderRow, endState?: EndState): void;
  abandon(): void;
}

/** Encodes, compresses and writes at once. */
export class InlineLane implements WriterLane {
  private readonly file: TraceFile;
  private marked: WrittenBytes;

  constructor(path: string, header: TraceHeader) {
    this.file = new TraceFile(TraceFile.open(path, header));
    this.marked = this.file.written;
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

  checkpoint(changes: StateChanges, held: boolean): void {
    this.file.addCheckpoint(changes, held);
  }

  writeHeld(): void {
    this.file.writeHeld();
  }

  finish(exit: TraceExit, final: LadderRow, endState?: EndState): void {
    this.file.finish(exit, final, endState);
  }

  abandon(): void {
    this.file.abandon();
  }
}

/** Maximum batches in flight. More would only cost memory; if the writer is slower, the recording thread has to wait. */
const SLOTS = 8;

/**
 * Initial bytes of the buffer for changes, enough for most guests. The writer thread touches its pages in advance (writer-worker.ts),
 * because a page fault costs more than the copy.
 */
const FIRST_CHANGES = 8 << 20;

/** Milliseconds without progress after which the writer is considered dead. */
const PATIENCE_MS = 120_000;

const entry = new URL('./writer-worker.js', import.meta.url);

/** True for the compiled program, which threads need; when run from sources, the recording thread writes. */
export const threadsAvailable = (): boolean => entry.protocol === 'file:' && existsSync(fileURLToPath(entry));

/**
 * Passes batches to a writer thread. The recording loop is synchronous and does not return to the event loop, so answers come through a
 * shared control block: the number of processed messages, and the text of an error, which the next call throws.
 */
export class ThreadLane implements WriterLane {
  private readonly worker: Worker;
  private readonly control = new SharedArrayBuffer(CONTROL_BYTES);
  private readonly words = new Int32Array(this.control);
  private readonly slots: SharedArrayBuffer[] = [];
  private changes = new SharedArrayBuffer(0);
  private sent = 0;
  /** Number of messages sent up to the last changes. */
  private changesSentAt = 0;
  /** Number of messages sent up to the last mark. */
  private markedAt = 0;

  constructor(path: string, header: TraceHeader) {
    const trace = TraceFile.open(path, header);
    markIn(this.control, { header: trace.offset, chunks: 0, checkpoints: 0, events: 0 });
    this.worker = new Worker(entry, { trackUnmanagedFds: false });
    this.worker.unref();
    this.post({ do: 'open', control: this.control, trace });
  }

  chunk(contents: ChunkContents, batch: EventBatch | undefined): void {
    this.drainTo(SLOTS - 1);
    const layout = batch ? layoutOf(batch) : [];
    const slot = batch ? this.slot(slotBytes(layout)) : undefined;
    if (batch && slot) fillSlot(slot, layout, batch);
    this.post({ do: 'chunk', contents, slot, layout });
  }

  mark(): WrittenBytes {
    this.drainTo(this.sent - this.markedAt);
    const marked = markIn(this.control);
    this.post({ do: 'mark' });
    this.markedAt = this.sent;
    return marked;
  }

  beginCheckpoints(start: StateChanges): void {
    this.changes = new SharedArrayBuffer(FIRST_CHANGES);
    this.post({ do: 'begin-checkpoints', start: inSlot(start), slot: this.changesSlot(start) });
    this.changesSentAt = this.sent;
  }

  checkpoint(changes: StateChanges, held: boolean): void {
    this.drainTo(SLOTS - 1);
    this.post({ do: 'checkpoint', changes: inSlot(changes), slot: this.changesSlot(changes), held });
    this.changesSentAt = this.sent;
  }

  writeHeld(): void {
    this.post({ do: 'write-held' });
  }

  finish(exit: TraceExit, final: LadderRow, endState?: EndState): void {
    this.post({ do: 'finish', exit, final, endState });
    this.drainTo(0);
    this.end();
  }

  abandon(): void {
    this.post({ do: 'abandon' });
    this.drainTo(0);
    this.end();
  }

  /** The buffer for the next message: that of SLOTS messages ago, which has been processed. */
  private slot(bytes: number): SharedArrayBuffer {
    const index = this.sent % SLOTS;
    const slot = this.slots[index];
    if (slot && slot.byteLength >= bytes) return slot;
    return (this.slots[index] = sharedBuffer(bytes));
  }

  /** Fills the one buffer for changes, after waiting for the previous ones to be processed. */
  private changesSlot(changes: StateChanges): SharedArrayBuffer {
    this.drainTo(this.sent - this.changesSentAt);
    const bytes = changesBytes(changes);
    if (this.changes.byteLength < bytes) this.changes = sharedBuffer(bytes);
    fillChangesSlot(this.changes, changes);
    return this.changes;
  }

  private post(message: WriterMessage): void {
    this.worker.postMessage(message);
    this.sent++;
  }

  /** Waits until at most `inFlight` messages are unprocessed. */
  private drainTo(inFlight: number): void {
    const { words } = this;
    for (;;) {
      const done = Atomics.load(words, CONTROL.done);
      if (Atomics.load(words, CONTROL.failed) !== 0) throw this.failure();
      if (this.sent - done <= inFlight) return;
      if (Atomics.wait(words, CONTROL.done, done, PATIENCE_MS) === 'timed-out') {
        this.end();
        throw new BadInput(
          'the thread that writes the trace does not respond',
          'record again to another disk',
        );
      }
    }
  }

  private failure(): BadInput {
    this.end();
    const text = new Uint8Array(this.control, 4 * CONTROL.words, this.words[CONTROL.textBytes]).slice();
    const { message, next } = JSON.parse(new TextDecoder().decode(text)) as {
      message: string;
      next?: string;
    };
    return new BadInput(message, next);
  }

  private end(): void {
    void this.worker.terminate();
  }
}

/** Of at least so many bytes. */
const sharedBuffer = (bytes: number) => new SharedArrayBuffer(2 ** Math.ceil(Math.log2(bytes + 1)));
