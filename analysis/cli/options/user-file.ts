import { readFileSync } from 'node:fs';
import { fileError } from '../../../host/file-error.ts';
import { BUILTIN_PROFILES } from '../../../recorder/capture/builtin-profiles.ts';
import { BadInput } from '../../../schemas/bad-input.ts';
import { BUILTIN_GUEST } from './builtin-guest.ts';

/** Reads a file that the user named; `what` states its purpose in messages. */
export function readUserFile(path: string, what: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    const known = builtinsFor(what);
    throw new BadInput(`cannot read ${what} ${path}: ${fileError(error)}${known}`);
  }
}

/** A hint at the built-in names that the user may have meant if a file cannot be read. */
function builtinsFor(what: string): string {
  if (what === 'guest') return `; the built-in guest is ${BUILTIN_GUEST}`;
  return what === 'profile' ? `; the built-in profiles are ${Object.keys(BUILTIN_PROFILES).join(', ')}` : '';
}
