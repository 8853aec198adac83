import { expect, it } from 'vitest';
import { findKallsyms, systemMap } from '../../analysis/linux/kallsyms.ts';

const TOKENS = 256;
const BASE = 0xc1000000;

/** Each byte stands for itself where it can; for others, letters that no name here has. */
function tokenTable(): { readonly text: Buffer; readonly index: Buffer } {
  const tokens = Array.from({ length: TOKENS }, (_, n) =>
    n > 0x20 && n < 0x7f ? String.fromCharCode(n) : 'xx',
  );
  const index = Buffer.alloc(2 * TOKENS);
  let at = 0;
  for (const [n, token] of tokens.entries()) {
    index.writeUInt16LE(at, 2 * n);
    at += token.length + 1;
  }
  return { text: Buffer.from(`${tokens.join('\0')}\0`, 'latin1'), index };
}

const padding = (bytes: number): Buffer => Buffer.alloc((4 - (bytes % 4)) % 4);
const words = (numbers: readonly number[]): Buffer => Buffer.from(Uint32Array.from(numbers).buffer);

/** Memory with a table of these names, as scripts/kallsyms.c lays one out from 4.6 on, behind `before`. */
function memoryWith(names: readonly string[], before: Buffer): Buffer {
  const entries = names.map((name) => Buffer.from([name.length, ...Buffer.from(name, 'latin1')]));
  const starts = entries.map((_, n) => entries.slice(0, n).reduce((sum, { length }) => sum + length, 0));
  const text = Buffer.concat(entries);
  const { text: tokens, index } = tokenTable();
  return Buffer.concat([
    before,
    padding(before.length),
    words(names.map((_, n) => 16 * n)),
    words([BASE, names.length]),
    text,
    padding(text.length),
    words(starts.filter((_, n) => n % 256 === 0)),
    tokens,
    padding(tokens.length),
    index,
    Buffer.alloc(4096),
  ]);
}

it('finds a table by its shape, and gives it as a System.map', () => {
  const names = Array.from({ length: 1500 }, (_, n) => `Tfunction_${n}`);
  const found = findKallsyms(memoryWith(names, Buffer.alloc(100_000, 0xe9)));
  expect(found?.symbols).toHaveLength(1500);
  expect(
    systemMap(found ?? { symbols: [] })
      .split('\n')
      .slice(0, 2),
  ).toEqual(['c1000000 T function_0', 'c1000010 T function_1']);
});

it('says that there is none, and does not look for days, where all memory looks like the beginning of one', () => {
  // At each word 934,403 names of three tokens.
  const pattern = Buffer.alloc(4 << 20);
  for (let at = 0; at < pattern.length; at += 4) pattern.set([3, 0x40, 0x0e, 0], at);
  const { text, index } = tokenTable();
  const memory = Buffer.concat([pattern, text, padding(text.length), index, Buffer.alloc(64)]);
  expect(findKallsyms(memory)).toBeUndefined();
  // Nothing is read behind the memory.
  for (const end of [64, 60, 4, 1]) expect(findKallsyms(memory.subarray(0, -end))).toBeUndefined();
}, 30_000);
