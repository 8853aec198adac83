import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, expect, it } from 'vitest';

/** Kernels that are committed as built beside their sources (the built-in guest: .ci/rebuild-guest). */

const folder = mkdtempSync(join(tmpdir(), 'r386-'));
afterAll(() => rmSync(folder, { recursive: true }));
const gcc = spawnSync('gcc', ['-m32', '-E', '-x', 'c', '/dev/null']).status === 0;

it.skipIf(!gcc).each([
  { image: 'conformance/paging.elf', sources: 'conformance/paging' },
  { image: 'guests/post/post.elf', sources: 'guests/post' },
])(`$image is what its sources build${gcc ? '' : ' (needs gcc -m32)'}`, ({ image, sources }) => {
  const here = (path: string) => resolve(import.meta.dirname, '..', path);
  const copy = join(folder, sources);
  cpSync(here(sources), copy, {
    recursive: true,
    filter: (path) => !path.includes('/obj') && !path.endsWith('.elf'),
  });
  const built = join(folder, 'built.elf');
  const make = spawnSync('make', ['-s', '-C', copy, `OUT=${built}`], { encoding: 'utf8' });
  expect(make.stderr).toBe('');
  expect(readFileSync(built).equals(readFileSync(here(image)))).toBe(true);
});
