import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { writtenFirst } from '../../db/unfinished.ts';

/** Writes a file under a temporary name and renames it, so that nobody sees half of it. */
export function writeBeside(path: string, contents: string | Uint8Array): void {
  const beside = writtenFirst(path);
  try {
    writeFileSync(beside, contents);
    renameSync(beside, path);
  } finally {
    rmSync(beside, { force: true });
  }
}
