import type { Device, DeviceHost } from '../device.ts';
import type { PortBus } from './bus.ts';
import { type DeviceBlock, deviceBlock } from './device-block.ts';
import { DEVICES } from './device-table.ts';
import type { SystemPorts } from './system-ports.ts';

/**
 * The parts of PCI that a BIOS needs: configuration mechanism #1 (PCI Local Bus Specification 2.1, 3.2.2.3.2), the host bridge
 * (Intel 82441FX data sheet), whose PAM registers put RAM in the place of ROM, and PIIX3 (Intel 82371SB data sheet): the
 * bridge to ISA and the IDE function, which leaves the two ATA channels at their ISA ports. No memory or I/O space is
 * decoded through base address registers.
 */

/** Words: the address port, and 1 once the bus is hidden. */
const ADDRESS = 0;
const HIDDEN = 1;
/** Bytes: the configuration space of each function. */
const SPACES = 0x100;
const SPACE_BYTES = 0x100;

const ENABLE = 0x80000000;
const VENDOR_INTEL = 0x8086;
const PAM = 0x59;
const PAM_REGISTERS = 7;
/** PAM0 as set by a BIOS: reads from RAM, writes are ignored. */
const PAM_LOCKED = 1;
const RESET_PORT = 0xcf9;
const RESET_NOW = 4;

interface PciFunction {
  /** Device and function, as in the address port: device << 3 | function. */
  readonly place: number;
  readonly device: number;
  readonly class: number;
  readonly revision: number;
  readonly headerType: number;
  readonly subsystem: number;
  /** Writable registers other than command, cache line, latency and interrupt line. */
  readonly writable: readonly (readonly [first: number, last: number])[];
}

/** The subsystem id by which SeaBIOS recognises a machine with fw_cfg (src/fw/paravirt.c). */
const FW_CFG_SUBSYSTEM = 0x11001af4;

const FUNCTIONS: readonly PciFunction[] = [
  {
    ...{ place: 0x00, device: 0x1237, class: 0x060000, revision: 2, headerType: 0 },
    ...{ subsystem: FW_CFG_SUBSYSTEM, writable: [[0x50, 0xff]] },
  },
  {
    ...{ place: 0x08, device: 0x7000, class: 0x060100, revision: 0, headerType: 0x80 },
    ...{ subsystem: 0, writable: [[0x40, 0xff]] },
  },
  {
    ...{ place: 0x09, device: 0x7010, class: 0x010100, revision: 0, headerType: 0 },
    ...{ subsystem: 0, writable: [[0x40, 0xff]] },
  },
];

/** Command, cache line size and latency timer, interrupt line. */
const ALWAYS_WRITABLE: PciFunction['writable'] = [
  [0x04, 0x05],
  [0x0c, 0x0d],
  [0x3c, 0x3c],
];

export class PciHost implements Device {
  readonly name = 'chipset';
  readonly state: DeviceBlock;
  private readonly words: Int32Array;
  private readonly spaces: Uint8Array;
  private readonly hidesWhenLocked: boolean;
  private readonly shadow: DeviceHost['memory']['shadow'];

  constructor({ mem, memory, firmware }: DeviceHost, bus: PortBus, system: SystemPorts) {
    this.state = deviceBlock(mem, 'chipset');
    this.words = this.state.words;
    this.spaces = this.state.u8.subarray(SPACES, SPACES + FUNCTIONS.length * SPACE_BYTES);
    this.shadow = memory.shadow;
    this.hidesWhenLocked = firmware?.pci === false;
    FUNCTIONS.forEach((f, n) => {
      const view = new DataView(this.spaces.buffer, this.spaces.byteOffset + n * SPACE_BYTES, SPACE_BYTES);
      view.setUint16(0, VENDOR_INTEL, true);
      view.setUint16(2, f.device, true);
      view.setUint32(8, (f.class << 8) | f.revision, true);
      view.setUint8(0x0e, f.headerType);
      view.setUint32(0x2c, f.subsystem, true);
      // I/O, memory and (for the bridges) bus mastering are on; the IDE function decodes its ISA ports.
      view.setUint16(4, n === FUNCTIONS.length - 1 ? 1 : 7, true);
    });
    bus.claim(DEVICES.chipset.ports.configuration, {
      in: (port, size) => (this.words[HIDDEN] ? -1 : this.in(port, size)),
      out: (port, value, size) => {
        if (0xcf8 + port === RESET_PORT && size === 1) {
          if (value & RESET_NOW && !this.words[HIDDEN]) {
            this.resetBridges();
            system.reset('port_cf9');
          }
        } else if (!this.words[HIDDEN]) this.out(port, value, size);
      },
    });
  }

  nextDeadline(): number {
    return Number.POSITIVE_INFINITY;
  }

  onDeadline(): void {}

  /** Shows the bus again after a reset of the processor, for the BIOS. */
  processorReset(): void {
    this.words[HIDDEN] = 0;
  }

  reload(): void {
    for (let register = 0; register < PAM_REGISTERS; register++) {
      for (const [region, mode] of this.regions(register)) this.shadow?.restoreRegion(region, mode);
    }
  }

  private in(port: number, size: 1 | 2 | 4): number {
    if (port < 4) return size === 4 ? this.words[ADDRESS] : -1;
    const at = this.target(port - 4);
    if (at < 0) return -1;
    let value = 0;
    for (let i = 0; i < size; i++) value |= this.spaces[at + i] << (8 * i);
    return value;
  }

  private out(port: number, value: number, size: 1 | 2 | 4): void {
    if (port < 4) {
      if (size === 4) this.words[ADDRESS] = value;
      return;
    }
    const at = this.target(port - 4);
    for (let i = 0; at >= 0 && i < size; i++) this.write(at + i, (value >>> (8 * i)) & 0xff);
  }

  /** Index in `spaces` of byte `offset` of the addressed register; -1 if there is no device. */
  private target(offset: number): number {
    const address = this.words[ADDRESS];
    if ((address & ENABLE) === 0 || (address & 0xff0000) !== 0) return -1;
    const n = FUNCTIONS.findIndex(({ place }) => place === ((address >>> 8) & 0xff));
    return n < 0 ? -1 : n * SPACE_BYTES + (address & 0xfc) + offset;
  }

  private write(at: number, value: number): void {
    const n = Math.floor(at / SPACE_BYTES);
    const register = at % SPACE_BYTES;
    const { writable } = FUNCTIONS[n];
    if (![...ALWAYS_WRITABLE, ...writable].some(([first, last]) => register >= first && register <= last))
      return;
    this.spaces[at] = value;
    if (n === 0 && register >= PAM && register < PAM + PAM_REGISTERS) this.pamWritten(register - PAM);
  }

  private pamWritten(register: number): void {
    for (const [region, mode] of this.regions(register)) this.shadow?.setRegion(region, mode);
    if (register === 0 && this.hidesWhenLocked && this.mode(0, 4) === PAM_LOCKED) this.words[HIDDEN] = 1;
  }

  private mode(register: number, shift: number): number {
    return (this.spaces[PAM + register] >> shift) & 3;
  }

  /** The 16 KB regions from C0000 that a PAM register controls, with their attributes (82441FX data sheet, 3.2.15). */
  private regions(register: number): (readonly [region: number, mode: number])[] {
    if (register === 0) return [12, 13, 14, 15].map((region) => [region, this.mode(0, 4)]);
    const first = 2 * (register - 1);
    return [
      [first, this.mode(register, 0)],
      [first + 1, this.mode(register, 4)],
    ];
  }

  private resetBridges(): void {
    for (let register = 0; register < PAM_REGISTERS; register++) {
      this.spaces[PAM + register] = 0;
      this.pamWritten(register);
    }
    this.words[ADDRESS] = 0;
  }
}

/** The RAM hidden under ROM, which is state of the machine even while the guest cannot see it. */
export class HiddenRam implements Device {
  readonly name = 'shadow';
  readonly state: DeviceBlock;
  private readonly shadow: DeviceHost['memory']['shadow'];

  constructor({ mem, memory }: DeviceHost) {
    this.state = deviceBlock(mem, 'shadow');
    this.shadow = memory.shadow;
  }

  powerOn(): void {
    this.shadow?.attach(this.state.u8);
  }

  nextDeadline(): number {
    return Number.POSITIVE_INFINITY;
  }

  onDeadline(): void {}
}
