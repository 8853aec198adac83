import { WRITE_SOURCE } from '../../schemas/events.ts';
import type { Frame, Icount, Linear, Physical } from '../../schemas/units.ts';
import { FRAME_BYTES } from './frame-rows.ts';
import type { StoreIndexFile } from './index-file.ts';
import { EPOCH_SHIFT } from './row-words.ts';
import type { DecodedRows } from './rows.ts';

/** Looks up last writers in the index of stores. */

const EPOCH = 2 ** EPOCH_SHIFT;
const NEVER = { kind: 'never' } as const;

/** A write to memory. Addresses are u32, sizes bytes. */
export interface Write {
  readonly icount: Icount;
  readonly physical: Physical;
  readonly size: number;
  /** Linear address of the store; 0 for other writes. */
  readonly linear: Linear;
  readonly eip: number;
  readonly cr3: number;
  readonly depth: number;
  readonly source: (typeof WRITE_SOURCE)[number];
}

/**
 * The last writer of a byte: a write, `never` (since the begin of the index), or a write within a window that the index does not resolve.
 */
export type LastWriter =
  | { readonly kind: 'write'; readonly write: Write }
  | { readonly kind: 'never' }
  /** The byte was written at `from` or later, possibly after the requested instant: the index has only the last of these writes. */
  | { readonly kind: 'hidden'; readonly from: number };

/** Adjacent bytes with the same last writer. */
export interface Run {
  readonly physical: Physical;
  readonly bytes: number;
  readonly last: LastWriter;
}

/** The last writer of each byte of [physical, physical + bytes) last, before the instruction at `before`. */
export function lastWriters(index: StoreIndexFile, physical: Physical, bytes: number, before: number): Run[] {
  const runs: Run[] = [];
  const end = physical + bytes;
  for (let frame = Math.floor(physical / FRAME_BYTES); frame * FRAME_BYTES < end; frame++) {
    const base = frame * FRAME_BYTES;
    const search = new FrameSearch(index, frame, before);
    const first = Math.max(physical, base);
    for (let at = first; at < Math.min(end, base + FRAME_BYTES); at++)
      addByte(runs, at, search.lastOf(at - base));
  }
  return runs;
}

/** The newest of the last writers of these bytes; hidden if any of them is. */
export function newestWriter(runs: readonly Run[]): LastWriter {
  let newest: LastWriter = { kind: 'never' };
  for (const { last } of runs) {
    if (last.kind === 'hidden') return last;
    if (last.kind === 'write' && (newest.kind === 'never' || newest.write.icount < last.write.icount))
      newest = last;
  }
  return newest;
}

/** Adds the next byte, to the last run if both have the same writer. */
export function addByte(runs: Run[], at: number, last: LastWriter): void {
  const previous = runs[runs.length - 1];
  if (previous && sameWriter(previous.last, last)) {
    runs[runs.length - 1] = { ...previous, bytes: previous.bytes + 1 };
  } else runs.push({ physical: at, bytes: 1, last });
}

function sameWriter(a: LastWriter, b: LastWriter): boolean {
  if (a.kind === 'write' && b.kind === 'write')
    return a.write.icount === b.write.icount && a.write.physical === b.write.physical;
  if (a.kind === 'hidden' && b.kind === 'hidden') return a.from === b.from;
  return a.kind === b.kind;
}

const UNWRITTEN = -1;
const HIDDEN = -2;

/** The last row of each byte of a frame before an instant. */
class FrameSearch {
  private readonly base: number;
  private readonly rows: DecodedRows | undefined;
  private readonly last = new Int32Array(FRAME_BYTES).fill(UNWRITTEN);
  /** Cache of the write of each row, shared by the bytes of the row. */
  private readonly writers = new Map<number, LastWriter>();
  private readonly hidden: LastWriter;

  constructor(index: StoreIndexFile, frame: Frame, before: number) {
    this.base = frame * FRAME_BYTES;
    this.rows = index.rowsBefore(frame, before);
    // Only writes in the epoch of the instant can hide others.
    const epoch = Math.floor(Math.max(0, before - 1) / EPOCH);
    this.hidden = { kind: 'hidden', from: epoch * EPOCH };
    if (!this.rows) return;
    const { epoch: epochs, since, offset, size, count } = this.rows;
    for (let row = 0; row < count && epochs[row] <= epoch; row++) {
      const later = epochs[row] === epoch && epoch * EPOCH + since[row] >= before;
      this.last.fill(later ? HIDDEN : row, offset[row], offset[row] + size[row]);
    }
  }

  lastOf(offset: number): LastWriter {
    const row = this.last[offset];
    if (row === UNWRITTEN) return NEVER;
    if (row === HIDDEN) return this.hidden;
    let writer = this.writers.get(row);
    if (!writer) this.writers.set(row, (writer = { kind: 'write', write: this.write(row) }));
    return writer;
  }

  private write(row: number): Write {
    const { epoch, since, offset, size, page, eip, cr3, depth, source } = this.rows as DecodedRows;
    return {
      icount: epoch[row] * EPOCH + since[row],
      physical: this.base + offset[row],
      size: size[row],
      linear: (page[row] + offset[row]) >>> 0,
      eip: eip[row],
      cr3: cr3[row],
      depth: depth[row],
      source: WRITE_SOURCE[source[row]],
    };
  }
}
