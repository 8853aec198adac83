import { BadInput } from '../../schemas/bad-input.ts';
import { OutOfBounds } from '../../schemas/bounded.ts';
import type { ByteSource } from '../../schemas/host.ts';
import {
  FRAME_HEADER_BYTES,
  frameIntact,
  readFrameHeader,
  readTrailer,
  TRAILER_BYTES,
  TraceDamage,
} from '../../schemas/trace/framing.ts';
import type { Icount } from '../../schemas/units.ts';

/** Reads the frames of a trace file, and decodes parts of it with errors that name the part. */

export interface Frame {
  readonly type: number;
  readonly payload: Uint8Array;
  readonly intact: boolean;
  readonly end: number;
}

/** The frames of a trace, by offset. */
export class TraceFrames {
  readonly bytes: number;
  private readonly source: ByteSource;

  constructor(source: ByteSource) {
    this.source = source;
    this.bytes = source.bytes;
  }

  /** Reads bytes; fewer than requested at the end of the file. */
  read(offset: number, length: number): Uint8Array {
    const bytes = new Uint8Array(Math.max(0, Math.min(length, this.bytes - offset)));
    return bytes.subarray(0, this.source.read(bytes, offset));
  }

  /** The frame at an offset; undefined if the file ends inside it. */
  at(offset: number): Frame | undefined {
    const head = this.read(offset, FRAME_HEADER_BYTES);
    if (head.length < FRAME_HEADER_BYTES) return undefined;
    const { length, type } = readFrameHeader(head);
    const start = offset + FRAME_HEADER_BYTES;
    if (start + length > this.bytes) return undefined;
    const payload = this.read(start, length);
    return { type, payload, intact: frameIntact(head, payload), end: start + length };
  }

  /** Offset of the footer from the trailer; -1 without a trailer. */
  trailer(): number {
    return readTrailer(this.read(Math.max(0, this.bytes - TRAILER_BYTES), TRAILER_BYTES));
  }
}

/** Decodes a part of the file. An error in decoding is reported as damage of that part; a value beyond a limit is invalid input. */
export function readingPart<Result>(part: string, icount: Icount, read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    if (error instanceof BadInput) throw error;
    if (error instanceof OutOfBounds)
      throw new BadInput(
        `the trace is invalid: ${part}: ${error.message}`,
        'get the file again from its source',
      );
    throw new TraceDamage(part, error instanceof Error ? error.message : String(error), icount);
  }
}
