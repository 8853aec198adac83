import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Tests and the commands that they start keep nothing in the user's cache folder. */
export default function setup(): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'r386-cache-'));
  process.env.XDG_CACHE_HOME = folder;
  return () => rmSync(folder, { recursive: true, force: true });
}
