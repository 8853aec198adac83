import { closeSync, constants, fstatSync, openSync, statSync } from 'node:fs';
import { BadInput } from '../schemas/bad-input.ts';
import { fileError } from './file-error.ts';

/** Opens files for reading, and only regular files: no device, pipe or folder. */

/** A file opened for reading. */
export interface OpenFile {
  readonly fd: number;
  readonly bytes: number;
}

/** Does not wait for a pipe's writer, and does not acquire a controlling terminal. Windows has neither flag. */
const READ = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0);

/**
 * Opens a regular file, or a link to one. Anything else is not opened: a pipe blocks, /dev/zero never ends, and opening a device may have
 * effects. Throws BadInput; `what` states the purpose of the file.
 */
export function openRegularFile(path: string, what = ''): OpenFile {
  const named = `cannot read ${what}${what && ' '}${path}`;
  try {
    // Checked again after opening, because the name may by then refer to another file.
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
