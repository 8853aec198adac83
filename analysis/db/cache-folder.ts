import { closeSync, mkdirSync, openSync, readdirSync, readSync, rmSync, statSync } from 'node:fs';
import { homedir, platform } from 'node:os';
import { basename, isAbsolute, join } from 'node:path';
import { crc32 } from 'node:zlib';

/**
 * The user's own folder for what can be made again: tables and store indexes of traces (`traces/`), remembered hashes of
 * traces (`hashes/`), and what DuckDB spills to disk (`spill/`). Nothing that came with a trace is ever in it, so all that is
 * found there was written by this tool.
 */

/** Bytes that are kept of traces; the ones not used for the longest time go first. */
const MAX_BYTES = 8 * 2 ** 30;

/** $XDG_CACHE_HOME/rewind386 (ignored when no absolute path, as its standard says), or the system's usual place. */
export function cacheRoot(): string {
  const { XDG_CACHE_HOME: xdg, LOCALAPPDATA: local } = process.env;
  if (xdg && isAbsolute(xdg)) return join(xdg, 'rewind386');
  if (platform() === 'darwin') return join(homedir(), 'Library', 'Caches', 'rewind386');
  if (platform() === 'win32') return join(local ?? join(homedir(), 'AppData', 'Local'), 'rewind386', 'Cache');
  return join(homedir(), '.cache', 'rewind386');
}

/** Makes the folder, for its owner alone; throws when it cannot be made, or when it is somebody else's. */
export function ownFolder(...path: readonly string[]): string {
  const root = cacheRoot();
  mkdirSync(root, { recursive: true, mode: 0o700 });
  const { uid } = statSync(root);
  if (process.getuid && uid !== process.getuid()) throw new Error('it belongs to another user');
  const folder = join(root, ...path);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return folder;
}

/** A name for a file in the making: the process in it lets a later run see that nobody will finish it. */
export const temporaryName = (name: string): string => `tmp-${process.pid}-${name}`;

/** Removes what processes left behind that are no more: files in the making, and folders of spilled rows. */
export function sweep(folder: string): void {
  for (const name of namesIn(folder)) {
    const owner = /^tmp-(\d+)-/.exec(name)?.[1];
    if (owner && !alive(Number(owner))) discard(join(folder, name));
  }
}

/** True unless the process is no more. */
export function alive(pid: number): boolean {
  if (pid === process.pid) return true;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Begins the names of folders with what is kept of several traces together. */
export const SEVERAL = 'several-';

export interface CacheUse {
  readonly folder: string;
  readonly traces: number;
  readonly bytes: number;
}

interface Kept {
  readonly folder: string;
  readonly bytes: number;
  /** Of the last use, ms. */
  readonly used: number;
}

/** Everything kept of traces. */
export function cacheUse(): CacheUse {
  const kept = keptTraces();
  const traces = kept.filter(({ folder }) => !basename(folder).startsWith(SEVERAL)).length;
  return { folder: cacheRoot(), traces, bytes: kept.reduce((sum, { bytes }) => sum + bytes, 0) };
}

/** Removes all that is kept. Returns what that was. */
export function clearCache(): CacheUse {
  const use = cacheUse();
  for (const part of ['traces', 'hashes', 'spill'])
    rmSync(join(use.folder, part), { recursive: true, force: true });
  return use;
}

/**
 * Removes what was left behind of all traces, then the traces not used for the longest time until the rest fits; never the folders
 * `inUse`.
 */
export function prune(inUse: ReadonlySet<string>, maxBytes = MAX_BYTES): void {
  const kept = keptTraces().sort((a, b) => a.used - b.used);
  for (const { folder } of kept) sweep(folder);
  let bytes = kept.reduce((sum, one) => sum + one.bytes, 0);
  for (const one of kept) {
    if (bytes <= maxBytes) return;
    if (inUse.has(one.folder)) continue;
    discard(one.folder);
    bytes -= one.bytes;
  }
}

function keptTraces(): Kept[] {
  const traces = join(cacheRoot(), 'traces');
  return namesIn(traces).map((name) => {
    const folder = join(traces, name);
    const sizes = namesIn(folder).map(
      (file) => statSync(join(folder, file), { throwIfNoEntry: false })?.size ?? 0,
    );
    const used = statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? 0;
    return { folder, used, bytes: sizes.reduce((sum, size) => sum + size, 0) };
  });
}

/** Removes a file or folder, also one that is being written to, if that can be done: what stays is removed by another run. */
export function discard(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true, maxRetries: 2 });
  } catch {
    // On a read-only file system, or where a part of the path is no folder.
  }
}

/** Names in a folder; none when there is no such folder. */
export function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Calls `take` with the bytes of a file, piece by piece. */
export function eachPiece(path: string, take: (piece: Uint8Array) => void): void {
  const fd = openSync(path, 'r');
  try {
    const buffer = Buffer.allocUnsafe(1 << 20);
    for (let n = readSync(fd, buffer); n > 0; n = readSync(fd, buffer)) take(buffer.subarray(0, n));
  } finally {
    closeSync(fd);
  }
}

/** CRC-32 of a file, 8 hexadecimal digits. */
export function crcOfFile(path: string): string {
  let crc = 0;
  eachPiece(path, (piece) => {
    crc = crc32(piece, crc);
  });
  return crc.toString(16).padStart(8, '0');
}
