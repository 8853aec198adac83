import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** True for the compiled program, which has the module that a thread or a child process begins with; run from sources there is none. */
export const isBuilt = (entry: URL): boolean =>
  entry.protocol === 'file:' && existsSync(fileURLToPath(entry));
