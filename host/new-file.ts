import {
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  renameSync,
  statSync,
  unlinkSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { BadInput } from '../schemas/bad-input.ts';
import { fileError } from './file-error.ts';

/** Writes new files beside their place: nobody finds one half-written, and nothing is lost when writing fails. */

/** A file being written under a name of its own until it is complete. */
export interface NewFile {
  /** Its name in the end. */
  readonly path: string;
  /** Its name until then: what a crash leaves there opens as a torn trace. */
  readonly partial: string;
  readonly fd: number;
  /** There was a file of that name when this one was begun, which it replaces. */
  readonly replaces: boolean;
}

const MAX_TRIES = 1000;

/**
 * Opens a file that is nobody else's: `PATH.partial`, or `PATH.partial-2` and so on where an earlier run left one or another is
 * writing one. Nothing that is there is opened, nor what a link points to. Throws BadInput.
 */
export function createFile(path: string): NewFile {
  const existing = statSync(path, { throwIfNoEntry: false });
  if (existing?.isDirectory()) throw new BadInput(`cannot write ${path}: it is a folder`);
  // The finished file takes the name over: a device or pipe of that name would be gone.
  if (existing && !existing.isFile())
    throw new BadInput(`cannot write ${path}: it is not a regular file`, 'give -o the name of a file');
  for (let n = 1; n <= MAX_TRIES; n++) {
    const partial = n === 1 ? `${path}.partial` : `${path}.partial-${n}`;
    try {
      const { O_CREAT, O_EXCL, O_RDWR, O_NOFOLLOW = 0 } = constants;
      const fd = openSync(partial, O_CREAT | O_EXCL | O_RDWR | O_NOFOLLOW, 0o666);
      return { path, partial, fd, replaces: existing !== undefined };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST')
        throw new BadInput(`cannot write ${path}: ${fileError(error)}`);
    }
  }
  throw new BadInput(`cannot write ${path}: there are ${MAX_TRIES} files ${path}.partial-N`, 'remove them');
}

/**
 * Gives a complete file its name, once what it holds is on the disk. Never replaces a file that came after this one was begun.
 * Throws BadInput; the file then stays under its other name.
 */
export function nameFile({ path, partial, fd, replaces }: NewFile): void {
  try {
    try {
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    if (replaces) renameSync(partial, path);
    else takeName(partial, path);
    syncFolder(dirname(path));
  } catch (error) {
    const taken = (error as NodeJS.ErrnoException).code === 'EEXIST';
    const why = taken ? 'another process has created it in the meantime' : fileError(error);
    throw new BadInput(`cannot name the trace ${path}: ${why}`, `it is whole, in ${partial}`);
  }
}

/** As rename, but fails with EEXIST where it would replace a file. */
export function takeName(partial: string, path: string): void {
  try {
    linkSync(partial, path);
  } catch (error) {
    // A file system without hard links.
    if ((error as NodeJS.ErrnoException).code === 'EEXIST' || existsSync(path)) throw error;
    renameSync(partial, path);
    return;
  }
  unlinkSync(partial);
}

/** Makes the name itself last, where the system has that. */
function syncFolder(folder: string): void {
  try {
    const fd = openSync(folder, 'r');
    try {
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  } catch {
    // Windows has no such thing, and some file systems refuse it: then the name is as safe as they make it.
  }
}
