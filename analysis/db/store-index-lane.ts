import { closeSync, existsSync, openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads';
import { FrameBlocks, type IndexLane } from '../../replayer/store-index/frame-blocks.ts';
import { StoreIndexWriter } from '../../replayer/store-index/index-file.ts';
import { CONTROL, type IndexMessage, type IndexThread, type ThreadError } from './store-index-protocol.ts';

/** The thread that makes the blocks of a store index, while this one executes the run. */

/** Maximum epochs in flight, some 50 KB each; if the thread is slower, this one has to wait. */
const EPOCHS = 64;
/** Milliseconds without progress after which the thread is considered dead. */
const PATIENCE_MS = 120_000;

const entry = new URL('./store-index-worker.js', import.meta.url);

/** A lane that writes an index of a guest with `ramBytes` of memory to `file`. Run from sources there is no other thread. */
export const openIndexLane = (file: string, ramBytes: number): IndexLane =>
  entry.protocol === 'file:' && existsSync(fileURLToPath(entry))
    ? new ThreadLane(file, ramBytes)
    : new FrameBlocks(new StoreIndexWriter(file, ramBytes));

/**
 * Passes epochs to another thread. Replay does not return to the event loop for each, so answers come through shared memory (the number
 * of processed messages) and a port (an error, which the next call throws).
 */
class ThreadLane implements IndexLane {
  private readonly control = new Int32Array(new SharedArrayBuffer(4 * CONTROL.words));
  private readonly errors = new MessageChannel();
  private readonly worker: Worker;
  private sent = 0;

  constructor(file: string, ramBytes: number) {
    // A file that cannot be made is an error here, as it is without a thread.
    closeSync(openSync(file, 'w'));
    const { port1, port2 } = this.errors;
    port1.unref();
    const workerData: IndexThread = { file, ramBytes, control: this.control, errors: port2 };
    this.worker = new Worker(entry, { workerData, transferList: [port2] });
  }

  take(epoch: number, rows: Int32Array<ArrayBuffer>): void {
    this.drainTo(EPOCHS - 1);
    this.post({ do: 'take', epoch, rows }, [rows.buffer]);
  }

  finish(from: number, to: number): void {
    this.post({ do: 'finish', from, to });
    this.drainTo(0);
    this.end();
  }

  abandon(): void {
    this.post({ do: 'abandon' });
    try {
      this.drainTo(0);
    } catch {
      // Nothing is expected of the file any more.
    }
    this.end();
  }

  private post(message: IndexMessage, transferred: ArrayBuffer[] = []): void {
    this.worker.postMessage(message, transferred);
    this.sent++;
  }

  /** Waits until at most `inFlight` messages are unprocessed. */
  private drainTo(inFlight: number): void {
    const { control } = this;
    for (;;) {
      const done = Atomics.load(control, CONTROL.done);
      if (Atomics.load(control, CONTROL.failed) !== 0) throw this.failure();
      if (this.sent - done <= inFlight) return;
      if (Atomics.wait(control, CONTROL.done, done, PATIENCE_MS) === 'timed-out')
        throw new Error('the thread that makes the index of stores does not respond');
    }
  }

  private failure(): Error {
    const found: { message: ThreadError } | undefined = receiveMessageOnPort(this.errors.port1);
    const { message = 'the index of stores has failed before', ...facts } = found?.message ?? {};
    return Object.assign(new Error(message), facts);
  }

  private end(): void {
    this.errors.port1.close();
    void this.worker.terminate();
  }
}
