import { expect, it } from 'vitest';
import { DEFAULT_CONFIG } from '../../recorder/machine/config.ts';
import type { DeviceHost } from '../../recorder/machine/device.ts';
import { PortBus } from '../../recorder/machine/devices/bus.ts';
import { KeyboardController } from '../../recorder/machine/devices/keyboard8042.ts';
import type { InterruptControllers } from '../../recorder/machine/devices/pic8259.ts';
import type { SystemPorts } from '../../recorder/machine/devices/system-ports.ts';
import { allocateMemory } from '../../recorder/machine/layout.ts';

function controller() {
  const bus = new PortBus();
  const clock = { icount: 0 };
  const lines = new Map<number, boolean>();
  const pic = { setLine: (line: number, level: boolean) => void lines.set(line, level) };
  const host = { mem: allocateMemory(4 << 20), clock, config: DEFAULT_CONFIG } as unknown as DeviceHost;
  const keyboard = new KeyboardController(
    host,
    bus,
    pic as unknown as InterruptControllers,
    { a20: true } as SystemPorts,
  );
  return { bus, keyboard, clock, lines };
}

const OUTPUT_FULL = 0x01;

it('a byte for the auxiliary port times out: nothing is there', () => {
  const { bus, lines } = controller();
  bus.out(0x64, 1, 0x60);
  bus.out(0x60, 1, 0x47);
  bus.out(0x64, 1, 0xd4);
  expect(bus.in(0x64, 1) & OUTPUT_FULL).toBe(0);
  bus.out(0x60, 1, 0xf4);
  // Output full, from the auxiliary port, time-out.
  expect(bus.in(0x64, 1) & 0x61).toBe(0x61);
  expect([lines.get(1), lines.get(12)]).toEqual([false, true]);
  expect(bus.in(0x60, 1)).toBe(0xfe);
  expect(bus.in(0x64, 1) & 0x61).toBe(0);
  expect([lines.get(1), lines.get(12)]).toEqual([false, false]);
});

it('without its interrupt enabled, line 12 stays low; the keyboard hears nothing of it', () => {
  const { bus, keyboard, clock, lines } = controller();
  bus.out(0x64, 1, 0xd4);
  bus.out(0x60, 1, 0xed);
  expect(lines.get(12)).toBe(false);
  expect(bus.in(0x60, 1)).toBe(0xfe);
  expect(keyboard.nextDeadline()).toBe(Number.POSITIVE_INFINITY);
  bus.out(0x60, 1, 0xf4);
  clock.icount = keyboard.nextDeadline();
  keyboard.onDeadline();
  expect(bus.in(0x64, 1) & 0x61).toBe(OUTPUT_FULL);
  expect([lines.get(1), bus.in(0x60, 1)]).toEqual([true, 0xfa]);
});
