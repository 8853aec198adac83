import { BadInput } from '../bad-input.ts';
import { crc32c } from './crc32c.ts';

/**
 * The layout of a trace file (docs/trace-format.md): a preamble, then frames, then a trailer that points to the footer.
 * All numbers are little-endian.
 *
 *     preamble  magic[8]  format version u32  CRC32C of these 12 bytes u32
 *     frame     payload length u32  type u8  0 u8[3]  CRC32C of these 8 bytes and the payload u32  payload
 *     trailer   offset of the footer's frame u64  end magic[8]
 */

/** Like PNG's, it reveals a text-mode transfer and a cleared high bit, and stops a DOS `type`. */
const MAGIC = Uint8Array.of(0x89, 0x52, 0x33, 0x38, 0x36, 0x0d, 0x0a, 0x1a);
const END_MAGIC = Uint8Array.of(0x52, 0x33, 0x38, 0x36, 0x45, 0x4e, 0x44, 0x0a);

/** Version of the framing; the contents of frames have Header.schema_version. */
export const FORMAT_VERSION = 1;

export const PREAMBLE_BYTES = 16;
export const FRAME_HEADER_BYTES = 12;
export const TRAILER_BYTES = 16;

/** Types of frames. A reader skips unknown types. Type 3 was an earlier form of checkpoints. */
export const FRAME = { header: 1, chunk: 2, footer: 4, bundle: 40, checkpoint: 41 } as const;

/** Part of a trace is damaged. `icount` is the begin of the damaged part, if it is known. */
export class TraceDamage extends BadInput {
  override readonly name = 'TraceDamage';
  /** The damaged part: `header`, `chunk 3`, ... */
  readonly part: string;
  readonly what: string;
  readonly icount: number;

  constructor(part: string, what: string, icount = 0) {
    super(`trace damaged: ${part}: ${what}`, 'record the run again, or restore the file from a copy');
    this.part = part;
    this.what = what;
    this.icount = icount;
  }
}

const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

const startsWith = (bytes: Uint8Array, magic: Uint8Array) => magic.every((byte, i) => bytes[i] === byte);

export function preamble(): Uint8Array {
  const bytes = new Uint8Array(PREAMBLE_BYTES);
  bytes.set(MAGIC);
  viewOf(bytes).setUint32(8, FORMAT_VERSION, true);
  viewOf(bytes).setUint32(12, crc32c(bytes.subarray(0, 12)), true);
  return bytes;
}

/** Throws BadInput unless `bytes`, at most the first PREAMBLE_BYTES of a file, begin a readable trace. */
export function checkPreamble(bytes: Uint8Array, file: string): void {
  if (!startsWith(bytes, MAGIC.slice(0, bytes.length))) {
    throw new BadInput(`${file} is not a rewind386 trace`, 'make one with: rewind386 record -o FILE');
  }
  if (bytes.length < PREAMBLE_BYTES)
    throw new BadInput(`${file} ends before its header: nothing was recorded`);
  const version = viewOf(bytes).getUint32(8, true);
  if (crc32c(bytes.subarray(0, 12)) !== viewOf(bytes).getUint32(12, true)) {
    throw new TraceDamage('preamble', 'its checksum does not match');
  }
  if (version > FORMAT_VERSION) {
    throw new BadInput(
      `${file} has trace format ${version}; this rewind386 reads up to ${FORMAT_VERSION}`,
      'update rewind386',
    );
  }
}

export interface FrameHeader {
  readonly type: number;
  readonly length: number;
  readonly crc: number;
}

/** A whole frame around a payload. */
export function frame(type: number, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(FRAME_HEADER_BYTES + payload.length);
  const view = viewOf(bytes);
  view.setUint32(0, payload.length, true);
  bytes[4] = type;
  bytes.set(payload, FRAME_HEADER_BYTES);
  view.setUint32(8, crc32c(payload, crc32c(bytes.subarray(0, 8))), true);
  return bytes;
}

export function readFrameHeader(bytes: Uint8Array): FrameHeader {
  const view = viewOf(bytes);
  return { length: view.getUint32(0, true), type: bytes[4], crc: view.getUint32(8, true) };
}

/** True if the CRC of a frame, header and payload, is correct. */
export function frameIntact(header: Uint8Array, payload: Uint8Array): boolean {
  return crc32c(payload, crc32c(header.subarray(0, 8))) === readFrameHeader(header).crc;
}

export function trailer(footerOffset: number): Uint8Array {
  const bytes = new Uint8Array(TRAILER_BYTES);
  const view = viewOf(bytes);
  view.setUint32(0, footerOffset >>> 0, true);
  view.setUint32(4, Math.floor(footerOffset / 2 ** 32), true);
  bytes.set(END_MAGIC, 8);
  return bytes;
}

/** Offset of the footer's frame; -1 if `bytes` is not a trailer. */
export function readTrailer(bytes: Uint8Array): number {
  if (bytes.length < TRAILER_BYTES || !startsWith(bytes.subarray(8), END_MAGIC)) return -1;
  const view = viewOf(bytes);
  return view.getUint32(0, true) + view.getUint32(4, true) * 2 ** 32;
}
