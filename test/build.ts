import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';

/** Builds dist/ once, before any suite: several run programs of it, and none may find half a file. */
export default function build(): void {
  execFileSync('npm', ['run', '--silent', 'build'], { cwd: resolve(import.meta.dirname, '..') });
}
