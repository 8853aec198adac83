import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, expect, it } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'r386-'));
afterAll(() => rmSync(folder, { recursive: true }));
const sources = resolve(import.meta.dirname, '../conformance/paging');
const gcc = spawnSync('gcc', ['-m32', '-E', '-x', 'c', '/dev/null']).status === 0;

it.skipIf(!gcc)(`the conformance kernel is what its sources build${gcc ? '' : ' (needs gcc -m32)'}`, () => {
  const copy = join(folder, 'paging');
  cpSync(sources, copy, { recursive: true, filter: (path) => !path.includes('/obj') });
  const image = join(folder, 'paging.elf');
  const make = spawnSync('make', ['-s', '-C', copy, `OUT=${image}`], { encoding: 'utf8' });
  expect(make.stderr).toBe('');
  expect(readFileSync(image).equals(readFileSync(`${sources}.elf`))).toBe(true);
});
