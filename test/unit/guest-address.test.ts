import { expect, it } from 'vitest';
import { parseRange } from '../../analysis/cli/options/asked-memory.ts';
import { hanging } from '../../analysis/cli/terminal/format.ts';
import { readCount } from '../../schemas/count.ts';
import type { ElfSymbol } from '../../schemas/guest/elf.ts';
import { symbolAddress } from '../../schemas/guest/guest-address.ts';
import { nearest } from '../../schemas/nearest.ts';
import { untrusted } from '../../schemas/untrusted.ts';

/** Addresses, counts and names as people type them. */

const symbol = (name: string, address: number, size: number, kind: ElfSymbol['kind']): ElfSymbol => ({
  ...{ name: untrusted(name), address, size, kind },
});
const SYMBOLS = [
  symbol('pmap_enter', 0xf0103000, 400, 'function'),
  symbol('curproc', 0xf0121a88, 4, 'object'),
  symbol('kmap_pt', 0xf0125000, 4096, 'object'),
];

it('reads symbols with offsets', () => {
  expect(symbolAddress('curproc', SYMBOLS)).toBe(0xf0121a88);
  expect(symbolAddress('kmap_pt+8', SYMBOLS)).toBe(0xf0125008);
  expect(symbolAddress('kmap_pt+0x10', SYMBOLS)).toBe(0xf0125010);
  expect(symbolAddress('kmap_pt-4', SYMBOLS)).toBe(0xf0124ffc);
  expect(symbolAddress('12', SYMBOLS)).toBeUndefined();
});

it('says which symbol was meant', () => {
  expect(() => symbolAddress('pmap_entr', SYMBOLS)).toThrow(
    /no symbol pmap_entr \(did you mean pmap_enter\?\)/,
  );
  expect(() => symbolAddress('kmem_map', SYMBOLS)).toThrow(/no symbol kmem_map$/);
  expect(() => symbolAddress('curproc', [])).toThrow(/the guest has no symbols/);
});

it('takes a symbol for the whole of an object, and a number for a word', () => {
  const range = (text: string) => parseRange(text, () => SYMBOLS);
  expect(range('kmap_pt')).toEqual({ start: 0xf0125000, bytes: 4096, isSymbol: true });
  expect(range('kmap_pt+8')).toEqual({ start: 0xf0125008, bytes: 4, isSymbol: true });
  expect(range('pmap_enter')).toEqual({ start: 0xf0103000, bytes: 4, isSymbol: true });
  expect(range('0x5c7000')).toEqual({ start: 0x5c7000, bytes: 4, isSymbol: false });
  expect(range('0x5c7000+4096')).toEqual({ start: 0x5c7000, bytes: 4096, isSymbol: false });
  expect(range('0x1000-0x1010')).toEqual({ start: 0x1000, bytes: 16, isSymbol: false });
  for (const text of ['0x10-0x8', '', '5+0', '%']) expect(() => range(text)).toThrow(/not a memory range/);
});

it('reads counts with and without suffixes', () => {
  const counts = {
    '100M': 1e8,
    '1.5G': 1.5e9,
    '22,711,849': 22711849,
    '250_000': 250000,
    '0x1000': 4096,
    '2k': 2000,
  };
  for (const [text, count] of Object.entries(counts)) expect(readCount(text), text).toBe(count);
  for (const text of ['', 'abc', '-1', '1e9', '5m', '0x']) expect(readCount(text), text).toBeUndefined();
});

it('finds what a mistyped word meant, and nothing that is unlike it', () => {
  const words = ['check', 'record', 'replay', 'query', 'who-wrote', 'foreign-pmap'];
  for (const [typed, meant] of Object.entries({
    chek: 'check',
    recrod: 'record',
    repaly: 'replay',
    'foregn-pmap': 'foreign-pmap',
    whowrote: 'who-wrote',
    QUERY: 'query',
    verify: undefined,
    x: undefined,
  }))
    expect(nearest(typed, words), typed).toBe(meant);
});

it('breaks lines between words, below the text', () => {
  expect(hanging('name  ', 'one two three four', 16)).toEqual(['name  one two', '      three four']);
  expect(hanging('name  ', 'aVeryLongWordThatFitsNowhere x', 10)).toEqual([
    'name  aVeryLongWordThatFitsNowhere',
    '      x',
  ]);
  expect(hanging('name  ', '', 10)).toEqual(['name  ']);
});
