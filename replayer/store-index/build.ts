import type { EventBatch } from '../../schemas/events.ts';
import { Epoch } from './epoch.ts';
import { EPOCH_SHIFT, type StoreIndexWriter } from './index-file.ts';
import { type Columns, forEachWrite } from './writes.ts';

const EPOCH = 2 ** EPOCH_SHIFT;

/**
 * Takes the events of a run with detail `stores` and writes an index of who wrote each word last, epoch by epoch. The bits
 * that hardware sets in page tables count as writes.
 */
export class StoreIndexBuilder {
  private readonly writer: StoreIndexWriter;
  private readonly epoch = new Epoch();
  private number = 0;
  private firstSeq = 0;

  constructor(writer: StoreIndexWriter) {
    this.writer = writer;
  }

  /** Batches in the order of the run. */
  take(batch: EventBatch): void {
    forEachWrite(batch, (columns, row, size, source) => this.add(columns, row, size, source));
  }

  private add(from: Columns, at: number, size: number, source: number): void {
    const icount = from.icount[at];
    const number = Math.floor(icount / EPOCH);
    if (number !== this.number) this.turn(number);
    const { epoch } = this;
    if (epoch.count === 0) this.firstSeq = from.seq[at];
    const row = epoch.rowOf(from.physical[at], size);
    const { columns } = epoch;
    columns.since[row] = icount - number * EPOCH;
    columns.order[row] = from.seq[at] - this.firstSeq;
    columns.linear[row] = from.linear[at];
    columns.eip[row] = from.eip[at];
    columns.cr3[row] = from.cr3[at];
    columns.depth[row] = from.depth[at];
    columns.source[row] = source;
  }

  /** Writes the epoch at hand and goes on with another. */
  private turn(number: number): void {
    if (this.epoch.count > 0) this.writer.add(this.number, this.epoch.close());
    this.number = number;
  }

  /** `from`, `to`: the icounts between which every write was taken. */
  finish(from: number, to: number): void {
    this.turn(this.number + 1);
    this.writer.finish(from, to);
  }
}
