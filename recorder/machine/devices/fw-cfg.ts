import type { Device, DeviceHost, Firmware } from '../device.ts';
import type { PortBus } from './bus.ts';
import { type DeviceBlock, deviceBlock } from './device-block.ts';
import { DEVICES } from './device-table.ts';

/**
 * The interface through which SeaBIOS reads the machine's configuration (QEMU's fw_cfg, docs/specs/fw_cfg.rst: selector port
 * 510h, data port 511h; without DMA). Its items follow from the machine's configuration; only the position of the next byte is state.
 */

/** Words. */
const SELECTED = 0;
const POSITION = 1;

const SIGNATURE = 0x00;
const ID = 0x01;
const PROCESSORS = 0x05;
const MAX_PROCESSORS = 0x0f;
const DIRECTORY = 0x19;
const FIRST_FILE = 0x20;
/** ID: the traditional interface, without DMA. */
const TRADITIONAL = 1;

const NAME_BYTES = 56;
const ENTRY_BYTES = 64;
const E820_RAM = 1;
const E820_BYTES = 20;

const littleEndian = (value: number, bytes: number): Uint8Array =>
  Uint8Array.from({ length: bytes }, (_, i) => (i < 4 ? value >>> (8 * i) : value < 0 ? 0xff : 0));

/** All of RAM as one region; the BIOS removes the reserved parts itself. */
function e820(ramBytes: number): Uint8Array {
  const bytes = new Uint8Array(E820_BYTES);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(8, BigInt(ramBytes), true);
  view.setUint32(16, E820_RAM, true);
  return bytes;
}

/** The files by name. SeaBIOS reads those that it knows (its Runtime_config.md). */
const filesFor = ({ vgaBios }: Firmware, ramBytes: number): [string, Uint8Array][] => [
  ['etc/e820', e820(ramBytes)],
  // Above 255 processors SeaBIOS makes neither an MP table nor a PCI interrupt routing table, which this PC does not have.
  ['etc/max-cpus', littleEndian(256, 8)],
  ['etc/show-boot-menu', littleEndian(0, 8)],
  // If nothing boots, print a message and stop instead of starting over.
  ['etc/boot-fail-wait', littleEndian(-1, 8)],
  ...(vgaBios.length > 0 ? [['vgaroms/vgabios.bin', vgaBios] as [string, Uint8Array]] : []),
];

function directory(files: readonly (readonly [string, Uint8Array])[]): Uint8Array {
  const bytes = new Uint8Array(4 + files.length * ENTRY_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, files.length);
  files.forEach(([name, contents], n) => {
    const at = 4 + n * ENTRY_BYTES;
    view.setUint32(at, contents.length);
    view.setUint16(at + 4, FIRST_FILE + n);
    for (let i = 0; i < Math.min(name.length, NAME_BYTES - 1); i++) bytes[at + 8 + i] = name.charCodeAt(i);
  });
  return bytes;
}

export class FirmwareConfiguration implements Device {
  readonly name = 'fwcfg';
  readonly state: DeviceBlock;
  private readonly words: Int32Array;
  private readonly items = new Map<number, Uint8Array>();

  constructor({ mem }: DeviceHost, firmware: Firmware, bus: PortBus) {
    this.state = deviceBlock(mem, 'fwcfg');
    this.words = this.state.words;
    const files = filesFor(firmware, mem.ramBytes);
    this.items.set(
      SIGNATURE,
      Uint8Array.from('QEMU', (c) => c.charCodeAt(0)),
    );
    this.items.set(ID, littleEndian(TRADITIONAL, 4));
    this.items.set(PROCESSORS, littleEndian(1, 2));
    this.items.set(MAX_PROCESSORS, littleEndian(1, 2));
    this.items.set(DIRECTORY, directory(files));
    files.forEach(([, contents], n) => {
      this.items.set(FIRST_FILE + n, contents);
    });
    bus.claim(DEVICES.fwcfg.ports.registers, {
      in: (port) => (port === 1 ? this.next() : 0),
      out: (port, value) => {
        if (port !== 0) return;
        this.words[SELECTED] = value;
        this.words[POSITION] = 0;
      },
    });
  }

  nextDeadline(): number {
    return Number.POSITIVE_INFINITY;
  }

  onDeadline(): void {}

  /** The next byte of the selected item; 0 beyond its end and for unknown items. */
  private next(): number {
    const item = this.items.get(this.words[SELECTED]);
    return item?.[this.words[POSITION]++] ?? 0;
  }
}
