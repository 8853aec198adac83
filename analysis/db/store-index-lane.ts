import { closeSync, openSync } from 'node:fs';
import { isBuilt } from '../../host/built.ts';
import { ThreadLane } from '../../host/thread-lane.ts';
import { type IndexLane, StoreIndexBuilder } from '../../replayer/store-index/build.ts';
import { StoreIndexWriter } from '../../replayer/store-index/index-file.ts';
import { isWriteColumn, type WriteTables } from '../../replayer/store-index/writes.ts';
import type { DeviceWrite } from '../../replayer/verify/device-writes.ts';
import type { ColumnArray, EventTable } from '../../schemas/events.ts';
import type { IndexMessage, IndexThread } from './store-index-protocol.ts';

/** The thread that makes a store index, while this one executes the run. */

/** At least the bytes of the columns of a row that are sent, and of the gaps between columns. */
const ROW_BYTES = 32;
const GAP_BYTES = 1024;
const entry = new URL('./store-index-worker.js', import.meta.url);

/**
 * A lane that writes an index of a guest with `ramBytes` of memory to `file`. `pokes`: icounts of the inputs of that kind. Run from sources
 * there is no other thread.
 */
export const openIndexLane = (file: string, ramBytes: number, pokes: ReadonlySet<number>): IndexLane =>
  isBuilt(entry)
    ? new IndexThreadLane(file, ramBytes, pokes)
    : new StoreIndexBuilder(new StoreIndexWriter(file, ramBytes), pokes);

/** Passes writes to another thread. */
class IndexThreadLane implements IndexLane {
  private readonly thread: ThreadLane<IndexMessage>;
  private byDevices: DeviceWrite[] = [];

  constructor(file: string, ramBytes: number, pokes: ReadonlySet<number>) {
    // A file that cannot be made is an error here, as it is without a thread.
    closeSync(openSync(file, 'w'));
    const data: IndexThread = { file, ramBytes, pokes };
    this.thread = new ThreadLane(
      entry,
      data,
      new Error('the thread that makes the index of stores does not respond'),
    );
  }

  takeDeviceWrite(write: DeviceWrite): void {
    this.byDevices.push(write);
  }

  take(tables: WriteTables): void {
    const rows = tables.stores.count + tables.paging_writes.count;
    const slot = this.thread.slot(rows * ROW_BYTES + GAP_BYTES);
    this.thread.post({ do: 'take', byDevices: this.byDevices, tables: copyOf(tables, slot) });
    this.byDevices = [];
  }

  finish(from: number, to: number): void {
    this.thread.finish({ do: 'finish', byDevices: this.byDevices, from, to });
  }

  abandon(): void {
    this.thread.abandon({ do: 'abandon' });
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
