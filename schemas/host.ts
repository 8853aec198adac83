/**
 * The services that traces need of the computer they are read or written on: files, hashing, compression, turns of the event loop.
 * Node's are in host/node-host.ts, a browser's in replayer/browser/browser-host.ts; a program installs one before it touches a trace.
 * No machine uses any of them: a run depends on nothing here.
 */

/** Bytes that are read by offset: a file, or memory. */
export interface ByteSource {
  readonly bytes: number;
  /** Fills `into` from `offset` on; returns how many bytes there were: fewer only at the end. */
  read(into: Uint8Array, offset: number): number;
  close(): void;
}

/** A hash being computed, piece by piece. */
export interface Hasher {
  update(bytes: Uint8Array): Hasher;
  /** Ends it; hexadecimal. */
  hex(): string;
}

export type Compression = 'brotli' | 'deflate';

/** Brotli's quality and the logarithm of its window. */
export interface BrotliLevel {
  readonly quality: number;
  readonly window: number;
}

export interface Host {
  /** Opens a regular file; `what` says in errors what it is for. Throws BadInput. */
  openFile(path: string, what?: string): ByteSource;
  /** Paths at which a file of that name may lie beside another; none where it is no name of a file. */
  beside(path: string, name: string): readonly string[];
  /** A setting of the user's environment; undefined where there is none. */
  setting(name: string): string | undefined;
  sha256(): Hasher;
  /** The result may be longer than what was given. */
  compress(bytes: Uint8Array, by: Compression, level: BrotliLevel): Uint8Array;
  /** Stops with an error, or with more than `most` bytes, where there would be more; takes no more memory than comes out. */
  decompress(data: Uint8Array, by: Compression, most: number): Uint8Array;
  /** The text of trace.proto. */
  schemaText(): string;
  /** Milliseconds since some instant: for progress, never for a run. */
  now(): number;
  /** Resolves when the event loop has had its turn. */
  turn(): Promise<void>;
}

let installed: Host | undefined;

/** Installs the services of this computer, for all that follows. */
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
