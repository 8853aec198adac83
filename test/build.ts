import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';

/**
 * Builds dist/ once, before any suite: several run programs of it, and none may find half a file. `REWIND386_BUILT=1` says that it is
 * of these sources already, as after `npm ci`.
 */
export default function build(): void {
  if (process.env.REWIND386_BUILT) return;
  execFileSync('npm', ['run', '--silent', 'build'], { cwd: resolve(import.meta.dirname, '..') });
}
