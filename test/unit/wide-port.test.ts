import { describe, expect, it } from 'vitest';
import { PortBus } from '../../recorder/machine/devices/bus.ts';

describe('an access wider than a device', () => {
  const bus = new PortBus();
  const written: number[][] = [];
  const handler = {
    in: (port: number) => 0x10 + port,
    out: (port: number, value: number, size: number) => void written.push([port, value, size]),
  };
  bus.claim([0x40, 0x43], { bytes: true, ...handler });
  bus.claim([0x1f0, 0x1f7], handler);

  it('becomes one of each byte', () => {
    bus.out(0x40, 4, 0x44332211);
    bus.out(0x43, 2, 0xb6c3);
    expect(written.splice(0)).toEqual([
      [0, 0x11, 1],
      [1, 0x22, 1],
      [2, 0x33, 1],
      [3, 0x44, 1],
      [3, 0xc3, 1],
    ]);
    expect(bus.in(0x40, 4)).toBe(0x13121110);
    // The second byte is at a port where nothing answers.
    expect(bus.in(0x43, 2)).toBe(0xff13);
  });

  it('reaches a wide device as it is', () => {
    bus.out(0x1f0, 2, 0xabcd);
    expect(written.splice(0)).toEqual([[0, 0xabcd, 2]]);
  });
});
