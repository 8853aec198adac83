import { scaledLimit } from '../bounded.ts';
import { host } from '../host.ts';
import { MAX_FILE } from './limits.ts';

/**
 * Compression of the parts of a trace. The default is Brotli with quality 1: among the codecs of every supported Node it was the fastest
 * for its size on event columns (figures in docs/trace-format.md).
 */
export const CODEC = { none: 0, brotli: 1, deflate: 2 } as const;
export type Codec = (typeof CODEC)[keyof typeof CODEC];

/** Compressed bytes. */
export interface Packed {
  readonly codec: number;
  readonly rawBytes: number;
  readonly data: Uint8Array;
}

/** Smaller data is not compressed, because the gain is not worth the call. */
const WORTH_PACKING = 64;

/** Packed data does not unpack to its original. */
export class PackedError extends Error {
  override readonly name = 'PackedError';
}

/**
 * Kinds of data to pack: events come continuously and are written at once; a machine's state is written rarely and has repetitions far
 * apart.
 */
export type Kind = 'events' | 'state';

/**
 * Brotli's quality and the logarithm of its window. For events, a window of 256 KB, which fits the processor's cache, costs 1 % in size
 * and is 15 % faster than the default.
 */
const BROTLI = {
  events: { quality: 1, window: 18 },
  state: { quality: 5, window: 22 },
} as const;

export function pack(bytes: Uint8Array, codec: Codec = CODEC.brotli, kind: Kind = 'events'): Packed {
  const packed = bytes.length < WORTH_PACKING ? bytes : compress(bytes, codec, kind);
  const data = new Uint8Array(packed.buffer, packed.byteOffset, packed.length);
  if (data.length >= bytes.length) return { codec: CODEC.none, rawBytes: bytes.length, data: bytes };
  return { codec, rawBytes: bytes.length, data };
}

function compress(bytes: Uint8Array, codec: Codec, kind: Kind): Uint8Array {
  switch (codec) {
    case CODEC.none:
      return bytes;
    case CODEC.brotli:
      return host().compress(bytes, 'brotli', BROTLI[kind]);
    case CODEC.deflate:
      return host().compress(bytes, 'deflate', BROTLI[kind]);
  }
}

/** Throws PackedError if it does not unpack to the size it states, or to more than `most` bytes. */
export function unpack({ codec, rawBytes, data }: Packed, most: number): Uint8Array {
  if (rawBytes > most) throw new PackedError(`claims ${rawBytes} bytes, but at most ${most} are possible`);
  const bytes = decompress(codec, data, rawBytes);
  if (bytes.length !== rawBytes) {
    throw new PackedError(`unpacks to ${bytes.length} bytes instead of ${rawBytes}`);
  }
  return bytes;
}

function decompress(codec: number, data: Uint8Array, rawBytes: number): Uint8Array {
  // A byte more than expected is enough to see that there is more.
  const most = rawBytes + 1;
  try {
    switch (codec) {
      case CODEC.none:
        return data;
      case CODEC.brotli:
        return host().decompress(data, 'brotli', most);
      case CODEC.deflate:
        return host().decompress(data, 'deflate', most);
    }
  } catch (error) {
    throw new PackedError(`does not unpack (${error instanceof Error ? error.message : error})`);
  }
  throw new PackedError(`is packed with codec ${codec}, which this version of rewind386 does not support`);
}

/** Maximum unpacked size of a kernel or symbol file of the given packed size. */
export const fileLimit = ({ data }: Packed): number => scaledLimit(MAX_FILE, data.length);

/** A file embedded in a trace. */
export interface PackedFile {
  /** SHA-256 of the contents, hexadecimal. */
  readonly sha256: string;
  readonly contents: Packed;
}

export const sha256Hex = (bytes: Uint8Array): string => host().sha256().update(bytes).hex();

export const packFile = (bytes: Uint8Array): PackedFile => ({
  sha256: sha256Hex(bytes),
  contents: pack(bytes),
});
