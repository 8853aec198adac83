import type { Frame } from '../../schemas/units.ts';
import { FrameRows } from './frame-rows.ts';
import type { StoreIndexWriter } from './index-file.ts';
import { FIRST_WORD, ROW_WORDS } from './row-words.ts';
import { allocateRows } from './rows.ts';

/** Makes the blocks of a store index from the rows of one epoch after the other. */

/** Maximum rows in memory, 24 bytes each; beyond that, the frames with the most rows get a block before it is full. */
const ROWS_HELD = 1 << 23;
const FIRST_COLUMNS = 1 << 14;

/** Distributes rows to their frames, and writes a block of a frame when it has enough of them. */
export class FrameBlocks {
  private readonly writer: StoreIndexWriter;
  private readonly frames = new Map<number, FrameRows>();
  /** The rows of a block that is being written. */
  private columns = allocateRows(FIRST_COLUMNS);
  /** Rows in `frames` that are not in a block yet. */
  private held = 0;

  constructor(writer: StoreIndexWriter) {
    this.writer = writer;
  }

  /** Takes the rows (row-words.ts) of an epoch, in the order of the run, with the physical address as first word. */
  take(epoch: number, rows: Int32Array): void {
    const { frames } = this;
    const changed = new Set<Frame>();
    for (let at = 0; at < rows.length; at += ROW_WORDS) {
      const frame = rows[at + FIRST_WORD] >>> 12;
      let own = frames.get(frame);
      if (!own) frames.set(frame, (own = new FrameRows()));
      changed.add(frame);
      own.add(epoch, rows, at);
    }
    this.held += rows.length / ROW_WORDS;
    for (const frame of changed) {
      const own = frames.get(frame)!;
      if (own.full) this.close(frame, own);
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

  /** Writes what is not in a block yet. */
  finish(): void {
    for (const [frame, rows] of this.frames) if (rows.fresh > 0) this.close(frame, rows);
  }
}
