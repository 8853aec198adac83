import { describe, expect, it } from 'vitest';
import { BadInput } from '../../schemas/bad-input.ts';
import { symbolize } from '../../schemas/guest/elf.ts';
import { codeOf, readSymbols, symbolsOfImage } from '../../schemas/guest/symbol-file.ts';

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
  [0o413, 4096, 4096, 0, symbols.length * 12, 0xfe000010].forEach((word, n) => {
    header.writeUInt32LE(word, 4 * n);
  });
  return Buffer.concat([header, Buffer.alloc(4096, 0x90), Buffer.alloc(4096), ...symbols, names]);
}

/** An ELF with a segment of no bytes at `linear` and symbols of section SHN_ABS. */
function elfWithAbsoluteSymbols(linear: number, symbols: readonly { name: string; address: number }[]) {
  const names = Buffer.from(`\0${symbols.map(({ name }) => `${name}\0`).join('')}`, 'latin1');
  const [programAt, sectionsAt, symbolsAt] = [52, 84, 204];
  const namesAt = symbolsAt + 16 * symbols.length;
  const file = Buffer.alloc(namesAt + names.length);
  file.set([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1]);
  file.writeUInt16LE(2, 16);
  file.writeUInt16LE(3, 18);
  file.writeUInt32LE(programAt, 28);
  file.writeUInt32LE(sectionsAt, 32);
  [32, 1, 40, 3].forEach((half, n) => {
    file.writeUInt16LE(half, 42 + 2 * n);
  });
  file.writeUInt32LE(1, programAt);
  file.writeUInt32LE(linear, programAt + 8);
  const section = (n: number, type: number, offset: number, bytes: number, link: number) =>
    [type, 0, 0, offset, bytes, link].forEach((word, i) => {
      file.writeUInt32LE(word, sectionsAt + 40 * n + 4 + 4 * i);
    });
  section(1, 2, symbolsAt, 16 * symbols.length, 2);
  section(2, 3, namesAt, names.length, 0);
  symbols.forEach(({ name, address }, n) => {
    file.writeUInt32LE(names.indexOf(name), symbolsAt + 16 * n);
    file.writeUInt32LE(address, symbolsAt + 16 * n + 4);
    file.writeUInt16LE(0xfff1, symbolsAt + 16 * n + 14);
  });
  file.set(names, namesAt);
  return file;
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
    expect(symbols.map(({ name, address }) => [name.raw, address])).toEqual([
      ['main', 0xfe001000],
      ['curproc', 0xfe009000],
    ]);
    expect(symbolsOfImage(aout(offset), 'vmunix')).toEqual(symbols);
    const [{ linear, bytes }] = codeOf(aout(offset), 'vmunix');
    expect([linear, bytes.length, bytes.every((byte) => byte === 0x90)]).toEqual([0xfe000000, 4096, true]);
  });

  it('takes absolute symbols of an ELF for places only where something is loaded', () => {
    const absolute = (name: string, address: number) => ({ name, address });
    const elf = elfWithAbsoluteSymbols(0x8010_0000, [
      absolute('_binary_initcode_size', 0x2c),
      absolute('APTmap', 0xffc0_0000),
    ]);
    expect(readSymbols(elf, 'kernel').map(({ name }) => name.raw)).toEqual(['APTmap']);
  });

  it('has the per-CPU variables of a vmlinux, or its System.map, where those of the first processor are', () => {
    const image = {
      ...{ _stext: 0xc1000000, before: 0xc1ffffff, __per_cpu_load: 0xc2000000, __per_cpu_start: 0xc2000000 },
      ...{ gdt_page: 0xc2000000, current_task: 0xc2000040, __per_cpu_end: 0xc2001000, after: 0xc2001000 },
    };
    const moved = { ...image, gdt_page: 0xc7000000, current_task: 0xc7000040 };
    const map = Object.entries(image).map(([name, address]) => `${address.toString(16)} D ${name}\n`);
    const elf = elfWithAbsoluteSymbols(
      0xc1000000,
      Object.entries(image).map(([name, address]) => ({ name, address })),
    );
    // One name an address.
    const { __per_cpu_start, after, ...named } = moved;
    for (const file of [Buffer.from(map.join('')), elf]) {
      const symbols = readSymbols(file, 'vmlinux', 0x5000000);
      expect(Object.fromEntries(symbols.map(({ name, address }) => [name.raw, address]))).toEqual(named);
      expect(symbols.map(({ address }) => address)).toEqual(Object.values(named).sort((a, b) => a - b));
      const asTheyAre = readSymbols(file, 'vmlinux').find(({ name }) => name.raw === 'current_task');
      expect(asTheyAre?.address).toBe(image.current_task);
    }
  });

  it('refuses anything else in words', () => {
    expect(() => readSymbols(Buffer.from('not a map\n'), 'notes.txt')).toThrow(BadInput);
    expect(() => readSymbols(aout(4096).subarray(0, 8300), 'vmunix')).toThrow(/truncated/);
    expect(symbolsOfImage(Buffer.alloc(100), 'bzImage')).toEqual([]);
  });
});
