import { basename, dirname, join } from 'node:path';
import { alive, discard, namesIn } from './cache-folder.ts';

/** Files and folders in the making, which go when the process is told to end: a killed command leaves nothing half-written. */

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

const unfinished = new Set<string>();

/**
 * The name beside an output under which it is written first. Removes what processes left there that were to write the same output and are no
 * more: nobody hears of SIGKILL.
 */
export function writtenFirst(output: string): string {
  const folder = dirname(output);
  for (const name of namesIn(folder)) {
    if (!name.startsWith(`${basename(output)}.`)) continue;
    const owner = /^\.(\d{1,10})\.tmp$/.exec(name.slice(basename(output).length))?.[1];
    if (owner && !alive(Number(owner))) discard(join(folder, name));
  }
  return `${output}.${process.pid}.tmp`;
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
