import { readFileSync } from 'node:fs';
import { BadInput } from '../../schemas/bad-input.ts';
import { fileError } from '../../schemas/file-error.ts';
import { BUILTIN_GUEST } from './builtin-guest.ts';

/** A file that the user named; `what` says in messages what it is for. */
export function readUserFile(path: string, what: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    const known = what === 'guest' ? `; the built-in guest is ${BUILTIN_GUEST}` : '';
    throw new BadInput(`cannot read ${what} ${path}: ${fileError(error)}${known}`);
  }
}
