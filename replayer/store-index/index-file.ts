import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { bounded } from '../../schemas/bounded.ts';
import { pack, unpack } from '../../schemas/trace/compression.ts';
import type { Frame } from '../../schemas/units.ts';
import { EPOCH_SHIFT } from './row-words.ts';
import { type DecodedRows, decodeRows, encodeRows, type RowColumns } from './rows.ts';

/**
 * The file of a store index. Each written frame of memory has blocks of rows (rows.ts) in chronological order; each begins with the
 * previous last writers (frame-rows.ts), so one block answers any question about its frame.
 *
 *     blocks      compressed rows
 *     directory   f64: from, to, number of frames; for each frame the number of the first of its blocks, and the number of
 *                 all blocks; BLOCK_FIELDS for each block, by frame and then in time
 *     end         offset of the directory f64, magic f64
 */

/** Increase it when the format changes; caches of another version are rebuilt. */
export const STORE_INDEX_VERSION = 3;
const MAGIC = 0x52_3338_3649_58;
const DIRECTORY_FIELDS = 3;
/** Fields of a block: first epoch with new rows, offset, length, codec, raw bytes. */
const BLOCK_FIELDS = 5;
/** Maximum bytes of a block before compression: more than the rows of an epoch and the carried rows take. */
const MAX_BLOCK_BYTES = 2 ** 26;

/** Writes an index, block after block. */
export class StoreIndexWriter {
  private readonly fd: number;
  /** The fields of the blocks of each frame. */
  private readonly blocks: number[][];
  private offset = 0;

  /** `ramBytes`: size of the guest's memory. */
  constructor(file: string, ramBytes: number) {
    this.fd = openSync(file, 'w');
    this.blocks = Array.from({ length: ramBytes >>> 12 }, () => []);
  }

  /** Writes the next block of a frame; `from`: its first epoch. */
  add(frame: Frame, from: number, rows: RowColumns, count: number): void {
    const { codec, rawBytes, data } = pack(encodeRows(rows, count));
    this.blocks[frame].push(from, this.offset, data.length, codec, rawBytes);
    this.append(data);
  }

  /** `from`, `to`: the icounts between which the index knows every write. */
  finish(from: number, to: number): void {
    const firsts = [0];
    for (const own of this.blocks) firsts.push(firsts[firsts.length - 1] + own.length / BLOCK_FIELDS);
    const directoryAt = this.offset;
    const head = [from, to, this.blocks.length, ...firsts];
    const words = Float64Array.from(head.concat(this.blocks.flat(), directoryAt, MAGIC));
    this.append(new Uint8Array(words.buffer));
    closeSync(this.fd);
  }

  abandon(): void {
    closeSync(this.fd);
  }

  private append(bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length; )
      done += writeSync(this.fd, bytes, done, bytes.length - done, this.offset + done);
    this.offset += bytes.length;
  }
}

/** Reads parts of an index on demand. Throws Error if the file is not an index. */
export class StoreIndexFile {
  /** The index knows every write from this icount on … */
  readonly from: number;
  /** … up to this one. */
  readonly to: number;
  private readonly fd: number;
  private readonly firsts: Float64Array;
  private readonly blocks: Float64Array;
  /** Offset of the end of the blocks. */
  private readonly blocksEnd: number;
  private readonly decoded = new Map<number, DecodedRows>();

  constructor(file: string) {
    this.fd = openSync(file, 'r');
    try {
      const { size } = fstatSync(this.fd);
      const [directoryAt, magic] = this.doubles(size - 16, 2);
      if (magic !== MAGIC) throw new Error(`${file} is not a store index`);
      bounded('the offset of the directory', directoryAt, 0, size - 16);
      const directory = this.doubles(directoryAt, Math.floor((size - 16 - directoryAt) / 8));
      let frames: number;
      [this.from, this.to, frames] = directory;
      bounded('the number of frames', frames, 0, directory.length - DIRECTORY_FIELDS - 1);
      this.firsts = directory.subarray(DIRECTORY_FIELDS, DIRECTORY_FIELDS + frames + 1);
      this.blocks = directory.subarray(DIRECTORY_FIELDS + frames + 1);
      this.blocksEnd = directoryAt;
      this.checkFirsts();
    } catch (error) {
      closeSync(this.fd);
      throw error;
    }
  }

  close(): void {
    closeSync(this.fd);
  }

  /** Memory covered, bytes. */
  get ramBytes(): number {
    return (this.firsts.length - 1) * 4096;
  }

  /**
   * Rows with the last write of each byte of a frame before icount `before`, in the order of the run, possibly followed by later rows.
   * Undefined if the frame was not written before.
   */
  rowsBefore(frame: Frame, before: number): DecodedRows | undefined {
    let found = -1;
    for (let block = this.firsts[frame]; block < this.firsts[frame + 1]; block++) {
      if (this.blocks[block * BLOCK_FIELDS] * 2 ** EPOCH_SHIFT >= before) break;
      found = block;
    }
    return found < 0 ? undefined : this.rows(found);
  }

  private checkFirsts(): void {
    const count = Math.floor(this.blocks.length / BLOCK_FIELDS);
    let last = 0;
    for (const first of this.firsts) last = bounded('the first block of a frame', first, last, count);
  }

  private rows(block: number): DecodedRows {
    let rows = this.decoded.get(block);
    if (!rows) {
      const [, offset, length, codec, rawBytes] = this.blocks.subarray(block * BLOCK_FIELDS);
      bounded(
        'the length of a block',
        length,
        0,
        this.blocksEnd - bounded('an offset', offset, 0, this.blocksEnd),
      );
      rows = decodeRows(unpack({ codec, rawBytes, data: this.bytes(offset, length) }, MAX_BLOCK_BYTES));
      this.decoded.set(block, rows);
    }
    return rows;
  }

  private bytes(offset: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    if (readSync(this.fd, bytes, 0, length, offset) !== length)
      throw new Error('the store index is truncated');
    return bytes;
  }

  private doubles(offset: number, count: number): Float64Array {
    return new Float64Array(this.bytes(offset, count * 8).buffer);
  }
}
