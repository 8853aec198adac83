import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runCli } from './run-cli.ts';

/** `memory`: bytes of a recorded run, by physical and linear addresses and symbols, at any time. */

const folder = mkdtempSync(join(tmpdir(), 'r386-memory-'));
const trace = join(folder, 'run.r386');
const kernel = join(import.meta.dirname, '../guests/post/post.elf');
beforeAll(() => runCli('record', kernel, '-q', '-n', '1M', '-o', trace));
afterAll(() => rmSync(folder, { recursive: true }));

const shown = async (...argv: string[]) => (await runCli('memory', trace, ...argv)).stdout;

/** Frame of the usage of A in post.elf: its magic, then its ticks. */
const USAGE = '0x802000';

it('shows bytes and text', async () => {
  expect(await shown(`${USAGE}+18`)).toEqual([
    expect.stringMatching(/^00802000 {2}67 61 73 75 0[1-9] 00 00 00( 00){8} {2}\|gasu\.{12}\|$/),
    `00802010  00 00 ${' '.repeat(42)} |..|`,
  ]);
});

it('shows them as they were', async () => {
  expect((await shown(USAGE, '--at', '1000'))[0]).toMatch(/^00802000 {2}00 00 00 00 /);
});

it('takes linear addresses and symbols', async () => {
  const [entry] = await shown('kmap_table+0');
  const [, ...bytes] = /^\w+ {2}(\w\w) (\w\w) (\w\w) (\w\w)/.exec(entry) ?? [];
  const frame = `${bytes.reverse().join('').slice(0, 5)}000`;
  const [physical] = await shown(`0x${frame}+8`);
  expect(await shown('--linear', '0xe0000000+8')).toEqual([physical.replace(frame, 'e0000000')]);
  expect((await shown('threads+4'))[0]).toMatch(/\|A\.\.\.\|$/);
});

it('writes a file', async () => {
  const file = join(folder, 'page.bin');
  const { stdout } = await runCli('memory', trace, `${USAGE}+4096`, '-o', file);
  expect(stdout).toEqual([`${file}: 4,096 bytes at icount 1,000,000`]);
  expect(readFileSync(file).subarray(0, 4).toString('latin1')).toBe('gasu');
});

it.each([
  { argv: ['0x802000', '--at', '9G'], message: /ends at icount 1,000,000/ },
  { argv: ['0x7fffffff'], message: /outside the guest's memory/ },
  {
    argv: ['--linear', '0xd0000000'],
    message: /d0000000 is not mapped at icount 1000000/,
    next: /--at ICOUNT/,
  },
  { argv: ['nobody'], message: /nobody/ },
])('says what is wrong with $argv', async ({ argv, message, next }) => {
  const { status, stderr } = await runCli('memory', trace, ...argv);
  expect([status, stderr[0]]).toEqual([2, expect.stringMatching(message)]);
  if (next) expect(stderr[1]).toMatch(next);
});
