import { closeSync, constants, fstatSync, openSync, statSync } from 'node:fs';
import { BadInput } from '../schemas/bad-input.ts';
import { fileError } from './file-error.ts';

/** Opens files to be read, and only regular ones: no device, pipe or folder. */

/** A file that was opened to be read. */
export interface OpenFile {
  readonly fd: number;
  readonly bytes: number;
}

/** Neither waits for a writer at the other end of a pipe, nor takes a terminal. Windows knows neither flag. */
const READ = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0);

/**
 * Opens a regular file, or a link to one. Anything else is not even opened: a pipe waits, /dev/zero has no end, and opening a
 * device may already do something. Throws BadInput; `what` says what it is for.
 */
export function openRegularFile(path: string, what = ''): OpenFile {
  const named = `cannot read ${what}${what && ' '}${path}`;
  try {
    // Looked at again once it is open: the name may mean another file by then.
    const before = statSync(path);
    if (!before.isFile()) throw notRegular(named, before.isDirectory());
    const fd = openSync(path, READ);
    const after = fstatSync(fd);
    if (after.isFile()) return { fd, bytes: after.size };
    closeSync(fd);
    throw notRegular(named, after.isDirectory());
  } catch (error) {
    if (error instanceof BadInput) throw error;
    throw new BadInput(`${named}: ${fileError(error)}`);
  }
}

const notRegular = (named: string, isFolder: boolean): BadInput =>
  new BadInput(`${named}: it is ${isFolder ? 'a folder' : 'not a regular file'}`);
