import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheRoot, ownFolder } from '../../db/cache-folder.ts';
import { writeBeside } from './write-beside.ts';

/** The lines typed at the prompt of `sql`, kept in the user's cache folder from one session to the next. */

const NAME = 'sql-history';
const LINES = 1000;

/** The newest first; empty where there is none. */
export function readHistory(): string[] {
  try {
    return readFileSync(join(cacheRoot(), NAME), 'utf8').split('\n').filter(Boolean);
  } catch {
    return [];
  }
}

/** A history that cannot be kept is no error. */
export function keepHistory(lines: readonly string[]): void {
  try {
    writeBeside(join(ownFolder(), NAME), `${lines.slice(0, LINES).join('\n')}\n`);
  } catch {}
}
