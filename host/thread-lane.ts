import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads';
import { BadInput } from '../schemas/bad-input.ts';

/** Passes messages to another thread, from one that does not return to its event loop while it executes a run. */

/** Words of shared memory: the number of messages processed, and how the thread is. */
export const CONTROL = { done: 0, health: 1, words: 2 } as const;
/** `FAILED`: a message has failed, and the later ones do nothing. `OVER`: the thread ends, and processes no more. */
export const [WELL, FAILED, OVER] = [0, 1, 2];

/** Of a thread at its start (lane-thread.ts). */
export interface LaneThread<Data> {
  readonly control: Int32Array;
  /** Takes a ThreadError before `health` is set. */
  readonly errors: MessagePort;
  readonly data: Data;
}

/** An error on its way from one thread to another: of BadInput, and what the system's errors have (file-error.ts). */
export interface ThreadError {
  readonly isBadInput: boolean;
  readonly message: string;
  readonly next: string | undefined;
  readonly code: string | undefined;
  readonly syscall: string | undefined;
}

/** Maximum messages in flight. More would only cost memory; if the thread is slower, this one has to wait. */
const SLOTS = 8;
/** Milliseconds without progress after which, the second time, the thread is considered dead: the first may be a process that was stopped. */
const PATIENCE_MS = 60_000;

/** Answers come through shared memory and a port: an error of the thread is thrown by the next call here. */
export class ThreadLane<Message> {
  /** Number of messages posted. */
  sent = 0;
  private readonly control = new Int32Array(new SharedArrayBuffer(4 * CONTROL.words));
  private readonly errors = new MessageChannel();
  private readonly worker: Worker;
  /** Buffers, and by which message each is or was used. */
  private readonly slots: { buffer: SharedArrayBuffer; message: number }[] = [];
  private readonly silent: Error;
  /** Of a message, or of the thread's end. */
  private failed: Error | undefined;
  /** Of a thread that ended by itself, or does not answer. */
  private death: Error | undefined;

  /** `entry`: a module that calls serveLane, which is given `data`. `silent` is thrown when it does not answer. */
  constructor(entry: URL, data: unknown, silent: Error) {
    this.silent = silent;
    const { port1, port2 } = this.errors;
    port1.unref();
    const workerData: LaneThread<unknown> = { control: this.control, errors: port2, data };
    // A file may be opened on one thread and closed on the other.
    this.worker = new Worker(entry, { workerData, transferList: [port2], trackUnmanagedFds: false });
    this.worker.on('error', (error: Error) => {
      this.death = error;
    });
    this.worker.unref();
  }

  /** A buffer for the next message, of at least so many bytes: one whose message has been processed, and whose pages are in memory. */
  slot(bytes: number): SharedArrayBuffer {
    this.drainTo(SLOTS - 1);
    const done = this.done();
    let slot = this.slots.find(({ message }) => message < done);
    if (!slot) this.slots.push((slot = { buffer: sharedBuffer(bytes), message: 0 }));
    if (slot.buffer.byteLength < bytes) slot.buffer = sharedBuffer(bytes);
    slot.message = this.sent;
    return slot.buffer;
  }

  post(message: Message): void {
    this.worker.postMessage(message);
    this.sent++;
  }

  /** Waits until at most `inFlight` messages are unprocessed. */
  drainTo(inFlight: number): void {
    for (;;) {
      const done = this.done();
      if (this.health() !== WELL) throw (this.failed ??= this.failure());
      if (this.sent - done <= inFlight) return;
      if (this.death) throw this.death;
      this.waitBeyond(done);
    }
  }

  private readonly done = (): number => Atomics.load(this.control, CONTROL.done);
  private readonly health = (): number => Atomics.load(this.control, CONTROL.health);

  /** Waits until the thread has processed more messages, or ends. */
  private waitBeyond(done: number): void {
    for (let silent = 0; silent < 2; silent++)
      if (Atomics.wait(this.control, CONTROL.done, done, PATIENCE_MS) !== 'timed-out') return;
    this.death = this.silent;
  }

  /** Ends the thread once it has processed this message. */
  finish(message: Message): void {
    this.post(message);
    this.drainTo(0);
    this.end();
  }

  /** Ends the thread, to which a failure has been reported or for which it is too late, once it has processed this message. */
  abandon(message: Message): void {
    this.post(message);
    // A failure was thrown before, or nobody expects anything any more.
    for (
      let done = this.done();
      done < this.sent && this.health() !== OVER && !this.death;
      done = this.done()
    )
      this.waitBeyond(done);
    this.end();
  }

  private end(): void {
    this.errors.port1.close();
    void this.worker.terminate();
  }

  private failure(): Error {
    const found: { message: ThreadError } | undefined = receiveMessageOnPort(this.errors.port1);
    if (!found) return this.death ?? this.silent;
    const { isBadInput, message, next, ...facts } = found.message;
    return isBadInput ? new BadInput(message, next) : Object.assign(new Error(message), facts);
  }
}

/** Of at least so many bytes. */
export const sharedBuffer = (bytes: number) => new SharedArrayBuffer(2 ** Math.ceil(Math.log2(bytes + 1)));
