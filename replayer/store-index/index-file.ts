import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { pack, unpack } from '../../schemas/compression.ts';
import type { EpochContents } from './epoch.ts';
import { decodePostings, encodePostings, invert, type Postings, WORDS_IN_FRAME } from './postings.ts';
import { DETAIL_COLUMNS, type Details, decodeRows, KEY_COLUMNS, type Keys } from './rows.ts';

/**
 * The file of a store index: one block of rows an epoch; for each frame of memory the epochs in which each of its words was
 * written (postings.ts); then a directory that finds all of it.
 *
 *     epochs      compressed rows (rows.ts), two blocks for each epoch that wrote anything: keys and details
 *     frames      compressed postings, a block for each frame that was written
 *     directory   f64: from, to, number of epochs, then BLOCK_FIELDS for each block of each epoch, and of each frame
 *     end         offset of the directory f64, magic f64
 */

/** Instructions in an epoch: 2^EPOCH_SHIFT. */
export const EPOCH_SHIFT = 16;
const MAGIC = 0x52_3338_3649_58;
const DIRECTORY_FIELDS = 3;
const BLOCK_FIELDS = 4;
const BLOCKS_IN_EPOCH = 2;

interface Block {
  readonly offset: number;
  readonly length: number;
  readonly codec: number;
  readonly rawBytes: number;
}

const NO_BLOCK: Block = { offset: 0, length: 0, codec: 0, rawBytes: 0 };

/** Writes an index, epoch after epoch. */
export class StoreIndexWriter {
  private readonly fd: number;
  private readonly frames: number;
  private readonly epochs: Block[] = [];
  /** The words each epoch wrote. */
  private readonly words: Uint32Array[] = [];
  private offset = 0;

  /** `ramBytes`: size of the guest's memory. */
  constructor(file: string, ramBytes: number) {
    this.fd = openSync(file, 'w');
    this.frames = ramBytes >>> 12;
  }

  /** `epoch`: number of the epoch, greater than the last one's. */
  add(epoch: number, { keys, details, words }: EpochContents): void {
    while (this.words.length < epoch) {
      this.epochs.push(NO_BLOCK, NO_BLOCK);
      this.words.push(new Uint32Array());
    }
    this.epochs.push(this.block(keys), this.block(details));
    this.words.push(words);
  }

  /** `from`, `to`: the icounts between which the index knows every write. */
  finish(from: number, to: number): void {
    const frames = Array.from({ length: this.frames }, () => NO_BLOCK);
    for (const { frame, postings } of invert(this.words, this.frames))
      frames[frame] = this.block(encodePostings(postings));
    const blocks = [...this.epochs, ...frames].flatMap(({ offset, length, codec, rawBytes }) => [
      offset,
      length,
      codec,
      rawBytes,
    ]);
    const directoryAt = this.offset;
    const words = Float64Array.from([from, to, this.words.length].concat(blocks, directoryAt, MAGIC));
    this.append(new Uint8Array(words.buffer));
    closeSync(this.fd);
  }

  abandon(): void {
    closeSync(this.fd);
  }

  private block(bytes: Uint8Array): Block {
    const { offset } = this;
    const { codec, rawBytes, data } = pack(bytes);
    this.append(data);
    return { offset, length: data.length, codec, rawBytes };
  }

  private append(bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length; )
      done += writeSync(this.fd, bytes, done, bytes.length - done, this.offset + done);
    this.offset += bytes.length;
  }
}

function memo<Value>(known: Map<number, Value>, key: number, make: () => Value): Value {
  let value = known.get(key);
  if (value === undefined) {
    value = make();
    known.set(key, value);
  }
  return value;
}

/** Reads parts of an index as they are asked for. Throws Error when the file is not one. */
export class StoreIndexFile {
  /** The index knows every write from this icount on … */
  readonly from: number;
  /** … up to this one. */
  readonly to: number;
  private readonly fd: number;
  private readonly epochs: Float64Array;
  private readonly frames: Float64Array;
  private readonly postings = new Map<number, Postings>();
  private readonly decodedKeys = new Map<number, Keys>();
  private readonly decodedDetails = new Map<number, Details>();

  constructor(file: string) {
    this.fd = openSync(file, 'r');
    const { size } = fstatSync(this.fd);
    const [directoryAt, magic] = this.doubles(size - 16, 2);
    if (magic !== MAGIC) throw new Error(`${file} is not a store index`);
    const directory = this.doubles(directoryAt, (size - 16 - directoryAt) / 8);
    let epochs: number;
    [this.from, this.to, epochs] = directory;
    const framesAt = DIRECTORY_FIELDS + epochs * BLOCKS_IN_EPOCH * BLOCK_FIELDS;
    this.epochs = directory.subarray(DIRECTORY_FIELDS, framesAt);
    this.frames = directory.subarray(framesAt);
  }

  close(): void {
    closeSync(this.fd);
  }

  /** Memory covered, bytes. */
  get ramBytes(): number {
    return (this.frames.length / BLOCK_FIELDS) << 12;
  }

  /** The epochs in which a word (physical / 4) was written, ascending, as epoch * 16 + mask of its bytes. */
  epochsOf(word: number): Uint32Array {
    const frame = Math.floor(word / WORDS_IN_FRAME);
    const { starts, epochs } = memo(this.postings, frame, () =>
      decodePostings(this.block(this.frames, frame)),
    );
    return epochs.subarray(starts[word % WORDS_IN_FRAME], starts[(word % WORDS_IN_FRAME) + 1]);
  }

  keys(epoch: number): Keys {
    return memo(this.decodedKeys, epoch, () =>
      decodeRows(KEY_COLUMNS, this.block(this.epochs, epoch * BLOCKS_IN_EPOCH)),
    );
  }

  details(epoch: number): Details {
    return memo(this.decodedDetails, epoch, () =>
      decodeRows(DETAIL_COLUMNS, this.block(this.epochs, epoch * BLOCKS_IN_EPOCH + 1)),
    );
  }

  /** Empty where nothing was written. */
  private block(directory: Float64Array, n: number): Uint8Array {
    const [offset, length, codec, rawBytes] = directory.subarray(n * BLOCK_FIELDS);
    return length === 0 ? new Uint8Array() : unpack({ codec, rawBytes, data: this.bytes(offset, length) });
  }

  private bytes(offset: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    if (readSync(this.fd, bytes, 0, length, offset) !== length)
      throw new Error('the store index is cut short');
    return bytes;
  }

  private doubles(offset: number, count: number): Float64Array {
    return new Float64Array(this.bytes(offset, count * 8).buffer);
  }
}
