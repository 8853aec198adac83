import { ColumnError } from '../../schemas/column-codec.ts';
import { WRITE_SOURCE } from '../../schemas/events.ts';
import { EPOCH_SHIFT, type StoreIndexFile } from './index-file.ts';

/** A write to memory. Addresses are u32, sizes bytes. */
export interface Write {
  readonly icount: number;
  readonly physical: number;
  readonly size: number;
  /** Linear address of the store; 0 when it was not made by one. */
  readonly linear: number;
  readonly eip: number;
  readonly cr3: number;
  readonly depth: number;
  readonly source: (typeof WRITE_SOURCE)[number];
}

/** Who wrote the byte last: a write; `never` since the index begins; or, not known from the index, a write in a window. */
export type LastWriter =
  | { readonly kind: 'write'; readonly write: Write }
  | { readonly kind: 'never' }
  /** The byte was written from `from` on, also after the instant asked for: the index has only the last of these. */
  | { readonly kind: 'hidden'; readonly from: number };

/** Bytes next to each other with the same last writer. */
export interface Run {
  readonly physical: number;
  readonly bytes: number;
  readonly last: LastWriter;
}

/** Who wrote each byte of [physical, physical + bytes) last, before the instruction at `before`. */
export function lastWriters(index: StoreIndexFile, physical: number, bytes: number, before: number): Run[] {
  const runs: Run[] = [];
  for (let word = physical >>> 2; word * 4 < physical + bytes; word++) {
    const first = Math.max(physical, word * 4);
    const end = Math.min(physical + bytes, word * 4 + 4);
    const search = new WordSearch(index, word, before);
    for (let at = first; at < end; at++) addByte(runs, at, search.lastOf(at));
  }
  return runs;
}

/** Who made the newest of the last writes of those bytes; hidden when any of them is. */
export function newestWriter(runs: readonly Run[]): LastWriter {
  let newest: LastWriter = { kind: 'never' };
  for (const { last } of runs) {
    if (last.kind === 'hidden') return last;
    if (last.kind === 'write' && (newest.kind === 'never' || newest.write.icount < last.write.icount))
      newest = last;
  }
  return newest;
}

/** Adds the byte that follows the runs, to the last of them where one writer made both. */
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

/** The writes of one word, newest epoch first. */
class WordSearch {
  private readonly index: StoreIndexFile;
  private readonly epochs: Uint32Array;
  private readonly before: number;

  constructor(index: StoreIndexFile, word: number, before: number) {
    this.index = index;
    this.before = before;
    this.epochs = index.epochsOf(word);
  }

  lastOf(byte: number): LastWriter {
    for (let i = this.epochs.length - 1; i >= 0; i--) {
      if ((this.epochs[i] & (1 << (byte & 3))) === 0) continue;
      const epoch = this.epochs[i] >>> 4;
      const start = epoch * 2 ** EPOCH_SHIFT;
      if (start < this.before) return this.inEpoch(epoch, start, byte);
    }
    return { kind: 'never' };
  }

  /** The newest write of an epoch that wrote the byte. */
  private inEpoch(epoch: number, start: number, byte: number): LastWriter {
    const { physical, size, order, since, count } = this.index.keys(epoch);
    let newest = -1;
    for (let row = lowerBound(physical, count, byte - 3); row < count && physical[row] <= byte; row++) {
      if (physical[row] + size[row] <= byte) continue;
      if (start + since[row] >= this.before) return { kind: 'hidden', from: start };
      if (newest < 0 || order[row] > order[newest]) newest = row;
    }
    if (newest < 0) throw new ColumnError(`epoch ${epoch} of the store index lacks a write`);
    const details = this.index.details(epoch);
    return {
      kind: 'write',
      write: {
        icount: start + since[newest],
        physical: physical[newest],
        size: size[newest],
        linear: details.linear[newest],
        eip: details.eip[newest],
        cr3: details.cr3[newest],
        depth: details.depth[newest],
        source: WRITE_SOURCE[details.source[newest]],
      },
    };
  }
}

/** First of `count` sorted values that is not below `wanted`. */
function lowerBound(values: ArrayLike<number>, count: number, wanted: number): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (values[middle] < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}
