import type { EventBatch } from '../../schemas/events.ts';
import { Epoch } from './epoch.ts';
import { FrameRows } from './frame-rows.ts';
import { EPOCH_SHIFT, type StoreIndexWriter } from './index-file.ts';
import { type Columns, forEachWrite } from './writes.ts';

const EPOCH = 2 ** EPOCH_SHIFT;
/** Rows to hold in memory at most, some 30 bytes each; then the frames with most of them get a block before it is full. */
const ROWS_HELD = 1 << 23;

/**
 * Takes the events of a run with detail `stores` and writes an index of who wrote each byte last, frame by frame. The bits
 * that hardware sets in page tables count as writes.
 */
export class StoreIndexBuilder {
  private readonly writer: StoreIndexWriter;
  private readonly epoch = new Epoch();
  private readonly frames = new Map<number, FrameRows>();
  private number = 0;
  /** Rows in `frames` that no block has. */
  private held = 0;

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
    const row = epoch.add(from.physical[at], size);
    const { columns } = epoch;
    columns.since[row] = icount - number * EPOCH;
    columns.linear[row] = from.linear[at];
    columns.eip[row] = from.eip[at];
    columns.cr3[row] = from.cr3[at];
    columns.depth[row] = from.depth[at];
    columns.source[row] = source;
  }

  /** Hands the epoch's rows to their frames, and goes on with another. */
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

  private close(frame: number, rows: FrameRows): void {
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

  /** `from`, `to`: the icounts between which every write was taken. */
  finish(from: number, to: number): void {
    this.turn(this.number + 1);
    for (const [frame, rows] of this.frames) if (rows.fresh > 0) this.close(frame, rows);
    this.writer.finish(from, to);
  }
}
