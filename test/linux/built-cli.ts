import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

/** The command line as users run it. Runs of billions of instructions need the speed of the built code (test/build.ts makes it first). */

const ROOT = join(import.meta.dirname, '../..');

export function runBuilt(...argv: string[]): { status: number | null; stdout: string[]; stderr: string[] } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(ROOT, 'bin/rewind386.js'), ...argv], {
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  });
  const lines = (text: string) => text.split('\n').filter((line) => line !== '');
  return { status, stdout: lines(stdout), stderr: lines(stderr) };
}
