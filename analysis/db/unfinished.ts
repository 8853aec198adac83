import { lstatSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { alive, discard, namesIn } from './cache-folder.ts';

/** Files and folders in the making, which go when the process is told to end: a killed command leaves nothing half-written. */

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

const unfinished = new Set<string>();

/** The name in its folder of what is in the making, if the output has others beside it then, such as DuckDB's log. */
export const IN_THE_MAKING = 'made';

/** Milliseconds after which what no process of this computer makes is also of none on another computer that shares the folder. */
const ABANDONED_MS = 3_600_000;

/**
 * The name beside an output under which it is written first. Removes what processes left there an hour ago that were to write the same
 * output and are no more: nobody hears of SIGKILL. A folder with anything else in it is somebody's.
 */
export function writtenFirst(output: string): string {
  const folder = dirname(output);
  for (const name of namesIn(folder)) {
    if (!name.startsWith(`${basename(output)}.`)) continue;
    const owner = /^\.(\d{1,10})\.tmp$/.exec(name.slice(basename(output).length))?.[1];
    if (owner && !alive(Number(owner)) && isAbandoned(join(folder, name))) discard(join(folder, name));
  }
  return `${output}.${process.pid}.tmp`;
}

function isAbandoned(path: string): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (!found || Date.now() - found.mtimeMs < ABANDONED_MS) return false;
  if (!found.isDirectory()) return found.isFile();
  return namesIn(path).every((name) => name.startsWith(IN_THE_MAKING));
}

/** From now on the path is removed when the process is ended, until the function returned is called. */
export function unfinishedAt(path: string): () => void {
  if (unfinished.size === 0) {
    // The first to hear of a signal: a job that ends in order stops listening as it hears of it.
    for (const signal of SIGNALS) process.prependListener(signal, ended);
    process.on('exit', removeAll);
  }
  unfinished.add(path);
  return () => {
    unfinished.delete(path);
    if (unfinished.size > 0) return;
    for (const signal of SIGNALS) process.off(signal, ended);
    process.off('exit', removeAll);
  };
}

function removeAll(): void {
  for (const path of unfinished) discard(path);
}

function ended(signal: NodeJS.Signals): void {
  // A job that ends in order does so, and removes what is its own.
  if (process.listenerCount(signal) > 1) return;
  removeAll();
  process.off(signal, ended);
  process.kill(process.pid, signal);
}
