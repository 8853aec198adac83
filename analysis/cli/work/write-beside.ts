import { renameSync, rmSync, writeFileSync } from 'node:fs';

/** Writes a file under a temporary name and renames it, so that nobody sees half of it. */
export function writeBeside(path: string, contents: string | Uint8Array): void {
  const beside = `${path}.${process.pid}.tmp`;
  try {
    writeFileSync(beside, contents);
    renameSync(beside, path);
  } finally {
    rmSync(beside, { force: true });
  }
}
