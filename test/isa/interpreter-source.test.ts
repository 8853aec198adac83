import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { interpreterSource } from '../../recorder/machine/cpu/interpreter/generate.ts';

it('interpreter.ts is what generate.ts makes', async () => {
  const path = resolve(import.meta.dirname, '../../recorder/machine/cpu/interpreter/interpreter.ts');
  await expect(interpreterSource()).toMatchFileSnapshot(path);
});

/** V8's default for --max-optimized-bytecode-size: a longer function is never optimised. */
const LARGEST_OPTIMISED = 61_440;

it('the hot loop is small enough for V8 to optimise', () => {
  const folder = mkdtempSync(join(tmpdir(), 'r386-'));
  try {
    const script = interpreterSource()
      .replace(/^import .*$/m, '')
      .replace(/^export type .*$/m, '')
      .replace('export function', 'function')
      .replace('(run: BlockRunner, counts: boolean): Interpret', '(run, counts)')
      .replace('(start: number): void', '(start)');
    const path = join(folder, 'interpreter.mjs');
    const run =
      '{ i32: new Int32Array(256), u8: [], view: null, code: new Int32Array(8).fill(-1), flags: null }';
    writeFileSync(path, `${script}\ncreateInterpreter(${run}, true)(0);\n`);
    const text = execFileSync(
      process.execPath,
      ['--print-bytecode', '--print-bytecode-filter=interpret', path],
      { encoding: 'utf8', maxBuffer: 64 << 20 },
    );
    const length = Number(/Bytecode length: (\d+)/.exec(text)?.[1]);
    expect(length).toBeGreaterThan(1000);
    expect(length).toBeLessThan(LARGEST_OPTIMISED);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
