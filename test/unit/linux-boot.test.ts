import { describe, expect, it } from 'vitest';
import { isLinuxImage, loadLinux } from '../../recorder/machine/boot/linux-boot.ts';
import { DEFAULT_CONFIG } from '../../recorder/machine/config.ts';
import { allocateMemory, RAM } from '../../recorder/machine/layout.ts';
import { BadInput } from '../../schemas/bad-input.ts';
import { expectZerosBut } from './fresh-memory.ts';

const MB = 1 << 20;

/** An image with a setup header of protocol 2.12 and `kernel` behind two setup sectors. */
function image({
  version = 0x20c,
  loadflags = 1,
  initSize = 4 * MB,
  kernel = 1000,
  initrdMax = 0x37ffffff,
} = {}): Uint8Array {
  const bytes = new Uint8Array(3 * 512 + kernel).fill(0x90, 3 * 512);
  const view = new DataView(bytes.buffer);
  view.setUint8(0x1f1, 2);
  view.setUint16(0x200, 0x66eb, true);
  view.setUint32(0x202, 0x53726448, true);
  view.setUint16(0x206, version, true);
  view.setUint8(0x211, loadflags);
  view.setUint32(0x22c, initrdMax, true);
  view.setUint32(0x238, 64, true);
  view.setBigUint64(0x258, BigInt(16 * MB), true);
  view.setUint32(0x260, initSize, true);
  return bytes;
}

const options = { cmdline: 'console=ttyS0', initrds: [], revision: DEFAULT_CONFIG.bootRevision };

describe('the Linux boot protocol', () => {
  it('knows an image by its header', () => {
    expect(isLinuxImage(image())).toBe(true);
    expect(isLinuxImage(new Uint8Array(4096))).toBe(false);
    expect(isLinuxImage(new Uint8Array(16))).toBe(false);
  });

  it('puts kernel, command line and boot_params where the entry finds them', () => {
    const mem = allocateMemory(32 * MB);
    const { entry, written } = loadLinux(mem, image(), options);
    expectZerosBut(mem, written);
    expect(entry.eip).toBe(MB);
    expect([entry.codeSelector, entry.dataSelector]).toEqual([0x10, 0x18]);
    expect(mem.u8.subarray(RAM + MB, RAM + MB + 1000).every((byte) => byte === 0x90)).toBe(true);
    const params = new DataView(mem.u8.buffer, RAM + entry.esi, 4096);
    const line = RAM + params.getUint32(0x228, true);
    expect(Buffer.from(mem.u8.subarray(line, line + 14)).toString()).toBe('console=ttyS0\0');
    expect(params.getUint8(0x210)).toBe(0xff);
    expect(params.getUint32(0x218, true)).toBe(0);
    // What lies before and behind the setup header in the file is not handed on.
    expect(params.getUint8(0x2f0)).toBe(0);
  });

  it('describes the memory in full and once', () => {
    const mem = allocateMemory(32 * MB);
    const params = new DataView(mem.u8.buffer, RAM + loadLinux(mem, image(), options).entry.esi, 4096);
    let end = 0n;
    for (let n = 0; n < params.getUint8(0x1e8); n++) {
      const at = 0x2d0 + 20 * n;
      expect(params.getBigUint64(at, true)).toBe(end);
      end += params.getBigUint64(at + 8, true);
    }
    expect(end).toBe(BigInt(32 * MB));
  });

  it('gives a GDT with the boot selectors', () => {
    const mem = allocateMemory(32 * MB);
    const { gdt, codeSelector, dataSelector } = loadLinux(mem, image(), options).entry;
    const descriptor = (selector: number) => mem.view.getBigUint64(RAM + (gdt?.base ?? 0) + selector, true);
    expect(descriptor(codeSelector)).toBe(0x00cf9b000000ffffn);
    expect(descriptor(dataSelector)).toBe(0x00cf93000000ffffn);
  });

  it('joins initrds high in memory, each at a multiple of four bytes', () => {
    const mem = allocateMemory(32 * MB);
    const initrds = [Uint8Array.of(1, 2, 3, 4, 5), Uint8Array.of(6)];
    const { entry, written } = loadLinux(mem, image(), { ...options, initrds });
    expectZerosBut(mem, written);
    const params = new DataView(mem.u8.buffer, RAM + entry.esi, 4096);
    const start = params.getUint32(0x218, true);
    expect(params.getUint32(0x21c, true)).toBe(12);
    expect(start % 4096).toBe(0);
    expect(start).toBeGreaterThan(20 * MB);
    expect([...mem.u8.subarray(RAM + start, RAM + start + 12)]).toEqual([1, 2, 3, 4, 5, 0, 0, 0, 6, 0, 0, 0]);
  });

  it.each([
    ['too little memory for the kernel', 16, image(), options, /needs memory up to .* 16 MB/],
    [
      'too little memory with the initrd',
      20,
      image(),
      { ...options, initrds: [new Uint8Array(8)] },
      /initrd needs/,
    ],
    [
      'an initrd that the kernel wants where it runs itself',
      64,
      image({ initrdMax: 20 * MB }),
      { ...options, initrds: [new Uint8Array(MB)] },
      /no room between the kernel's end \(0x1400000\)/,
    ],
    ['a zImage', 32, image({ loadflags: 0 }), options, /zImage/],
    ['an old protocol', 32, image({ version: 0x201 }), options, /boot protocol 2\.01/],
    ['a cut file', 32, image().subarray(0, 1536), options, /truncated/],
    ['a file without a setup header', 32, image().fill(0, 0x202, 0x206), options, /not a Linux kernel image/],
    ['a file shorter than one', 32, image().subarray(0, 0x210), options, /not a Linux kernel image/],
    ['a long command line', 32, image(), { ...options, cmdline: 'x'.repeat(65) }, /65 characters/],
  ])('refuses %s in words', (_what, megabytes, file, given, message) => {
    const load = () => loadLinux(allocateMemory(megabytes * MB), file, given, 'bzImage');
    expect(load).toThrow(BadInput);
    expect(load).toThrow(message);
  });
});
