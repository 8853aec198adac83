import { createHash } from 'node:crypto';
import { type BigIntStats, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eachPiece, ownFolder, sweep, temporaryName } from './cache-folder.ts';

/** The digest of a trace file, by which the cache knows it; remembered for large files that did not change. */

/** Hashing is 1.3 GB/s where the processor has instructions for it, a third of that elsewhere: small files are always hashed. */
const REMEMBERED_FROM = 16 << 20;
/** Younger changes could be followed by another that shows in no timestamp. */
const SETTLED_NS = 2_000_000_000n;

/**
 * SHA-256 of a file, hexadecimal. That of a large file is remembered by everything that the system changes when somebody
 * writes to it. The change time is the one that nobody can choose, not even by unpacking an archive.
 */
export function traceDigest(path: string): string {
  const before = statSync(path, { bigint: true });
  if (before.size < REMEMBERED_FROM) return sha256OfFile(path);
  try {
    return remembered(path, before);
  } catch {
    // Nothing can be kept: then it is only slower.
    return sha256OfFile(path);
  }
}

function remembered(path: string, before: BigIntStats): string {
  const folder = ownFolder('hashes');
  const name = createHash('sha256').update(identity(before)).digest('hex');
  const known = readKnown(join(folder, name));
  if (known) return known;
  sweep(folder);
  const digest = sha256OfFile(path);
  const after = statSync(path, { bigint: true });
  const settled = BigInt(Date.now()) * 1_000_000n - after.ctimeNs > SETTLED_NS;
  if (settled && identity(after) === identity(before)) {
    const beside = join(folder, temporaryName(name));
    writeFileSync(beside, digest);
    renameSync(beside, join(folder, name));
  }
  return digest;
}

const identity = ({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string =>
  [dev, ino, size, mtimeNs, ctimeNs].join(' ');

function readKnown(file: string): string | undefined {
  try {
    return /^[0-9a-f]{64}$/.exec(readFileSync(file, 'utf8'))?.[0];
  } catch {
    return undefined;
  }
}

function sha256OfFile(path: string): string {
  const hash = createHash('sha256');
  eachPiece(path, (piece) => hash.update(piece));
  return hash.digest('hex');
}
