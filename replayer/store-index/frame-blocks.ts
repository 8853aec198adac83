import type { Frame } from '../../schemas/units.ts';
import { FrameRows } from './frame-rows.ts';
import type { StoreIndexWriter } from './index-file.ts';
import { FIRST_WORD, META, ROW_WORDS, SUPERSEDED } from './row-words.ts';
import { allocateRows } from './rows.ts';

/** Makes the blocks of a store index from the rows of one epoch after the other. */

/** Maximum rows in memory, 24 bytes each; beyond that, the frames with the most rows get a block before it is full. */
const ROWS_HELD = 1 << 23;
const FIRST_COLUMNS = 1 << 14;

/** Distributes rows to their frames, and writes a block of a frame when it has enough of them. */
export class FrameBlocks {
  private readonly writer: StoreIndexWriter;
  /** By frame; absent for those that nothing was written to. */
  private readonly frames: (FrameRows | undefined)[] = [];
  /** The frames that something was written to, in that order. */
  private readonly written: Frame[] = [];
  /** Those with rows of the epoch that is being taken. */
  private readonly changed: Frame[] = [];
  /** The rows of a block that is being written. */
  private columns = allocateRows(FIRST_COLUMNS);
  /** Rows in `frames` that are not in a block yet. */
  private held = 0;

  constructor(writer: StoreIndexWriter) {
    this.writer = writer;
  }

  /**
   * Takes the writes of an epoch, `words` up to `end`, in the order of the run: rows (row-words.ts) with the physical address as first word,
   * of which those that are SUPERSEDED do not count.
   */
  take(epoch: number, words: Int32Array, end: number): void {
    const { frames, changed } = this;
    for (let at = 0; at < end; at += ROW_WORDS) {
      if (words[at + META] === SUPERSEDED) continue;
      const frame = words[at + FIRST_WORD] >>> 12;
      const own = frames[frame] ?? this.begin(frame);
      if (own.last !== epoch) changed.push(frame);
      own.add(epoch, words, at);
      this.held++;
    }
    for (const frame of changed) {
      const own = frames[frame]!;
      if (own.full) this.close(frame, own);
    }
    changed.length = 0;
    if (this.held > ROWS_HELD) this.relieve();
  }

  private begin(frame: Frame): FrameRows {
    this.written.push(frame);
    return (this.frames[frame] = new FrameRows());
  }

  private close(frame: Frame, rows: FrameRows): void {
    this.held -= rows.fresh;
    if (this.columns.eip.length < rows.count) this.columns = allocateRows(rows.count * 2);
    rows.copyTo(this.columns);
    this.writer.add(frame, rows.from, this.columns, rows.count);
    rows.turn();
  }

  private relieve(): void {
    const freshOf = (frame: Frame) => this.frames[frame]!.fresh;
    for (const frame of this.written.toSorted((a, b) => freshOf(b) - freshOf(a))) {
      if (this.held < ROWS_HELD / 2) return;
      this.close(frame, this.frames[frame]!);
    }
  }

  /** Writes what is not in a block yet. */
  finish(): void {
    for (const frame of this.written) {
      const rows = this.frames[frame]!;
      if (rows.fresh > 0) this.close(frame, rows);
    }
  }
}
