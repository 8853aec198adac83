/**
 * The host services that reading and writing traces needs: files, hashing, compression, turns of the event loop. host/node-host.ts
 * implements them for Node, replayer/browser/browser-host.ts for a browser; a program installs one before it touches a trace. The
 * emulated machine uses none of them, so no run depends on the host.
 */

/** Bytes that are read by offset: a file, or memory. */
export interface ByteSource {
  readonly bytes: number;
  /** Fills `into` with the bytes from `offset` on; returns their number, which is smaller than `into` only at the end. */
  read(into: Uint8Array, offset: number): number;
  close(): void;
}

/** A hash being computed, piece by piece. */
export interface Hasher {
  update(bytes: Uint8Array): Hasher;
  /** Completes the hash; hexadecimal. */
  hex(): string;
}

export type Compression = 'brotli' | 'deflate';

/** Brotli's quality and the logarithm of its window. */
export interface BrotliLevel {
  readonly quality: number;
  readonly window: number;
}

export interface Host {
  /** Opens a regular file; errors state its purpose, `what`. Throws BadInput. */
  openFile(path: string, what?: string): ByteSource;
  /** Paths where a file of that name may lie beside another file; none if it is not a file name. */
  beside(path: string, name: string): readonly string[];
  /** An environment variable; undefined if it is not set. */
  setting(name: string): string | undefined;
  sha256(): Hasher;
  /** Compresses; the result may be longer than the input. */
  compress(bytes: Uint8Array, by: Compression, level: BrotliLevel): Uint8Array;
  /**
   * Decompresses. If the output exceeds `most` bytes, stops with an error or returns more than `most` bytes. Memory is proportional to
   * the output.
   */
  decompress(data: Uint8Array, by: Compression, most: number): Uint8Array;
  /** The text of trace.proto. */
  schemaText(): string;
  /** Zeroed memory, in pieces of one size: where there are threads, one has brought its pages in. */
  memory(bytes: number): ArrayBuffer;
  /** Milliseconds since some instant: for progress, never for a run. */
  now(): number;
  /** Resolves after a turn of the event loop. */
  turn(): Promise<void>;
}

let installed: Host | undefined;

/** Installs the services of this host for the whole process. */
export function installHost(services: Host): void {
  installed = services;
}

export function host(): Host {
  if (!installed) throw new Error('no host is installed: import host/install.ts first');
  return installed;
}

/** Bytes in memory, as a source. */
export const memorySource = (contents: Uint8Array): ByteSource => ({
  bytes: contents.length,
  read(into, offset) {
    const part = contents.subarray(offset, offset + into.length);
    into.set(part);
    return part.length;
  },
  close() {},
});
