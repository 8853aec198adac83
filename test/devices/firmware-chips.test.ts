import { describe, expect, it } from 'vitest';
import type { Firmware } from '../../recorder/machine/device.ts';
import { FirmwareConfiguration } from '../../recorder/machine/devices/fw-cfg.ts';
import { PciHost } from '../../recorder/machine/devices/pci-host.ts';
import type { SystemPorts } from '../../recorder/machine/devices/system-ports.ts';
import { Board } from './board.ts';

/** Chips that only a machine with a BIOS has: the PCI host bridge and PIIX3, and fw_cfg. */

const firmware: Firmware = {
  ...{ bios: new Uint8Array(0x10000), vgaBios: Uint8Array.of(0x55, 0xaa, 1), bootOrder: ['disk'], pci: true },
};

function pci(visible = true) {
  const regions = new Map<number, number>();
  const set = (region: number, mode: number) => void regions.set(region, mode);
  const memory = { shadow: { attach: () => {}, setRegion: set, restoreRegion: set } };
  const board = new Board({}, { memory, firmware: { ...firmware, pci: visible } } as never);
  let resets = 0;
  const device = new PciHost(board.host, board.bus, { reset: () => resets++ } as unknown as SystemPorts);
  board.device = device;
  const address = (device: number, fn: number, register: number) =>
    board.bus.out(0xcf8, 4, 0x80000000 | (device << 11) | (fn << 8) | (register & 0xfc));
  const read = (device: number, fn: number, register: number, size: 1 | 2 | 4 = 4) => {
    address(device, fn, register);
    return board.bus.in(0xcfc + (register & 3), size) >>> 0;
  };
  const write = (device: number, fn: number, register: number, value: number, size: 1 | 2 | 4 = 1) => {
    address(device, fn, register);
    board.bus.out(0xcfc + (register & 3), size, value);
  };
  return { board, device, regions, read, write, resets: () => resets };
}

describe('PCI configuration mechanism #1 (PCI 2.1, 3.2.2.3.2)', () => {
  it('finds the host bridge, the ISA bridge and the IDE function, and ones elsewhere', () => {
    const { read } = pci();
    expect([read(0, 0, 0), read(1, 0, 0), read(1, 1, 0)]).toEqual([0x12378086, 0x70008086, 0x70108086]);
    expect([read(0, 0, 8) >>> 8, read(1, 0, 8) >>> 8, read(1, 1, 8) >>> 8]).toEqual([
      0x060000, 0x060100, 0x010100,
    ]);
    expect([read(0, 1, 0), read(2, 0, 0), read(31, 7, 0)]).toEqual(Array(3).fill(0xffffffff));
    // A device of several functions says so in its first.
    expect([read(0, 0, 0x0e, 1), read(1, 0, 0x0e, 1)]).toEqual([0, 0x80]);
  });

  it('moves bytes, words and doublewords; the address register is one of 32 bits', () => {
    const { board, read, write } = pci();
    expect([read(0, 0, 0, 2), read(0, 0, 2, 2), read(0, 0, 1, 1)]).toEqual([0x8086, 0x1237, 0x80]);
    write(0, 0, 0x50, 0x12345678, 4);
    expect([read(0, 0, 0x50), read(0, 0, 0x52, 1)]).toEqual([0x12345678, 0x34]);
    board.bus.out(0xcf8, 4, 0x80000850);
    board.bus.out(0xcf8, 2, 0);
    expect(board.bus.in(0xcf8, 4) >>> 0).toBe(0x80000850);
    expect(board.bus.in(0xcf8, 1)).toBe(0xff);
    board.bus.out(0xcf8, 4, 0x00000000);
    expect(board.bus.in(0xcfc, 4) | 0).toBe(-1);
  });

  it('identification and base addresses are read only', () => {
    const { read, write } = pci();
    for (const register of [0, 8, 0x10, 0x24]) {
      const before = read(1, 1, register);
      write(1, 1, register, 0xffffffff, 4);
      expect(read(1, 1, register)).toBe(before);
    }
    write(1, 1, 0x3c, 14);
    expect(read(1, 1, 0x3c, 1)).toBe(14);
  });
});

describe('PAM registers (82441FX, 3.2.15)', () => {
  it('say of each 16 KB from C0000h, and of F0000h as one, where reads and stores go', () => {
    const { regions, write } = pci();
    write(0, 0, 0x59, 0x30);
    expect([...regions]).toEqual([12, 13, 14, 15].map((region) => [region, 3]));
    regions.clear();
    for (let register = 1; register < 7; register++) write(0, 0, 0x59 + register, 0x21);
    expect([...regions]).toEqual([...Array(12).keys()].map((region) => [region, region & 1 ? 2 : 1]));
  });

  it('put ROM back with a reset by CF9h', () => {
    const { board, regions, write, resets } = pci();
    write(0, 0, 0x59, 0x30);
    board.out(0xcf9, 2);
    expect(resets()).toBe(0);
    board.out(0xcf9, 6);
    expect([resets(), regions.get(15)]).toEqual([1, 0]);
  });
});

it('with ISA only the bus is gone once the BIOS locks its segment, and back after a reset of the processor', () => {
  const { device, read, write } = pci(false);
  expect(read(0, 0, 0)).toBe(0x12378086);
  write(0, 0, 0x59, 0x10);
  expect(read(0, 0, 0)).toBe(0xffffffff);
  device.processorReset();
  expect(read(0, 0, 0)).toBe(0x12378086);
});

it('PCI goes on from a snapshot: address, registers, what lies at C0000h', () => {
  const { board, regions, write } = pci();
  write(0, 0, 0x5a, 0x13);
  board.bus.out(0xcf8, 4, 0x8000005a & ~3);
  const saved = board.save();
  write(0, 0, 0x5a, 0x20);
  regions.clear();
  board.restore(saved);
  expect([board.bus.in(0xcfe, 1), regions.get(0), regions.get(1)]).toEqual([0x13, 3, 1]);
});

describe('fw_cfg (QEMU, docs/specs/fw_cfg)', () => {
  const configuration = () => {
    const board = new Board({}, { firmware } as never);
    board.device = new FirmwareConfiguration(board.host, firmware, board.bus);
    const item = (selector: number, bytes: number) => {
      board.bus.out(0x510, 2, selector);
      return Array.from({ length: bytes }, () => board.in(0x511));
    };
    return { board, item };
  };

  it('has the signature, the traditional interface and one processor', () => {
    const { item } = configuration();
    expect(Buffer.from(item(0, 4)).toString()).toBe('QEMU');
    expect([item(1, 4), item(5, 2), item(0x0f, 2)]).toEqual([
      [1, 0, 0, 0],
      [1, 0],
      [1, 0],
    ]);
  });

  it('lists its files with size, selector and name', () => {
    const { board, item } = configuration();
    const [, , , count] = item(0x19, 4);
    const files = new Map(
      Array.from({ length: count }, () => {
        const entry = Buffer.from(Array.from({ length: 64 }, () => board.in(0x511)));
        const name = entry.subarray(8, entry.indexOf(0, 8)).toString();
        return [name, { bytes: entry.readUInt32BE(0), selector: entry.readUInt16BE(4) }];
      }),
    );
    const { bytes, selector } = files.get('vgaroms/vgabios.bin') as { bytes: number; selector: number };
    expect(item(selector, bytes + 1)).toEqual([0x55, 0xaa, 1, 0]);
    const map = files.get('etc/e820') as { bytes: number; selector: number };
    const ram = Buffer.from(item(map.selector, map.bytes));
    expect([ram.readBigUInt64LE(0), ram.readBigUInt64LE(8), ram.readUInt32LE(16)]).toEqual([
      0n,
      4n << 20n,
      1,
    ]);
  });

  it('an unknown item is zeros; each selection begins anew, also after a snapshot', () => {
    const { board, item } = configuration();
    expect(item(0x7777, 3)).toEqual([0, 0, 0]);
    item(0, 2);
    const saved = board.save();
    expect(board.in(0x511)).toBe('M'.charCodeAt(0));
    board.restore(saved);
    expect([board.in(0x511), item(0, 1)[0]]).toEqual(['M'.charCodeAt(0), 'Q'.charCodeAt(0)]);
  });
});
