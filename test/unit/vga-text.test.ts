import { expect, it } from 'vitest';
import { DEFAULT_CONFIG } from '../../recorder/machine/config.ts';
import type { DeviceHost } from '../../recorder/machine/device.ts';
import { PortBus } from '../../recorder/machine/devices/bus.ts';
import { Vga } from '../../recorder/machine/devices/vga.ts';
import { readTextScreen, screenLines } from '../../recorder/machine/devices/vga-text.ts';
import { allocateMemory, RAM } from '../../recorder/machine/layout.ts';

function screen() {
  const mem = allocateMemory(4 << 20);
  const bus = new PortBus();
  const clock = { icount: 0 };
  new Vga({ mem, clock, config: DEFAULT_CONFIG } as DeviceHost, bus);
  const put = (at: number, text: string, attribute: number) => {
    [...Buffer.from(text, 'latin1')].forEach((byte, i) => {
      mem.u8.set([byte, attribute], RAM + 0xb8000 + 2 * (at + i));
    });
  };
  const crtc = (index: number, value: number) => bus.out(0x3d4, 2, index | (value << 8));
  return { mem, bus, clock, put, crtc };
}

it('shows text, colours and cursor from memory and registers', () => {
  const { mem, put, crtc } = screen();
  put(80 * 2 + 3, 'r\x82sum\x82', 0x1e);
  crtc(0x0e, 0);
  crtc(0x0f, 80 * 2 + 9);
  const text = readTextScreen(mem);
  expect(text).toMatchObject({ columns: 80, rows: 25, cursor: { column: 9, row: 2 }, blinks: true });
  expect(screenLines(text!)[2]).toBe('   résumé');
  expect(text!.cells[80 * 2 + 3]).toBe(0x1e72);
  expect(text!.palette[14]).toEqual([255, 255, 85]);
  expect(text!.palette[1]).toEqual([0, 0, 170]);
});

it('follows the start address, and hides a cursor that is off', () => {
  const { mem, put, crtc } = screen();
  put(80 * 5, 'scrolled', 7);
  crtc(0x0d, 80 * 5 - 256);
  crtc(0x0c, 1);
  crtc(0x0a, 0x20);
  const text = readTextScreen(mem)!;
  expect(screenLines(text)[0]).toBe('scrolled');
  expect(text.cursor).toBeNull();
});

it('has no text in a graphics mode', () => {
  const { mem, bus } = screen();
  bus.out(0x3ce, 2, 6 | (5 << 8));
  expect(readTextScreen(mem)).toBeNull();
});

it('retraces at 70 Hz of virtual time', () => {
  const { bus, clock } = screen();
  let rises = 0;
  for (let was = 0, icount = 0; icount < DEFAULT_CONFIG.instructionsPerSecond; icount += 200) {
    clock.icount = icount;
    const now = bus.in(0x3da, 1) & 8;
    if (now > was) rises++;
    was = now;
  }
  expect(rises).toBe(70);
});
