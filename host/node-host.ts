import { createHash } from 'node:crypto';
import { closeSync, readFileSync, readSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import {
  brotliCompressSync,
  brotliDecompressSync,
  constants,
  deflateRawSync,
  inflateRawSync,
} from 'node:zlib';
import type { ByteSource, Hasher, Host } from '../schemas/host.ts';
import { preparedMemory } from './prepared-memory.ts';
import { openRegularFile } from './regular-file.ts';

/** The services of schemas/host.ts, implemented with Node. */

export const NODE_HOST: Host = {
  openFile(path, what) {
    const { fd, bytes } = openRegularFile(path, what);
    return fileSource(fd, bytes);
  },

  beside(path, name) {
    const own = basename(name);
    return ['', '.', '..'].includes(own) ? [] : [join(dirname(path), own)];
  },

  setting: (name) => process.env[name],

  sha256() {
    const hash = createHash('sha256');
    const hasher: Hasher = {
      update(bytes) {
        hash.update(bytes);
        return hasher;
      },
      hex: () => hash.digest('hex'),
    };
    return hasher;
  },

  compress(bytes, by, { quality, window }) {
    if (by === 'deflate') return deflateRawSync(bytes, { level: 1 });
    return brotliCompressSync(bytes, {
      // Few buffers for the result, but small ones: pages of large ones are given back each time, and fault again.
      chunkSize: Math.max(1024, Math.min(1 << 16, bytes.length >>> 1)),
      params: {
        [constants.BROTLI_PARAM_QUALITY]: quality,
        [constants.BROTLI_PARAM_LGWIN]: window,
        [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
      },
    });
  },

  decompress(data, by, most) {
    // The buffer grows with the actual output, not with the claimed size.
    const expected = Math.min(most, Math.max(1 << 16, data.length * 16), 1 << 24);
    const options = { maxOutputLength: most, chunkSize: Math.max(64, expected) };
    return by === 'brotli' ? brotliDecompressSync(data, options) : inflateRawSync(data, options);
  },

  schemaText: () => readFileSync(new URL('../schemas/trace/trace.proto', import.meta.url), 'utf8'),

  memory: preparedMemory,

  now: () => performance.now(),

  async turn() {
    await setImmediate();
  },
};

const fileSource = (fd: number, bytes: number): ByteSource => ({
  bytes,
  read(into, offset) {
    for (let done = 0; done < into.length; ) {
      const n = readSync(fd, into, done, into.length - done, offset + done);
      if (n === 0) return done;
      done += n;
    }
    return into.length;
  },
  close: () => closeSync(fd),
});
