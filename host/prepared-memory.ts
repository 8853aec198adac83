import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads';
import { isBuilt } from './built.ts';

/**
 * Zeroed memory whose pages a thread has brought in: the first touch of a page is a fault, which takes up to 20 µs in a virtual machine,
 * more than what is then written to it.
 */

/** Pieces that a process takes before a thread is worth its start. */
const WITHOUT_THREAD = 4;
/** Pieces that the thread has ready. */
const AHEAD = 4;

const entry = new URL('./prepared-memory-worker.js', import.meta.url);

/** The thread, which makes a piece of so many bytes for each message. */
export class Preparer {
  readonly bytes: number;
  private readonly worker: Worker;
  private readonly pieces: MessagePort;

  constructor(bytes: number) {
    this.bytes = bytes;
    const { port1, port2 } = new MessageChannel();
    this.pieces = port1;
    port1.unref();
    this.worker = new Worker(entry, { workerData: port2, transferList: [port2] });
    // Without it, whoever needs memory makes it.
    this.worker.on('error', () => {});
    this.worker.unref();
    for (let n = 0; n < AHEAD; n++) this.order();
  }

  /** A piece, if one is ready. */
  take(): ArrayBuffer | undefined {
    const piece: { message: ArrayBuffer } | undefined = receiveMessageOnPort(this.pieces);
    if (piece) this.order();
    return piece?.message;
  }

  private order(): void {
    this.worker.postMessage(this.bytes);
  }
}

let taken = 0;
let preparer: Preparer | undefined;

/** Memory of so many bytes, the same number each time. */
export function preparedMemory(bytes: number): ArrayBuffer {
  if (++taken > WITHOUT_THREAD && !preparer && isBuilt(entry)) preparer = new Preparer(bytes);
  const piece = preparer?.bytes === bytes ? preparer.take() : undefined;
  return piece ?? new ArrayBuffer(bytes);
}
