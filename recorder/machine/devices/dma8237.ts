import type { Device, DeviceHost } from '../device.ts';
import type { PortBus } from './bus.ts';
import { type DeviceBlock, deviceBlock } from './device-block.ts';
import { DEVICES } from './device-table.ts';

/**
 * The two 8237A DMA controllers of the AT (Intel 8237A data sheet) and their page registers (IBM PC/AT Technical Reference,
 * "DMA"): channels 0-3 move bytes, 5-7 words; 4 is the cascade. A device transfers its data at once, by the contents of the registers;
 * cycles are not modelled. Memory-to-memory transfers are not.
 */

/** Words of one channel. */
const BASE_ADDRESS = 0;
const BASE_COUNT = 1;
const ADDRESS = 2;
/** Remaining transfers minus one; -1 after the last. */
const COUNT = 3;
const MODE = 4;
const PAGE = 5;
const CHANNEL_WORDS = 8;
/** After the channels, for each controller: masks, terminal counts reached, the byte flip-flop, command. */
const MASK = 64;
const REACHED = 66;
const FLIP_FLOP = 68;
const CONTROL = 70;

const MODE_AUTO = 0x10;
const MODE_DOWN = 0x20;
const DISABLED = 4;

/** Page registers by port less 80h; those without a channel are plain storage. */
const PAGES: Readonly<Record<number, number>> = { 7: 0, 3: 1, 1: 2, 2: 3, 15: 4, 11: 5, 9: 6, 10: 7 };
const SPARE = 80;

export class DmaControllers implements Device {
  readonly name = 'dma';
  readonly state: DeviceBlock;
  private readonly words: Int32Array;
  private readonly memory: DeviceHost['dma'];

  constructor({ mem, dma }: DeviceHost, bus: PortBus) {
    this.state = deviceBlock(mem, 'dma');
    this.words = this.state.words;
    this.memory = dma;
    for (const unit of [0, 1]) this.clear(unit);
    bus.claim(DEVICES.dma.ports.first, {
      in: (port) => this.read(0, port),
      out: (port, value) => this.write(0, port, value),
    });
    bus.claim(DEVICES.dma.ports.second, {
      in: (port) => this.read(1, port >> 1),
      out: (port, value) => this.write(1, port >> 1, value),
    });
    // Port 80h itself shows progress codes (system-ports.ts).
    bus.claim(DEVICES.dma.ports.pages, {
      in: (port) => this.words[this.pageAt(port + 1)] & 0xff,
      out: (port, value) => {
        this.words[this.pageAt(port + 1)] = value;
      },
    });
  }

  nextDeadline(): number {
    return Number.POSITIVE_INFINITY;
  }

  onDeadline(): void {}

  // --- What devices do -------------------------------------------------------------------------------------------------

  /** Writes one byte through channel 0-3. False if the channel is masked or its count is reached. */
  toMemory(channel: number, byte: number): boolean {
    if (!this.ready(channel)) return false;
    this.memory.physWrite8(this.advance(channel), byte);
    return true;
  }

  /** Reads one byte through channel 0-3; -1 if there is none. */
  fromMemory(channel: number): number {
    return this.ready(channel) ? this.memory.physRead8(this.advance(channel)) : -1;
  }

  /** True if the last transfer of the channel's count was made (the TC line). */
  reached(channel: number): boolean {
    return (this.words[REACHED] & (1 << channel)) !== 0;
  }

  private ready(channel: number): boolean {
    const { words } = this;
    return (words[CONTROL] & DISABLED) === 0 && (words[MASK] & (1 << channel)) === 0;
  }

  /** The physical address of the next transfer. Advances address and count; after the last transfer the channel stops or starts over. */
  private advance(channel: number): number {
    const { words } = this;
    const at = channel * CHANNEL_WORDS;
    const physical = (words[at + PAGE] << 16) | words[at + ADDRESS];
    words[at + ADDRESS] = (words[at + ADDRESS] + (words[at + MODE] & MODE_DOWN ? -1 : 1)) & 0xffff;
    words[REACHED] &= ~(1 << channel);
    words[at + COUNT] = (words[at + COUNT] - 1) & 0xffff;
    if (words[at + COUNT] !== 0xffff) return physical;
    words[REACHED] |= 1 << channel;
    if (words[at + MODE] & MODE_AUTO) {
      words[at + ADDRESS] = words[at + BASE_ADDRESS];
      words[at + COUNT] = words[at + BASE_COUNT];
    } else words[MASK] |= 1 << channel;
    return physical;
  }

  // --- Registers -------------------------------------------------------------------------------------------------------

  private pageAt(port: number): number {
    const channel = PAGES[port];
    return channel === undefined ? SPARE + port : channel * CHANNEL_WORDS + PAGE;
  }

  private clear(unit: number): void {
    const { words } = this;
    words[MASK + unit] = 15;
    words[REACHED + unit] = 0;
    words[FLIP_FLOP + unit] = 0;
    words[CONTROL + unit] = 0;
  }

  private read(unit: number, port: number): number {
    const { words } = this;
    if (port < 8) {
      const value = words[(unit * 4 + (port >> 1)) * CHANNEL_WORDS + (port & 1 ? COUNT : ADDRESS)];
      return (value >> this.takeFlipFlop(unit)) & 0xff;
    }
    if (port === 8) {
      const status = words[REACHED + unit];
      words[REACHED + unit] = 0;
      return status;
    }
    return port === 15 ? 0xf0 | words[MASK + unit] : 0;
  }

  /** 0 for the low byte, 8 for the high one. */
  private takeFlipFlop(unit: number): number {
    const shift = this.words[FLIP_FLOP + unit] ? 8 : 0;
    this.words[FLIP_FLOP + unit] ^= 1;
    return shift;
  }

  private write(unit: number, port: number, value: number): void {
    const { words } = this;
    const bit = 1 << (value & 3);
    switch (port) {
      case 8:
        words[CONTROL + unit] = value;
        break;
      case 9:
        // Requests by software are for memory-to-memory transfers.
        break;
      case 10:
        if (value & 4) words[MASK + unit] |= bit;
        else words[MASK + unit] &= ~bit;
        break;
      case 11:
        words[(unit * 4 + (value & 3)) * CHANNEL_WORDS + MODE] = value;
        break;
      case 12:
        words[FLIP_FLOP + unit] = 0;
        break;
      case 13:
        this.clear(unit);
        break;
      case 14:
        words[MASK + unit] = 0;
        break;
      case 15:
        words[MASK + unit] = value & 15;
        break;
      default:
        this.writeChannel(unit * 4 + (port >> 1), (port & 1) !== 0, value, this.takeFlipFlop(unit));
    }
  }

  /** One byte of base and current address or count. */
  private writeChannel(channel: number, count: boolean, value: number, shift: number): void {
    const { words } = this;
    const at = channel * CHANNEL_WORDS;
    const base = at + (count ? BASE_COUNT : BASE_ADDRESS);
    words[base] = (words[base] & ~(0xff << shift)) | (value << shift);
    words[at + (count ? COUNT : ADDRESS)] = words[base];
  }
}
