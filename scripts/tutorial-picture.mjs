// Writes docs/tutorial.svg: the two commands of docs/tutorial.md that find the bug, in a terminal. Run after a build:
//     node scripts/tutorial-picture.mjs
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { terminalPicture } from './terminal-picture.mjs';

const COMMANDS = [
  ['who-wrote', 'run.r386', '--linear', '0x40000084+16'],
  ['query', 'run.r386', 'pte-history', '0xe0000000', '--limit', '5'],
];

/** The picture, of a folder in which run.r386 is the tutorial's recording. */
export const tutorialPicture = (cwd) => terminalPicture(COMMANDS, { columns: 146, cwd });

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = mkdtempSync(join(tmpdir(), 'r386-tutorial-'));
  const path = (name) => fileURLToPath(new URL(name, import.meta.url));
  cpSync(path('../test/guests/post'), folder, { recursive: true });
  const record = ['record', 'post.elf', '--profile', 'post.json', '-q', '-o', 'run.r386'];
  try {
    execFileSync(process.execPath, [path('../bin/rewind386.js'), ...record], { cwd: folder, stdio: 'pipe' });
  } catch {
    // Exit status 1: the kernel panics.
  }
  writeFileSync(path('../docs/tutorial.svg'), await tutorialPicture(folder));
  rmSync(folder, { recursive: true });
}
