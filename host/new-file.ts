import {
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  renameSync,
  type Stats,
  statSync,
  unlinkSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { BadInput } from '../schemas/bad-input.ts';
import { fileError } from './file-error.ts';

/** Writes a new file under a temporary name and renames it, so that nobody sees half a file and a failed write loses nothing. */

/** A file that is written under a temporary name until it is complete. */
export interface NewFile {
  /** The final name. */
  readonly path: string;
  /** The temporary name. After a crash, the file there opens as a torn trace. */
  readonly partial: string;
  readonly fd: number;
  /** A file of that name existed when this one was begun; it is replaced. */
  readonly replaces: boolean;
}

const MAX_TRIES = 1000;

/** Throws BadInput for a device or pipe: the finished file takes over the name, which would remove it. */
export function refuseSpecial(path: string, existing: Stats | undefined): void {
  if (existing && !existing.isFile() && !existing.isDirectory())
    throw new BadInput(`cannot write ${path}: it is not a regular file`, 'give -o the name of a file');
}

/**
 * Creates a file that did not exist: `PATH.partial`, or `PATH.partial-2` and so on if an earlier run left one or another process is
 * writing one. Never opens an existing file or follows a link. Throws BadInput.
 */
export function createFile(path: string): NewFile {
  const existing = statSync(path, { throwIfNoEntry: false });
  if (existing?.isDirectory()) throw new BadInput(`cannot write ${path}: it is a folder`);
  refuseSpecial(path, existing);
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
 * Flushes a complete file to disk and gives it its final name. Never replaces a file that was created after this one was begun. Throws
 * BadInput; the file then keeps its temporary name.
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
    throw new BadInput(`cannot name the trace ${path}: ${why}`, `it is complete in ${partial}`);
  }
}

/** Renames like rename(2), but fails with EEXIST if the target exists. */
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

/** Flushes the folder, so that the name survives a crash, on systems that support it. */
function syncFolder(folder: string): void {
  try {
    const fd = openSync(folder, 'r');
    try {
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  } catch {
    // Windows and some file systems do not support this; the name is then as safe as they make it.
  }
}
