/**
 * The one table of the board's devices: for each name, which is used in hashes and snapshots, the block of DEVICE_STATE with its
 * registers, its ports and its interrupt lines. Devices use it to claim ports and raise lines; a test compares it with the board and
 * docs/machine.md.
 */

/** The first port and the last. */
export type PortRange = readonly [first: number, last: number];

export interface DevicePlace {
  /** Offset of its registers in DEVICE_STATE, and their size in bytes. */
  readonly block: { readonly from: number; readonly bytes: number };
  readonly ports: Readonly<Record<string, PortRange>>;
  /** Interrupt lines, 0-15, by their source. */
  readonly irqs: Readonly<Record<string, number>>;
}

const at = (from: number, bytes: number) => ({ from, bytes });
const port = (only: number): PortRange => [only, only];

export const DEVICES = {
  pic: {
    block: at(0x0000, 0x400),
    ports: { master: [0x20, 0x21], slave: [0xa0, 0xa1], trigger: [0x4d0, 0x4d1] },
    irqs: {},
  },
  pit: { block: at(0x0400, 0x400), ports: { counters: [0x40, 0x43] }, irqs: { output: 0 } },
  uart: { block: at(0x0800, 0x400), ports: { registers: [0x3f8, 0x3ff] }, irqs: { line: 4 } },
  rtc: { block: at(0x0c00, 0x400), ports: { registers: [0x70, 0x71] }, irqs: { line: 8 } },
  system: {
    block: at(0x1000, 0x400),
    ports: {
      portB: port(0x61),
      progress: port(0x80),
      portA: port(0x92),
      debugConsole: port(0xe9),
      exit: port(0xf4),
      biosConsole: port(0x402),
    },
    irqs: {},
  },
  /** The drives of the first channel, which itself has no state: master and slave. */
  ata: {
    block: at(0x1400, 0x2400),
    ports: { command: [0x1f0, 0x1f7], control: port(0x3f6) },
    irqs: { channel: 14 },
  },
  ata1: { block: at(0x8000, 0x2400), ports: {}, irqs: {} },
  /** The drives of the second channel. */
  ata2: {
    block: at(0xc000, 0x2400),
    ports: { command: [0x170, 0x177], control: port(0x376) },
    irqs: { channel: 15 },
  },
  ata3: { block: at(0x10000, 0x2400), ports: {}, irqs: {} },
  keyboard: {
    block: at(0x3800, 0x400),
    ports: { data: port(0x60), command: port(0x64) },
    irqs: { keyboard: 1, auxiliary: 12 },
  },
  coprocessor: { block: at(0x3fc0, 0x40), ports: { latch: [0xf0, 0xf1] }, irqs: { error: 13 } },
  vga: {
    block: at(0x4000, 0x800),
    ports: {
      monochromeCrtc: [0x3b4, 0x3b5],
      monochromeStatus: port(0x3ba),
      registers: [0x3c0, 0x3cf],
      colourCrtc: [0x3d4, 0x3d5],
      colourStatus: port(0x3da),
    },
    irqs: {},
  },
  /** Only with a BIOS, like the next two. */
  fwcfg: { block: at(0x4800, 0x100), ports: { registers: [0x510, 0x511] }, irqs: {} },
  chipset: { block: at(0x4900, 0x400), ports: { configuration: [0xcf8, 0xcff] }, irqs: {} },
  /** The RAM hidden by ROM. */
  shadow: { block: at(0x40000, 0x40000), ports: {}, irqs: {} },
  dma: {
    block: at(0x5000, 0x200),
    ports: { first: [0x00, 0x0f], second: [0xc0, 0xdf], pages: [0x81, 0x8f] },
    irqs: {},
  },
  /** Only with MachineConfig.printer. */
  printer: { block: at(0x5400, 0x80), ports: { registers: [0x378, 0x37a] }, irqs: { acknowledge: 7 } },
  floppy: {
    block: at(0x5200, 0x200),
    ports: { registers: [0x3f0, 0x3f5], direction: port(0x3f7) },
    irqs: { line: 6 },
  },
} as const satisfies Record<string, DevicePlace>;

export type DeviceName = keyof typeof DEVICES;
