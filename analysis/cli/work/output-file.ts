import { closeSync, openSync, readSync, renameSync, statSync } from 'node:fs';
import { refuseSpecial, takeName } from '../../../host/new-file.ts';
import { BadInput } from '../../../schemas/bad-input.ts';
import { PREAMBLE_BYTES, preamble } from '../../../schemas/trace/framing.ts';

/** Output files of commands: nothing is overwritten without --force, and errors give the next step. */

/** The `--force` option of commands that write a file. */
export const FORCE = {
  force: { type: 'boolean', default: false, describe: 'overwrite an existing file' },
} as const;

/**
 * Rejects an -o that would lose a file of the user, before any work is done: an existing file needs --force, and one of `inputs` is never
 * overwritten. Throws BadInput.
 */
export function checkOutput(
  path: string,
  { force, makes, inputs = [] }: { force: boolean; makes: 'trace' | 'other'; inputs?: readonly string[] },
): void {
  const input = inputs.find((one) => sameFile(one, path));
  if (input !== undefined) throw new BadInput(`${path} is the trace itself`, 'give -o another name');
  const existing = statSync(path, { throwIfNoEntry: false });
  refuseSpecial(path, existing);
  if (force || !existing?.isFile()) return;
  if (makes === 'trace' || beginsAsTrace(path))
    throw new BadInput(`${path} already exists`, 'give -o another name, or --force to overwrite it');
}

/** Renames a finished file to the name that checkOutput allowed. Throws BadInput if it has been taken in the meantime. */
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

/** Turns a full-disk error of Node or DuckDB into BadInput. */
export function writeError(error: unknown, output: string): unknown {
  const message = error instanceof Error ? error.message : String(error);
  const isFull =
    (error as NodeJS.ErrnoException).code === 'ENOSPC' || /No space left on device/.test(message);
  return isFull
    ? new BadInput(`cannot write ${output}: the disk is full`, 'free some space, or give another -o')
    : error;
}
