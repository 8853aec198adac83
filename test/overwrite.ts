import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';

/**
 * Gives a file that exists other contents, in place. For tests that do so thousands of times: `writeFileSync` empties a file first,
 * and ext4 then writes what comes to the disk at once, a hundred times slower.
 */
export function overwrite(path: string, bytes: Uint8Array): void {
  const file = openSync(path, 'r+');
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at, bytes.length - at, at);
    ftruncateSync(file, bytes.length);
  } finally {
    closeSync(file);
  }
}
