import { closeSync, openSync, readSync, renameSync, statSync } from 'node:fs';
import { takeName } from '../../../host/new-file.ts';
import { BadInput } from '../../../schemas/bad-input.ts';
import { PREAMBLE_BYTES, preamble } from '../../../schemas/trace/framing.ts';

/** Files that a command writes where the user says: nothing is overwritten unasked, and errors say what to do. */

/** The option of every command that writes a file of the user's naming. */
export const FORCE = {
  force: { type: 'boolean', default: false, describe: 'overwrite an existing file' },
} as const;

/**
 * Refuses an -o that would cost the user a file, before any work is done: a trace is never written over unasked, and nothing
 * is written over a trace, nor ever over one of `inputs`. Throws BadInput.
 */
export function checkOutput(
  path: string,
  { force, makes, inputs = [] }: { force: boolean; makes: 'trace' | 'other'; inputs?: readonly string[] },
): void {
  const input = inputs.find((one) => sameFile(one, path));
  if (input !== undefined) throw new BadInput(`${path} is the trace itself`, 'give -o another name');
  if (force || !statSync(path, { throwIfNoEntry: false })?.isFile()) return;
  if (makes === 'trace' || beginsAsTrace(path))
    throw new BadInput(`${path} already exists`, 'give -o another name, or --force to overwrite it');
}

/** Gives a finished file the name that checkOutput allowed before it was made. Throws BadInput when somebody else has taken it since. */
export function moveTo(from: string, path: string, force: boolean): void {
  if (force) renameSync(from, path);
  else
    try {
      takeName(from, path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      throw new BadInput(
        `cannot write ${path}: another process has created it in the meantime`,
        'give -o another name',
      );
    }
}

export const sameFile = (a: string, b: string): boolean => {
  const [first, second] = [a, b].map((path) => statSync(path, { throwIfNoEntry: false }));
  return first !== undefined && second !== undefined && first.ino === second.ino && first.dev === second.dev;
};

function beginsAsTrace(path: string): boolean {
  try {
    const fd = openSync(path, 'r');
    const bytes = new Uint8Array(PREAMBLE_BYTES);
    readSync(fd, bytes, 0, PREAMBLE_BYTES, 0);
    closeSync(fd);
    return Buffer.compare(bytes.subarray(0, 8), preamble().subarray(0, 8)) === 0;
  } catch {
    return false;
  }
}

/** A full disk is nobody's fault but the disk's, whoever tells of it: Node, or DuckDB in words of its own. */
export function writeError(error: unknown, output: string): unknown {
  const message = error instanceof Error ? error.message : String(error);
  const isFull =
    (error as NodeJS.ErrnoException).code === 'ENOSPC' || /No space left on device/.test(message);
  return isFull
    ? new BadInput(`cannot write ${output}: the disk is full`, 'free some space, or give another -o')
    : error;
}
