import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { readElf } from '../../../schemas/guest/elf.ts';

const SOURCE = resolve(import.meta.dirname, 'program.c');
/** The address that the bare image is linked to. */
export const IMAGE_AT = 0x100000;
const FLAGS =
  '-m32 -O1 -march=i586 -mfpmath=387 -ffreestanding -fno-pic -fno-stack-protector -fcf-protection=none -nostdlib -static'.split(
    ' ',
  );

export interface Program {
  /** The hash of what the computer at hand makes of it. */
  readonly hash: number;
  /** The same code for a bare processor: at IMAGE_AT, entered at `entry`. */
  readonly image: Uint8Array;
  readonly entry: number;
}

/** Builds program.c both ways and runs it; null without gcc and objcopy for 32-bit code on a PC. */
export function program(seed: number, rounds: number): Program | null {
  const folder = mkdtempSync(join(tmpdir(), 'r386-fpu-'));
  const path = (name: string) => join(folder, name);
  const run = (command: string, ...args: string[]) => spawnSync(command, args, { encoding: 'utf8' });
  const defines = [`-DSEED=${seed}u`, `-DROUNDS=${rounds}`];
  try {
    const bare = ['-DBARE', `-Wl,-Ttext=0x${IMAGE_AT.toString(16)}`, '-Wl,-N', '-Wl,--build-id=none'];
    if (run('gcc', ...FLAGS, ...defines, '-o', path('native'), SOURCE).status !== 0) return null;
    if (run('gcc', ...FLAGS, ...defines, ...bare, '-o', path('bare'), SOURCE).status !== 0) return null;
    if (run('objcopy', '-O', 'binary', path('bare'), path('image')).status !== 0) return null;
    const { stdout, status } = run(path('native'));
    if (status !== 0) return null;
    const entry = readElf(readFileSync(path('bare')), 'program.c').entry;
    return { hash: Number.parseInt(stdout, 16) | 0, image: readFileSync(path('image')), entry };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
