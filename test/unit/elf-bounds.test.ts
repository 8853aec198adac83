import { expect, it } from 'vitest';
import { BadInput } from '../../schemas/bad-input.ts';
import { readElf } from '../../schemas/guest/elf.ts';
import { random } from './trace-fixture.ts';

/** A kernel comes in a trace, and so from anyone: whatever its headers say, it is read in bounded time or refused in a line. */

const HEADER = 52;
const SEGMENT = 32;
const SECTION = 40;
const SYMBOL = 16;

interface Shape {
  readonly segments?: number;
  readonly memoryBytes?: number;
  readonly symbols?: number;
  /** Of the section that holds the symbols' names. */
  readonly link?: number;
  readonly names?: number;
}

/** An i386 ELF file with so many equal segments, and a symbol table all of whose names begin at one place. */
function elf({ segments = 1, memoryBytes = 4096, symbols = 1, link = 1, names = 16 }: Shape): Uint8Array {
  const at = { segments: HEADER, sections: HEADER + segments * SEGMENT };
  const symbolsAt = at.sections + 2 * SECTION;
  const namesAt = symbolsAt + symbols * SYMBOL;
  const file = new Uint8Array(namesAt + names).fill(0x61, namesAt);
  const view = new DataView(file.buffer);
  const u32 = (where: number, ...values: number[]) => {
    for (const [n, value] of values.entries()) view.setUint32(where + 4 * n, value, true);
  };
  u32(0, 0x464c457f, 0x0101);
  view.setUint16(18, 3, true);
  u32(28, at.segments, at.sections);
  for (const [n, value] of [SEGMENT, segments, SECTION, 2].entries()) view.setUint16(42 + 2 * n, value, true);
  for (let n = 0; n < segments; n++)
    u32(at.segments + n * SEGMENT, 1, 0, 0xc0100000, 0x100000, HEADER, memoryBytes);
  u32(at.sections + 4, 2, 0, 0, symbolsAt, symbols * SYMBOL, link);
  u32(at.sections + SECTION + 4, 3, 0, 0, namesAt, names);
  for (let n = 0; n < symbols; n++) {
    u32(symbolsAt + n * SYMBOL, 0, 0xc0100000 + 16 * n, 16);
    view.setUint8(symbolsAt + n * SYMBOL + 12, 2);
    view.setUint16(symbolsAt + n * SYMBOL + 14, 1, true);
  }
  return file;
}

it('reads what it is made of', () => {
  const { segments, symbols } = readElf(elf({ symbols: 3 }), 'k');
  expect(segments).toHaveLength(1);
  expect(symbols.map(({ name }) => name.raw)).toEqual(Array(3).fill('a'.repeat(16)));
});

it('refuses segments that lie one over the other without end', () => {
  expect(() => readElf(elf({ segments: 1000, memoryBytes: 2 ** 24 }), 'k')).toThrow(
    /its segments take \d+ bytes/,
  );
});

it('refuses symbols without names', () => {
  expect(() => readElf(elf({ link: 7 }), 'k')).toThrow(BadInput);
});

it('cuts a name that never ends, however many symbols have it', () => {
  const { symbols } = readElf(elf({ symbols: 2000, names: 2 ** 20 }), 'k');
  expect(symbols).toHaveLength(2000);
  for (const { name } of symbols) expect(name.raw.length).toBeLessThanOrEqual(4096);
});

it('reads or refuses it with any word of its headers changed', () => {
  const whole = elf({ symbols: 4 });
  const next = random(3);
  const values = [0, 1, 0x7f, 0xffff, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1];
  let refused = 0;
  for (let at = 4; at < whole.length - 4; at += 2) {
    const file = whole.slice();
    new DataView(file.buffer).setUint32(at, values[next() % values.length], true);
    try {
      readElf(file, 'k');
    } catch (error) {
      expect(error, `word at ${at}`).toBeInstanceOf(BadInput);
      refused++;
    }
  }
  expect(refused).toBeGreaterThan(10);
});
