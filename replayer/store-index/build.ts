import { type EventBatch, WRITE_SOURCE } from '../../schemas/events.ts';
import type { Frame, Icount, Physical } from '../../schemas/units.ts';
import type { DeviceWrite } from '../verify/device-writes.ts';
import { Epoch } from './epoch.ts';
import { FrameRows } from './frame-rows.ts';
import { EPOCH_SHIFT, type StoreIndexWriter } from './index-file.ts';
import { forEachWrite } from './writes.ts';

/** Builds the index of stores from the writes of a replay. */

const EPOCH = 2 ** EPOCH_SHIFT;
/** Maximum rows in memory, about 30 bytes each; beyond that, the frames with the most rows get a block before it is full. */
const ROWS_HELD = 1 << 23;

const NOBODY = { linear: 0, eip: 0, cr3: 0, depth: 0 };
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
    forEachWrite(batch, (from, at, size, source) => {
      const icount = from.icount[at];
      // Devices act on arrival at an icount, before its instruction.
      if (this.byDevices.length > 0) this.addDeviceWrites(icount);
      const [linear, eip, cr3, depth] = [from.linear[at], from.eip[at], from.cr3[at], from.depth[at]];
      this.add(icount, from.physical[at], size, source, { linear, eip, cr3, depth });
    });
  }

  private addDeviceWrites(until: Icount): void {
    let taken = 0;
    for (const { icount, physical, size } of this.byDevices) {
      if (icount > until) break;
      this.add(icount, physical, size, this.pokes.has(icount) ? BY_POKE : BY_DMA, NOBODY);
      taken++;
    }
    this.byDevices.splice(0, taken);
  }

  private add(
    icount: Icount,
    physical: Physical,
    size: number,
    source: number,
    { linear, eip, cr3, depth }: typeof NOBODY,
  ): void {
    const number = Math.floor(icount / EPOCH);
    if (number !== this.number) this.turn(number);
    const { epoch } = this;
    const row = epoch.add(physical, size);
    const { columns } = epoch;
    columns.since[row] = icount - number * EPOCH;
    columns.linear[row] = linear;
    columns.eip[row] = eip;
    columns.cr3[row] = cr3;
    columns.depth[row] = depth;
    columns.source[row] = source;
  }

  /** Distributes the epoch's rows to their frames and begins the next epoch. */
  private turn(number: number): void {
    const { epoch, frames } = this;
    const changed = new Map<number, FrameRows>();
    const from = epoch.columns;
    for (let row = 0; row < epoch.count; row++) {
      if (from.size[row] === 0) continue;
      this.held++;
      const frame = from.physical[row] >>> 12;
      let own = frames.get(frame);
      if (!own) frames.set(frame, (own = new FrameRows()));
      changed.set(frame, own);
      const to = own.add();
      const { rows } = own;
      const offset = from.physical[row] & 0xfff;
      rows.epoch[to] = this.number;
      rows.since[to] = from.since[row];
      rows.offset[to] = offset;
      rows.size[to] = from.size[row];
      rows.page[to] = from.linear[row] - offset;
      rows.eip[to] = from.eip[row];
      rows.cr3[to] = from.cr3[row];
      rows.depth[to] = from.depth[row];
      rows.source[to] = from.source[row];
    }
    epoch.clear();
    this.number = number;
    for (const [frame, rows] of changed) if (rows.full) this.close(frame, rows);
    if (this.held > ROWS_HELD) this.relieve();
  }

  private close(frame: Frame, rows: FrameRows): void {
    this.held -= rows.fresh;
    this.writer.add(frame, rows.from, rows.rows, rows.count);
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
