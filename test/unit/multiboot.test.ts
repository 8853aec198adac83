import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openGuest } from '../../analysis/cli/options/guest.ts';
import { loadMultiboot } from '../../recorder/machine/boot/multiboot.ts';
import { buildMachine } from '../../recorder/machine/build.ts';
import { DEFAULT_CONFIG, NO_PROFILE } from '../../recorder/machine/config.ts';
import { allocateMemory, RAM } from '../../recorder/machine/layout.ts';
import { expectKnownContents, expectZerosBut } from './fresh-memory.ts';

/** The memory that a Multiboot kernel finds (Multiboot Specification 0.6.96, 3.3). */

const MB = 1 << 20;

/** A flat image that the addresses in its header put at `load`; `bss` bytes of zeros follow it. */
function image(load: number, bytes: number, bss = 0): Uint8Array {
  const file = new Uint8Array(bytes).fill(0x5a);
  const view = new DataView(file.buffer);
  const flags = 0x10000;
  const words = [0x1badb002, flags, -(0x1badb002 + flags), load, load, 0, load + bytes + bss, load + 32];
  for (const [n, word] of words.entries()) view.setInt32(4 * n, word | 0, true);
  return file;
}

interface Loaded {
  readonly start: number;
  readonly end: number;
  readonly commandLine: string;
  readonly memLower: number;
  readonly map: number[][];
  readonly modules: { start: number; end: number; commandLine: string }[];
  readonly intact: boolean;
}

function load(
  file: Uint8Array,
  at: number,
  {
    cmdline = 'kernel a=b',
    modules = [] as string[],
    revision = DEFAULT_CONFIG.bootRevision,
    ram = 16 * MB,
  } = {},
): Loaded {
  const mem = allocateMemory(ram);
  const given = modules.map((commandLine) => ({ bytes: new Uint8Array(5000).fill(7), commandLine }));
  const { entry: loaded, written } = loadMultiboot(
    mem,
    file,
    { cmdline, modules: given, revision },
    'kernel',
  );
  expectZerosBut(mem, written);
  const { ebx } = loaded;
  const word = (address: number) => mem.view.getUint32(RAM + address, true);
  let end = ebx + 116;
  const string = (address: number) => {
    const bytes = mem.u8.subarray(RAM + address);
    const length = bytes.indexOf(0);
    end = Math.max(end, address + length + 1);
    return Buffer.from(bytes.subarray(0, length)).toString();
  };
  const map: number[][] = [];
  for (let entry = word(ebx + 48); entry < word(ebx + 48) + word(ebx + 44); entry += word(entry) + 4)
    map.push([word(entry + 4), word(entry + 12), word(entry + 20)]);
  end = Math.max(end, word(ebx + 48) + word(ebx + 44));
  const table = word(ebx + 24);
  const found = given.map((_module, n) => ({
    start: word(table + 16 * n),
    end: word(table + 16 * n + 4),
    commandLine: string(word(table + 16 * n + 8)),
  }));
  const commandLine = string(word(ebx + 16));
  string(word(ebx + 64));
  const intact =
    Buffer.compare(file, mem.u8.subarray(RAM + at, RAM + at + file.length)) === 0 &&
    found.every(({ start, end }) => mem.u8.subarray(RAM + start, RAM + end).every((byte) => byte === 7));
  return { ...{ start: ebx, end, commandLine, memLower: word(ebx + 4), map, modules: found, intact } };
}

describe('the information structure', () => {
  it('lies at 9000h where that is free, with command line, modules and memory map', () => {
    const { start, commandLine, modules, map, intact } = load(image(MB, 100), MB, {
      modules: ['one', 'two x=y'],
    });
    expect([start, commandLine, intact]).toEqual([0x9000, 'kernel a=b', true]);
    expect(modules.map((module) => module.commandLine)).toEqual(['one', 'two x=y']);
    expect(map).toEqual([
      [0, 0xa0000, 1],
      [0xa0000, 0x60000, 2],
      [MB, 15 * MB, 1],
    ]);
  });

  it.each([
    ['a kernel at 9000h', 0x8000, 0x2000, 0],
    ['a kernel that ends inside', 0x8000, 0x1010, 0],
    ['zeros of a kernel', 0x8000, 0x100, 0x2000],
    ['a kernel at the top of base memory too', 0x8000, 0x90000, 0],
    ['a kernel in all of base memory', 0x1000, 0x9f000, 0],
  ])('goes elsewhere for %s', (_what, at, bytes, bss) => {
    const { start, end, modules, intact } = load(image(at, bytes, bss), at, { modules: ['m'] });
    expect(intact).toBe(true);
    expect(start % 4096).toBe(0);
    for (const taken of [{ start: at, end: at + bytes + bss }, ...modules])
      expect(end <= taken.start || start >= taken.end).toBe(true);
    expect(start >= MB || end <= 0x9fc00).toBe(true);
  });

  it('that has no room is refused', () => {
    expect(() => load(image(0x1000, 2 * MB - 0x1000), 0x1000, { ram: 2 * MB })).toThrow(
      /no room for the Multiboot information \(\d+ bytes\)/,
    );
    expect(() => load(image(MB, 100), MB, { ram: 2 * MB, cmdline: 'x'.repeat(2 * MB) })).toThrow(/no room/);
  });

  it('old traces: it lies at 9000h, whatever else does', () => {
    const { start, memLower, intact } = load(image(0x8000, 0x2000), 0x8000, { revision: 0 });
    expect([start, memLower, intact]).toEqual([0x9000, 639, false]);
  });

  it('has the base memory of CMOS', () => {
    const nondet = { draw: (_k: string, _n: number, low: number) => low, nextInputAt: () => Infinity };
    const machine = buildMachine(
      {
        ...{ config: DEFAULT_CONFIG, profile: NO_PROFILE, sink: null, disk: null },
        nondet: { ...nondet, takeInput: () => undefined },
      },
      { kind: 'multiboot', name: 'kernel', image: image(MB, 100), commandLine: 'kernel', modules: [] },
    );
    expectKnownContents(machine);
    const { bus } = machine.devices;
    const cmos = (register: number) => {
      bus.out(0x70, 1, register);
      return bus.in(0x71, 1);
    };
    expect(machine.mem.view.getUint32(RAM + 0x9004, true)).toBe(cmos(0x15) | (cmos(0x16) << 8));
  });
});

describe('command lines begin with the name of what they are for', () => {
  const folder = mkdtempSync(join(tmpdir(), 'r386-multiboot-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const file = (name: string, bytes: Uint8Array) => {
    const path = join(folder, name);
    writeFileSync(path, bytes);
    return path;
  };

  it('of kernel and modules, as GRUB Legacy and QEMU give them', () => {
    const guest = file('mykernel', image(MB, 100));
    const module = file('ramdisk', new Uint8Array(4));
    const request = { guest, seed: 1n, modules: [module, `${module}=root ro`] };
    const { commandLine, modules } = openGuest({ ...request, append: 'root=hd0 a="b c"' }).boot;
    expect(commandLine).toBe('mykernel root=hd0 a="b c"');
    expect(modules.map((one) => one.commandLine)).toEqual(['ramdisk', 'ramdisk root ro']);
    expect(openGuest(request).boot.commandLine).toBe('mykernel');
  });

  it('the built-in guest takes options alone', () => {
    const { commandLine } = openGuest({ guest: 'bsd96', seed: 5n, modules: [] }).boot;
    expect(commandLine).toBe('kernel=buggy workload=ftpd seed=5');
  });
});
