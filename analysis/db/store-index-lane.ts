import { closeSync, existsSync, openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads';
import { type IndexLane, StoreIndexBuilder } from '../../replayer/store-index/build.ts';
import { StoreIndexWriter } from '../../replayer/store-index/index-file.ts';
import { isWriteColumn, type WriteTables } from '../../replayer/store-index/writes.ts';
import type { DeviceWrite } from '../../replayer/verify/device-writes.ts';
import type { ColumnArray, EventTable } from '../../schemas/events.ts';
import { CONTROL, type IndexMessage, type IndexThread, type ThreadError } from './store-index-protocol.ts';

/** The thread that makes a store index, while this one executes the run. */

/** Maximum messages in flight; if the thread is slower, this one has to wait. */
const SLOTS = 8;
/** At least the bytes of the columns of a row that are sent, and of the gaps between columns. */
const ROW_BYTES = 32;
const GAP_BYTES = 1024;
/** Milliseconds without progress after which, the second time, the thread is considered dead: the first may be a process that was stopped. */
const PATIENCE_MS = 60_000;

const entry = new URL('./store-index-worker.js', import.meta.url);

/**
 * A lane that writes an index of a guest with `ramBytes` of memory to `file`. `pokes`: icounts of the inputs of that kind. Run from sources
 * there is no other thread.
 */
export const openIndexLane = (file: string, ramBytes: number, pokes: ReadonlySet<number>): IndexLane =>
  entry.protocol === 'file:' && existsSync(fileURLToPath(entry))
    ? new ThreadLane(file, ramBytes, pokes)
    : new StoreIndexBuilder(new StoreIndexWriter(file, ramBytes), pokes);

/**
 * Passes writes to another thread. Replay does not return to the event loop for each batch, so answers come through shared memory (the
 * number of processed messages) and a port (an error, which the next call throws).
 */
class ThreadLane implements IndexLane {
  private readonly control = new Int32Array(new SharedArrayBuffer(4 * CONTROL.words));
  private readonly errors = new MessageChannel();
  private readonly worker: Worker;
  private readonly slots: SharedArrayBuffer[] = [];
  private byDevices: DeviceWrite[] = [];
  private sent = 0;
  /** Of a thread that ended by itself, or does not answer. */
  private death: Error | undefined;

  constructor(file: string, ramBytes: number, pokes: ReadonlySet<number>) {
    // A file that cannot be made is an error here, as it is without a thread.
    closeSync(openSync(file, 'w'));
    const { port1, port2 } = this.errors;
    port1.unref();
    const workerData: IndexThread = { file, ramBytes, pokes, control: this.control, errors: port2 };
    this.worker = new Worker(entry, { workerData, transferList: [port2] });
    this.worker.on('error', (error: Error) => {
      this.death = error;
    });
  }

  takeDeviceWrite(write: DeviceWrite): void {
    this.byDevices.push(write);
  }

  take(tables: WriteTables): void {
    this.drainTo(SLOTS - 1);
    this.post({ do: 'take', byDevices: this.byDevices, tables: copyOf(tables, this.slot(tables)) });
    this.byDevices = [];
  }

  finish(from: number, to: number): void {
    this.post({ do: 'finish', byDevices: this.byDevices, from, to });
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

  /** The buffer for the next message: that of SLOTS messages ago, which has been processed. */
  private slot({ stores, paging_writes: paging }: WriteTables): SharedArrayBuffer {
    const index = this.sent % SLOTS;
    const bytes = (stores.count + paging.count) * ROW_BYTES + GAP_BYTES;
    if ((this.slots[index]?.byteLength ?? 0) < bytes) this.slots[index] = new SharedArrayBuffer(bytes);
    return this.slots[index];
  }

  private post(message: IndexMessage): void {
    this.worker.postMessage(message);
    this.sent++;
  }

  /** Waits until at most `inFlight` messages are unprocessed. */
  private drainTo(inFlight: number): void {
    const { control } = this;
    for (let silent = 0; ; ) {
      const done = Atomics.load(control, CONTROL.done);
      if (Atomics.load(control, CONTROL.failed) !== 0) throw this.failure();
      if (this.sent - done <= inFlight) return;
      if (this.death) throw this.death;
      silent = Atomics.wait(control, CONTROL.done, done, PATIENCE_MS) === 'timed-out' ? silent + 1 : 0;
      if (silent > 1) this.death = new Error('the thread that makes the index of stores does not respond');
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

const NONE = new Uint8Array(0);

/** The columns that an index is made of, copied to `slot`; the others are empty. */
function copyOf(tables: WriteTables, slot: SharedArrayBuffer): WriteTables {
  let at = 0;
  const copied = (kind: keyof WriteTables): EventTable => {
    const { count, columns } = tables[kind];
    return {
      kind,
      count,
      columns: columns.map((column, n) => {
        if (!isWriteColumn(kind, n)) return NONE;
        const to = new (column.constructor as ColumnView)(slot, at, count);
        to.set(column.subarray(0, count));
        at = (at + to.byteLength + 7) & -8;
        return to;
      }),
    };
  };
  return { stores: copied('stores'), paging_writes: copied('paging_writes') };
}

type ColumnView = new (buffer: SharedArrayBuffer, at: number, rows: number) => ColumnArray;
