import { type EventBatch, WRITE_SOURCE } from '../../schemas/events.ts';
import type { Frame, Icount, Physical } from '../../schemas/units.ts';
import type { DeviceWrite } from '../verify/device-writes.ts';
import { Epoch, SUPERSEDED } from './epoch.ts';
import { FrameRows } from './frame-rows.ts';
import type { StoreIndexWriter } from './index-file.ts';
import { CONTEXT, CR3, contextOf, EIP, EPOCH_SHIFT, FIRST_WORD, META, PAGE, ROW_WORDS } from './row-words.ts';
import { allocateRows } from './rows.ts';
import { forEachWrite } from './writes.ts';

/** Builds the index of stores from the writes of a replay. */

const EPOCH = 2 ** EPOCH_SHIFT;
/** Maximum rows in memory, 24 bytes each; beyond that, the frames with the most rows get a block before it is full. */
const ROWS_HELD = 1 << 23;
const FIRST_COLUMNS = 1 << 14;

const BY_DMA = WRITE_SOURCE.indexOf('dma');
const BY_POKE = WRITE_SOURCE.indexOf('poke');

/**
 * Builds an index of the last writer of each byte, frame by frame, from the events of a run with detail `stores` and the writes of
 * devices. The bits that hardware sets in page tables count as writes.
 */
export class StoreIndexBuilder {
  private readonly writer: StoreIndexWriter;
  private readonly epoch = new Epoch();
  private readonly frames = new Map<number, FrameRows>();
  private readonly pokes: ReadonlySet<number>;
  private readonly byDevices: DeviceWrite[] = [];
  /** The rows of a block that is being written. */
  private columns = allocateRows(FIRST_COLUMNS);
  /** Number of the epoch. */
  private number = 0;
  /** Rows in `frames` that are not in a block yet. */
  private held = 0;

  /** `pokes`: icounts of the inputs of that kind. */
  constructor(writer: StoreIndexWriter, pokes: ReadonlySet<number> = new Set()) {
    this.writer = writer;
    this.pokes = pokes;
  }

  /** Takes writes of devices, in order, each before the batch with the events from its icount on. */
  takeDeviceWrite(write: DeviceWrite): void {
    this.byDevices.push(write);
  }

  /** Takes batches of events in the order of the run. */
  take(batch: EventBatch): void {
    forEachWrite(batch, (from, row, size, source) => {
      const icount = from.icount[row];
      // Devices act on arrival at an icount, before its instruction.
      if (this.byDevices.length > 0) this.addDeviceWrites(icount);
      const at = this.add(icount, from.physical[row], size);
      const { words } = this.epoch;
      words[at + PAGE] = from.linear[row] - (from.physical[row] & 0xfff);
      words[at + EIP] = from.eip[row];
      words[at + CR3] = from.cr3[row];
      words[at + CONTEXT] = contextOf(from.depth[row], source);
    });
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
    const { epoch, frames } = this;
    const { words } = epoch;
    const changed = new Set<Frame>();
    for (let at = 0; at < epoch.count * ROW_WORDS; at += ROW_WORDS) {
      if (words[at + META] === SUPERSEDED) continue;
      this.held++;
      const frame = words[at + FIRST_WORD] >>> 12;
      let own = frames.get(frame);
      if (!own) frames.set(frame, (own = new FrameRows()));
      changed.add(frame);
      own.add(this.number, words, at);
    }
    epoch.clear();
    this.number = number;
    for (const frame of changed) {
      const rows = frames.get(frame)!;
      if (rows.full) this.close(frame, rows);
    }
    if (this.held > ROWS_HELD) this.relieve();
  }

  private close(frame: Frame, rows: FrameRows): void {
    this.held -= rows.fresh;
    if (this.columns.eip.length < rows.count) this.columns = allocateRows(rows.count * 2);
    rows.copyTo(this.columns);
    this.writer.add(frame, rows.from, this.columns, rows.count);
    rows.turn();
  }

  private relieve(): void {
    const bySize = [...this.frames].sort(([, a], [, b]) => b.fresh - a.fresh);
    for (const [frame, rows] of bySize) {
      if (this.held < ROWS_HELD / 2) return;
      this.close(frame, rows);
    }
  }

  /** Completes the index. `from`, `to`: the icounts between which every write was taken. */
  finish(from: number, to: number): void {
    this.addDeviceWrites(to);
    this.turn(this.number + 1);
    for (const [frame, rows] of this.frames) if (rows.fresh > 0) this.close(frame, rows);
    this.writer.finish(from, to);
  }
}
