import { WRITE_SOURCE } from '../../schemas/events.ts';
import type { Icount, Physical } from '../../schemas/units.ts';
import type { DeviceWrite } from '../verify/device-writes.ts';
import { Epoch } from './epoch.ts';
import { FrameBlocks } from './frame-blocks.ts';
import type { StoreIndexWriter } from './index-file.ts';
import { CONTEXT, CR3, contextOf, EIP, EPOCH_SHIFT, PAGE, ROW_WORDS } from './row-words.ts';
import { forEachRun, type WriteColumns, type WriteTables } from './writes.ts';

/** Builds the index of stores from the writes of a replay. */

/** A place to send the writes of a run: the builder, or one on another thread (analysis/db/store-index-lane.ts). */
export interface IndexLane {
  /** Takes writes of devices, in order, each before the batch with the events from its icount on. */
  takeDeviceWrite(write: DeviceWrite): void;
  /** Takes batches of events in the order of the run; the columns may be reused after the call. */
  take(tables: WriteTables): void;
  /** Completes the index. `from`, `to`: the icounts between which every write was taken. */
  finish(from: number, to: number): void;
  /** Closes the file, which is of no use. */
  abandon(): void;
}

const EPOCH = 2 ** EPOCH_SHIFT;
const BY_DMA = WRITE_SOURCE.indexOf('dma');
const BY_POKE = WRITE_SOURCE.indexOf('poke');

/**
 * Builds an index of the last writer of each byte, frame by frame, from the events of a run with detail `stores` and the writes of
 * devices. The bits that hardware sets in page tables count as writes.
 */
export class StoreIndexBuilder implements IndexLane {
  private readonly writer: StoreIndexWriter;
  private readonly blocks: FrameBlocks;
  private readonly epoch = new Epoch();
  private readonly pokes: ReadonlySet<number>;
  private readonly byDevices: DeviceWrite[] = [];
  /** Number of the epoch. */
  private number = 0;

  /** `pokes`: icounts of the inputs of that kind. */
  constructor(writer: StoreIndexWriter, pokes: ReadonlySet<number> = new Set()) {
    this.writer = writer;
    this.blocks = new FrameBlocks(writer);
    this.pokes = pokes;
  }

  takeDeviceWrite(write: DeviceWrite): void {
    this.byDevices.push(write);
  }

  take(tables: WriteTables): void {
    forEachRun(tables, (columns, first, end, source) => this.addRun(columns, first, end, source));
  }

  private addRun(columns: WriteColumns, first: number, end: number, source: number): void {
    const { icount, physical, size, linear, eip, cr3, depth } = columns;
    for (let row = first; row < end; row++) {
      // Devices act on arrival at an icount, before its instruction.
      if (this.byDevices.length > 0) this.addDeviceWrites(icount[row]);
      const at = this.add(icount[row], physical[row], size[row]);
      const { words } = this.epoch;
      words[at + PAGE] = linear[row] - (physical[row] & 0xfff);
      words[at + EIP] = eip[row];
      words[at + CR3] = cr3[row];
      words[at + CONTEXT] = contextOf(depth[row], source);
    }
  }

  private addDeviceWrites(until: Icount): void {
    let taken = 0;
    for (const { icount, physical, size } of this.byDevices) {
      if (icount > until) break;
      const at = this.add(icount, physical, size);
      const { words } = this.epoch;
      words[at + PAGE] = -(physical & 0xfff);
      words[at + EIP] = 0;
      words[at + CR3] = 0;
      words[at + CONTEXT] = contextOf(0, this.pokes.has(icount) ? BY_POKE : BY_DMA);
      taken++;
    }
    this.byDevices.splice(0, taken);
  }

  /** Adds a row to the epoch of `icount`; callers fill the words from PAGE on, of the row at the index returned. */
  private add(icount: Icount, physical: Physical, size: number): number {
    let since = icount - this.number * EPOCH;
    if (since >= EPOCH) {
      this.turn(Math.floor(icount / EPOCH));
      since = icount - this.number * EPOCH;
    }
    return this.epoch.add(physical, size, since);
  }

  /** Distributes the epoch's rows to their frames and begins the next epoch. */
  private turn(number: number): void {
    const { epoch } = this;
    this.blocks.take(this.number, epoch.words, epoch.count * ROW_WORDS);
    epoch.clear();
    this.number = number;
  }

  finish(from: number, to: number): void {
    this.addDeviceWrites(to);
    this.turn(this.number + 1);
    this.blocks.finish();
    this.writer.finish(from, to);
  }

  abandon(): void {
    this.writer.abandon();
  }
}
