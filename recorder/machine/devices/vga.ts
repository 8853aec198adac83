import type { Device, DeviceHost } from '../device.ts';
import type { PortBus } from './bus.ts';
import { type DeviceBlock, deviceBlock } from './device-block.ts';
import { DEVICES } from './device-table.ts';
import { VirtualClock } from './virtual-time.ts';

/**
 * The registers of a VGA (IBM VGA/XGA Technical Reference, chapter 2; FreeVGA), as far as text modes need them: they are stored, read
 * back, and determine the positions of text and cursor (vga-text.ts). The window A0000-BFFFF is plain memory, which in text modes holds
 * characters and attributes; planes, fonts and graphics modes are not modelled.
 */

/** Words. */
const MISC = 0;
const SEQUENCER_INDEX = 1;
const GRAPHICS_INDEX = 2;
const CRTC_INDEX = 3;
const ATTRIBUTE_INDEX = 4;
/** 1 if the next write to 3C0h is data. */
const ATTRIBUTE_DATA = 5;
const FEATURE = 6;
const DAC_MASK = 7;
const DAC_READ = 8;
const DAC_WRITE = 9;
/** Colour component of the next access to 3C9h: red, green, blue. */
const DAC_COMPONENT = 10;
/** The last state of 3C7h: 3 after a read address, 0 after a write address. */
const DAC_STATE = 11;
/** Bytes: register files and palette. */
export const VGA_SEQUENCER = 0x80;
export const VGA_GRAPHICS = 0x90;
export const VGA_CRTC = 0xa0;
export const VGA_ATTRIBUTE = 0xc0;
export const VGA_PALETTE = 0x100;
const PALETTE_BYTES = 768;

const SEQUENCER_REGISTERS = 5;
const GRAPHICS_REGISTERS = 9;
const CRTC_REGISTERS = 25;
const ATTRIBUTE_REGISTERS = 21;

/** MISC bit 0: the CRTC answers at 3D4h, not at 3B4h. */
const COLOUR = 1;
/** CRTC 11h bit 7 protects registers 0-7. */
const CRTC_PROTECT = 0x11;
const PALETTE_ACCESS = 0x20;

/** Mode 3, 80x25 in 16 colours, as a BIOS sets it, for kernels started by a boot protocol. */
const MODE_3 = {
  misc: 0x67,
  sequencer: [0x03, 0x00, 0x03, 0x00, 0x02],
  graphics: [0x00, 0x00, 0x00, 0x00, 0x00, 0x10, 0x0e, 0x00, 0xff],
  crtc: [
    ...[0x5f, 0x4f, 0x50, 0x82, 0x55, 0x81, 0xbf, 0x1f, 0x00, 0x4f, 0x0d, 0x0e, 0x00],
    ...[0x00, 0x00, 0x00, 0x9c, 0x8e, 0x8f, 0x28, 0x1f, 0x96, 0xb9, 0xa3, 0xff],
  ],
  attribute: [
    ...[0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x14, 0x07, 0x38, 0x39, 0x3a, 0x3b, 0x3c, 0x3d, 0x3e, 0x3f],
    ...[0x0c, 0x00, 0x0f, 0x08, 0x00],
  ],
};

/** The timing of 720x400 text at 70 Hz: 449 lines of 31.469 kHz, 400 of them shown. A tick is a tenth of a line. */
const LINE_TICKS = 10;
const TICK_HERTZ = 31_469 * LINE_TICKS;
const LINES = 449;
const SHOWN_LINES = 400;
const SHOWN_TICKS = 8;
const RETRACE_FROM = 412;
const RETRACE_UNTIL = 414;
const STATUS_BLANK = 1;
const STATUS_RETRACE = 8;

export class Vga implements Device {
  readonly name = 'vga';
  readonly state: DeviceBlock;
  private readonly words: Int32Array;
  private readonly sequencer: Uint8Array;
  private readonly graphics: Uint8Array;
  private readonly crtc: Uint8Array;
  private readonly attribute: Uint8Array;
  private readonly palette: Uint8Array;
  private readonly clock: DeviceHost['clock'];
  private readonly virtual: VirtualClock;

  constructor({ mem, clock, config }: DeviceHost, bus: PortBus) {
    this.state = deviceBlock(mem, 'vga');
    const { u8 } = this.state;
    this.words = this.state.words;
    this.sequencer = u8.subarray(VGA_SEQUENCER, VGA_SEQUENCER + SEQUENCER_REGISTERS);
    this.graphics = u8.subarray(VGA_GRAPHICS, VGA_GRAPHICS + GRAPHICS_REGISTERS);
    this.crtc = u8.subarray(VGA_CRTC, VGA_CRTC + CRTC_REGISTERS);
    this.attribute = u8.subarray(VGA_ATTRIBUTE, VGA_ATTRIBUTE + ATTRIBUTE_REGISTERS);
    this.palette = u8.subarray(VGA_PALETTE, VGA_PALETTE + PALETTE_BYTES);
    this.clock = clock;
    this.virtual = new VirtualClock(TICK_HERTZ, config.instructionsPerSecond);
    this.mode3();
    const { ports } = DEVICES.vga;
    for (const [crtc, status] of [
      [ports.monochromeCrtc, ports.monochromeStatus],
      [ports.colourCrtc, ports.colourStatus],
    ]) {
      const [first] = crtc;
      bus.claim(crtc, {
        in: (port, size) => (this.answers(first) ? this.readCrtc(port, size) : -1),
        out: (port, value, size) => {
          if (this.answers(first)) pair(port, value, size, (p, byte) => this.writeCrtc(p, byte));
        },
      });
      bus.claim(status, {
        in: () => (this.answers(first) ? this.status() : -1),
        out: (_port, value) => {
          if (this.answers(first)) this.words[FEATURE] = value;
        },
      });
    }
    bus.claim(ports.registers, {
      in: (port, size) => {
        const low = this.read(port);
        return size === 2 ? low | (this.read(port + 1) << 8) : low;
      },
      out: (port, value, size) => pair(port, value, size, (p, byte) => this.write(p, byte)),
    });
  }

  nextDeadline(): number {
    return Number.POSITIVE_INFINITY;
  }

  onDeadline(): void {}

  private mode3(): void {
    this.words[MISC] = MODE_3.misc;
    this.sequencer.set(MODE_3.sequencer);
    this.graphics.set(MODE_3.graphics);
    this.crtc.set(MODE_3.crtc);
    this.attribute.set(MODE_3.attribute);
    this.words[ATTRIBUTE_INDEX] = PALETTE_ACCESS;
    this.words[DAC_MASK] = 0xff;
    // The 64 colours of the EGA: bits 5-3 are the low-intensity, bits 2-0 the high-intensity red, green and blue.
    for (let colour = 0; colour < 64; colour++) {
      const level = (strong: number, faint: number) => (colour & strong ? 42 : 0) + (colour & faint ? 21 : 0);
      this.palette.set([level(4, 32), level(2, 16), level(1, 8)], colour * 3);
    }
  }

  private answers(first: number): boolean {
    return (this.words[MISC] & COLOUR ? 0x3d4 : 0x3b4) === first;
  }

  private readCrtc(port: number, size: 1 | 2 | 4): number {
    const index = this.words[CRTC_INDEX];
    const value = this.crtc[index] ?? 0;
    if (size === 2) return index | (value << 8);
    return port === 0 ? index : value;
  }

  private writeCrtc(port: number, value: number): void {
    const index = this.words[CRTC_INDEX];
    if (port === 0) this.words[CRTC_INDEX] = value & 0x3f;
    else if (index > 7 || (this.crtc[CRTC_PROTECT] & 0x80) === 0) this.crtc[index] = value;
    // Of a protected register 7 only the line compare bit can be written.
    else if (index === 7) this.crtc[7] = (this.crtc[7] & ~0x10) | (value & 0x10);
  }

  /** Reads input status 1, which resets the attribute flip-flop. */
  private status(): number {
    this.words[ATTRIBUTE_DATA] = 0;
    const tick = this.virtual.ticksAt(this.clock.icount);
    const line = Math.floor(tick / LINE_TICKS) % LINES;
    const retrace = line >= RETRACE_FROM && line < RETRACE_UNTIL;
    const blank = line >= SHOWN_LINES || tick % LINE_TICKS >= SHOWN_TICKS;
    return (blank ? STATUS_BLANK : 0) | (retrace ? STATUS_RETRACE : 0);
  }

  private read(port: number): number {
    const { words } = this;
    switch (port) {
      case 0x0:
        return words[ATTRIBUTE_INDEX];
      case 0x1:
        return this.attribute[words[ATTRIBUTE_INDEX] & 0x1f] ?? 0;
      case 0x2:
        // Input status 0: a colour monitor is sensed.
        return 0x10;
      case 0x4:
        return words[SEQUENCER_INDEX];
      case 0x5:
        return this.sequencer[words[SEQUENCER_INDEX]] ?? 0;
      case 0x6:
        return words[DAC_MASK];
      case 0x7:
        return words[DAC_STATE];
      case 0x8:
        return words[DAC_WRITE];
      case 0x9:
        return this.readDac();
      case 0xa:
        return words[FEATURE];
      case 0xc:
        return words[MISC];
      case 0xe:
        return words[GRAPHICS_INDEX];
      case 0xf:
        return this.graphics[words[GRAPHICS_INDEX]] ?? 0;
      default:
        return 0xff;
    }
  }

  private write(port: number, value: number): void {
    const { words } = this;
    switch (port) {
      case 0x0:
        if (words[ATTRIBUTE_DATA]) this.attribute[words[ATTRIBUTE_INDEX] & 0x1f] = value;
        else words[ATTRIBUTE_INDEX] = value & 0x3f;
        words[ATTRIBUTE_DATA] ^= 1;
        break;
      case 0x2:
        words[MISC] = value;
        break;
      case 0x4:
        words[SEQUENCER_INDEX] = value & 7;
        break;
      case 0x5:
        this.sequencer[words[SEQUENCER_INDEX]] = value;
        break;
      case 0x6:
        words[DAC_MASK] = value;
        break;
      case 0x7:
        words[DAC_READ] = value;
        words[DAC_COMPONENT] = 0;
        words[DAC_STATE] = 3;
        break;
      case 0x8:
        words[DAC_WRITE] = value;
        words[DAC_COMPONENT] = 0;
        words[DAC_STATE] = 0;
        break;
      case 0x9:
        this.palette[words[DAC_WRITE] * 3 + words[DAC_COMPONENT]] = value & 0x3f;
        this.nextComponent(DAC_WRITE);
        break;
      case 0xe:
        words[GRAPHICS_INDEX] = value & 15;
        break;
      case 0xf:
        this.graphics[words[GRAPHICS_INDEX]] = value;
        break;
    }
  }

  private readDac(): number {
    const { words } = this;
    const value = this.palette[words[DAC_READ] * 3 + words[DAC_COMPONENT]];
    this.nextComponent(DAC_READ);
    return value;
  }

  private nextComponent(which: number): void {
    const { words } = this;
    words[DAC_COMPONENT] = (words[DAC_COMPONENT] + 1) % 3;
    if (words[DAC_COMPONENT] === 0) words[which] = (words[which] + 1) & 0xff;
  }
}

/** A word written to an index port is index and data. */
function pair(
  port: number,
  value: number,
  size: 1 | 2 | 4,
  write: (port: number, byte: number) => void,
): void {
  write(port, value & 0xff);
  if (size === 2) write(port + 1, (value >>> 8) & 0xff);
}
