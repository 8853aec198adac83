import { describe, expect, it } from 'vitest';
import { BadInput } from '../../schemas/bad-input.ts';
import { symbolize } from '../../schemas/elf.ts';
import { readSymbols, symbolsOfImage } from '../../schemas/symbol-file.ts';

const MAP = `00000000 A __per_cpu_start
c1000000 T _stext
c1000000 T _text
c1000100 t do_one
c2000000 D init_task
c3000000 A not_a_place
d0801000 t helper\t[ext4]
`;

/** A ZMAGIC a.out with its text at `offset`, and symbols `_main` and `_curproc`. */
function aout(offset: number): Uint8Array {
  const names = Buffer.from('\0\0\0\0_main\0_curproc\0gcc2_compiled.\0locore.o\0');
  names.writeUInt32LE(names.length);
  const symbols = [
    [names.indexOf('_main'), 5, 0xfe001000],
    [names.indexOf('_curproc'), 9, 0xfe009000],
    [names.indexOf('locore.o'), 4, 0xfe000000],
    [names.indexOf('_main'), 0x24, 0xfe001000],
  ].map(([name, type, value]) => {
    const entry = Buffer.alloc(12);
    entry.writeUInt32LE(name);
    entry[4] = type;
    entry.writeUInt32LE(value, 8);
    return entry;
  });
  const header = Buffer.alloc(offset);
  [0o413, 4096, 4096, 0, symbols.length * 12].forEach((word, n) => {
    header.writeUInt32LE(word, 4 * n);
  });
  return Buffer.concat([header, Buffer.alloc(8192), ...symbols, names]);
}

describe('symbol files', () => {
  it('reads a System.map: places only, one name an address, modules named', () => {
    const symbols = readSymbols(Buffer.from(MAP), 'System.map');
    expect(symbols.map(({ name, kind }) => `${name} ${kind}`)).toEqual([
      '_stext function',
      'do_one function',
      'init_task object',
      'helper [ext4] function',
    ]);
    expect(symbolize(symbols, 0xc1000123)).toBe('do_one+0x23');
  });

  it.each([4096, 1024])('reads an a.out whose text lies at %i', (offset) => {
    const symbols = readSymbols(aout(offset), 'vmunix');
    expect(symbols.map(({ name, address }) => [name, address])).toEqual([
      ['main', 0xfe001000],
      ['curproc', 0xfe009000],
    ]);
    expect(symbolsOfImage(aout(offset), 'vmunix')).toEqual(symbols);
  });

  it('refuses anything else in words', () => {
    expect(() => readSymbols(Buffer.from('not a map\n'), 'notes.txt')).toThrow(BadInput);
    expect(() => readSymbols(aout(4096).subarray(0, 8300), 'vmunix')).toThrow(/cut short/);
    expect(symbolsOfImage(Buffer.alloc(100), 'bzImage')).toEqual([]);
  });
});
