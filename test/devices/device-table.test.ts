import { readFileSync } from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import type { Drive, Firmware } from '../../recorder/machine/device.ts';
import { PortBus } from '../../recorder/machine/devices/bus.ts';
import { DEVICES, type DevicePlace } from '../../recorder/machine/devices/device-table.ts';
import { createDevices } from '../../recorder/machine/devices/index.ts';
import { DEVICE_STATE, DEVICE_STATE_BYTES } from '../../recorder/machine/layout.ts';
import { Board } from './board.ts';

/** The table of devices is what the board is wired by, and what docs/machine.md says. */

const places: readonly [string, DevicePlace][] = Object.entries(DEVICES);
const byStart = <Range extends readonly [number, number]>(ranges: readonly Range[]) =>
  [...ranges].sort(([a], [b]) => a - b);
const tablePorts = byStart(places.flatMap(([, { ports }]) => Object.values(ports)));
const tableLines = places.flatMap(([, { irqs }]) => Object.values(irqs)).sort((a, b) => a - b);

const image = { sectors: 2880, read() {} };
const drive = (kind: Drive['kind'], unit: number): Drive => ({ kind, unit, image });
const firmware: Firmware = {
  ...{ bios: new Uint8Array(0x10000), vgaBios: new Uint8Array(), bootOrder: ['disk'], pci: true },
};

/** A board with every device that there is. */
function wholeBoard() {
  const claim = vi.spyOn(PortBus.prototype, 'claim');
  const drives = [drive('disk', 1), drive('cdrom', 2), drive('disk', 3), drive('floppy', 0)];
  const memory = { setA20() {}, restoreA20() {}, shadow: null };
  const { host } = new Board({ printer: true }, { firmware, disk: image, drives, memory });
  const { devices } = createDevices(host);
  const ports = claim.mock.calls.map(([range]) => range);
  claim.mockRestore();
  return { devices, ports };
}

describe('the table of devices', () => {
  const overlaps = (ranges: readonly (readonly [number, number])[]) =>
    byStart(ranges).filter(([first], n, all) => n > 0 && first <= all[n - 1][1]);

  it('gives each device registers of its own', () => {
    const blocks = places.map(([, { block }]) => [block.from, block.from + block.bytes - 1] as const);
    expect(overlaps(blocks)).toEqual([]);
    expect(Math.max(...blocks.map(([, last]) => last))).toBeLessThan(DEVICE_STATE_BYTES);
  });

  it('gives each device ports and interrupt lines of its own', () => {
    expect(overlaps(tablePorts)).toEqual([]);
    expect(new Set(tableLines).size).toBe(tableLines.length);
  });

  it('is what the board is wired by', () => {
    const { devices, ports } = wholeBoard();
    expect(byStart(ports)).toEqual(tablePorts);
    expect(devices.map(({ name }) => name).sort()).toEqual(Object.keys(DEVICES).sort());
    for (const { name, state } of devices) {
      const { from, bytes } = DEVICES[name as keyof typeof DEVICES].block;
      expect({ offset: state.offset, bytes: state.bytes }, name).toEqual({
        offset: DEVICE_STATE + from,
        bytes,
      });
    }
  });

  it('is what docs/machine.md says', () => {
    const page = readFileSync(new URL('../../docs/machine.md', import.meta.url), 'utf8');
    const chips = page.slice(page.indexOf('## Chips'), page.indexOf('**Interrupt lines**'));
    const rows = [...chips.matchAll(/^\| ([0-9A-F][^|]*) \| ([^|]*) \|/gm)];
    const range = (text: string) => {
      const [first, last = first] = text.split('-').map((hex) => Number.parseInt(hex, 16));
      return [first, last] as const;
    };
    const ports = rows.flatMap(([, text]) => text.split(/, | · /).map(range));
    expect(byStart(ports)).toEqual(tablePorts);
    const lines = rows.flatMap(([, , chip]) =>
      [...chip.matchAll(/IRQs? (\d+)(?: and (\d+))?/g)].flatMap(([, ...numbers]) => numbers),
    );
    expect(
      lines
        .filter((line) => line !== undefined)
        .map(Number)
        .sort((a, b) => a - b),
    ).toEqual(tableLines);
  });
});
