import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import init, { BrotliDecStream, BrotliStreamResultCode } from 'brotli-dec-wasm/web';
import * as brotliModule from 'brotli-dec-wasm/web/bg.wasm';
import { Inflate } from 'fflate';
import { BadInput } from '../../schemas/bad-input.ts';
import type { Compression, Hasher, Host } from '../../schemas/host.ts';
import schemaText from '../../schemas/trace/trace.proto';

/** The services of schemas/host.ts for browsers, without files and without compression. */

/** Output bytes per step of the decompressor, so that memory grows with the actual output and not with the claimed size. */
const PIECE = 1 << 16;
/** Input bytes per step of inflating; they yield at most 4 MB (RFC 1951: 258 bytes for 2 bits). */
const DEFLATED_PIECE = 1 << 12;

/** Initialises the services; call it once, on the main thread or in a worker. */
export async function browserHost(): Promise<Host> {
  await init({ module_or_path: (brotliModule as unknown as { default: Uint8Array<ArrayBuffer> }).default });
  return {
    openFile(path, what = '') {
      throw new BadInput(
        `cannot read ${what}${what && ' '}${path}: a browser has no files`,
        'give its bytes',
      );
    },
    beside: () => [],
    setting: () => undefined,
    sha256: hasher,
    compress: (bytes) => bytes,
    decompress,
    schemaText: () => schemaText,
    memory: (bytes) => new ArrayBuffer(bytes),
    now: () => performance.now(),
    turn: () => new Promise((resolve) => setTimeout(resolve, 0)),
  };
}

function hasher(): Hasher {
  const hash = sha256.create();
  const self: Hasher = {
    update(bytes) {
      hash.update(bytes);
      return self;
    },
    hex: () => bytesToHex(hash.digest()),
  };
  return self;
}

function decompress(data: Uint8Array, by: Compression, most: number): Uint8Array {
  if (by === 'deflate') return inflate(data, most);
  const stream = new BrotliDecStream();
  try {
    const pieces: Uint8Array[] = [];
    let [at, length] = [0, 0];
    for (;;) {
      const result = stream.dec(data.subarray(at), Math.min(PIECE, most + 1 - length));
      const { code, buf, input_offset: read } = result;
      result.free();
      pieces.push(buf);
      at += read;
      length += buf.length;
      if (length > most) throw new Error(`more than ${most} bytes come out`);
      if (code === BrotliStreamResultCode.ResultSuccess) return joined(pieces, length);
      if (code === BrotliStreamResultCode.NeedsMoreInput) throw new Error('unexpected end of file');
    }
  } finally {
    stream.free();
  }
}

function inflate(data: Uint8Array, most: number): Uint8Array {
  const pieces: Uint8Array[] = [];
  let length = 0;
  const stream = new Inflate((piece) => {
    pieces.push(piece);
    length += piece.length;
  });
  for (let at = 0; at === 0 || at < data.length; at += DEFLATED_PIECE) {
    stream.push(data.subarray(at, at + DEFLATED_PIECE), at + DEFLATED_PIECE >= data.length);
    if (length > most) throw new Error(`more than ${most} bytes come out`);
  }
  return joined(pieces, length);
}

function joined(pieces: readonly Uint8Array[], length: number): Uint8Array {
  const all = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}
