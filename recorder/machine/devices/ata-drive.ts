import type { Device, DeviceHost } from '../device.ts';
import type { PortBus } from './bus.ts';
import { type DeviceBlock, deviceBlock } from './device-block.ts';
import type { DeviceName } from './device-table.ts';

/**
 * One device on an ATA channel (ATA-3, X3T10/2008D; ATA/ATAPI-4, NCITS 317): its copy of the task file, its data port, and its busy time.
 * ata-disk.ts and atapi-cdrom.ts implement the commands.
 */

/** Words. */
export const ERROR = 0;
/** The features register, when written; nothing here depends on it. */
const FEATURES = 1;
export const COUNT = 2;
export const SECTOR = 3;
export const CYLINDER_LOW = 4;
export const CYLINDER_HIGH = 5;
export const DRIVE = 6;
export const STATUS = 7;
export const COMMAND = 8;
export const CONTROL = 9;
export const INTERRUPT = 10;
/** Blocks of the transfer still to come, and the number of the next. */
export const REMAINING = 11;
export const NEXT_LBA = 12;
/** Bytes of the buffer in use, and the host's position in it. */
export const BUFFERED = 13;
export const POSITION = 14;
/** The phase that the deadline ends. */
export const PHASE = 19;
/** Words 15-18, 20-31 and 34-63 are the drive's own. Double: icount of completion; 0 while idle. */
const DONE_AT = 16;
/** Bytes: the data buffer. */
const BUFFER = 0x400;
export const BUFFER_BYTES = 0x2000;

export const SECTOR_BYTES = 512;

export const BSY = 0x80;
export const DRDY = 0x40;
export const DSC = 0x10;
export const DRQ = 8;
export const ERR = 1;
/** Of the error register. */
export const ABORTED = 4;
/** The error register after successful diagnostics. */
export const DIAGNOSTICS_PASSED = 1;

const NO_INTERRUPTS = 2;
const SOFT_RESET = 4;
const SLAVE = 0x10;

/** The members of a channel that its drives need. */
export interface AtaCable {
  /** Its interrupt line. */
  readonly irq: number;
  /** Called if the drive's interrupt or interrupt enable changed. */
  drive(): void;
}

export abstract class AtaDrive implements Device {
  readonly name: string;
  readonly state: DeviceBlock;
  cable: AtaCable | undefined;
  protected readonly words: Int32Array;
  protected readonly doubles: Float64Array;
  protected readonly buffer: Uint8Array;
  protected readonly view: DataView;
  protected readonly host: DeviceHost;
  private readonly bus: PortBus;

  constructor(host: DeviceHost, bus: PortBus, block: DeviceName) {
    this.name = block;
    this.state = deviceBlock(host.mem, block);
    this.words = this.state.words;
    this.doubles = this.state.doubles;
    this.buffer = this.state.u8.subarray(BUFFER, BUFFER + BUFFER_BYTES);
    this.view = new DataView(this.buffer.buffer, this.buffer.byteOffset, this.buffer.length);
    this.host = host;
    this.bus = bus;
  }

  /** A command was written. */
  protected abstract execute(code: number): void;
  /** Called when the drive's operation completes. */
  protected abstract done(phase: number): void;
  /** Called when the host has moved the last buffered byte. */
  protected abstract taken(): void;
  /** Register contents after reset and diagnostics (ATA-3, 9.1). */
  abstract signature(): void;
  /** True if the host must write to the data port, not read. */
  protected abstract get hostWrites(): boolean;

  nextDeadline(): number {
    return this.doubles[DONE_AT] || Number.POSITIVE_INFINITY;
  }

  redraw(line: number, from: number, to: number): boolean {
    if (line !== this.cable?.irq || this.doubles[DONE_AT] !== from) return false;
    this.doubles[DONE_AT] = to;
    return true;
  }

  onDeadline(): void {
    this.doubles[DONE_AT] = 0;
    this.words[STATUS] &= ~BSY;
    this.done(this.words[PHASE]);
  }

  // --- Registers -----------------------------------------------------------------------------------------------------

  get selectsSlave(): boolean {
    return (this.words[DRIVE] & SLAVE) !== 0;
  }

  /** The level of the interrupt line requested by this drive. */
  get interrupting(): boolean {
    return this.words[INTERRUPT] !== 0 && (this.words[CONTROL] & NO_INTERRUPTS) === 0;
  }

  get status(): number {
    return this.words[STATUS];
  }

  readRegister(port: number): number {
    if (port !== 7) return port === 1 ? this.words[ERROR] : this.words[port];
    this.clearInterrupt();
    return this.words[STATUS];
  }

  writeRegister(port: number, value: number): void {
    // While busy the drive owns its registers.
    if (this.words[STATUS] & BSY || port === FEATURES) return;
    this.words[port] = value;
  }

  command(code: number): void {
    const { words } = this;
    if (words[STATUS] & BSY && !this.interruptible(code)) return;
    this.clearInterrupt();
    words[COMMAND] = code;
    words[ERROR] = 0;
    words[BUFFERED] = 0;
    words[REMAINING] = 0;
    this.execute(code);
  }

  /** True if a command is accepted while the drive is busy. */
  protected interruptible(_code: number): boolean {
    return false;
  }

  control(value: number): void {
    const { words } = this;
    const wasReset = (words[CONTROL] & SOFT_RESET) !== 0;
    words[CONTROL] = value;
    if (value & SOFT_RESET) {
      words[STATUS] = BSY;
      this.stop();
    } else if (wasReset) {
      this.signature();
    }
    this.cable?.drive();
  }

  protected stop(): void {
    const { words } = this;
    this.doubles[DONE_AT] = 0;
    words[REMAINING] = 0;
    words[BUFFERED] = 0;
    words[INTERRUPT] = 0;
    this.bus.deadlineMoved = true;
  }

  // --- Data ----------------------------------------------------------------------------------------------------------

  /** Bytes of the buffer for the host to read, or room for it to write, from `from` on. */
  protected offer(bytes: number, from = 0): void {
    const { words } = this;
    words[BUFFERED] = from + bytes;
    words[POSITION] = from;
    words[STATUS] |= DRQ;
  }

  readData(size: 1 | 2 | 4): number {
    const { words, view } = this;
    const at = words[POSITION];
    if ((words[STATUS] & DRQ) === 0 || this.hostWrites || at + size > words[BUFFERED]) return -1;
    const value =
      size === 4 ? view.getInt32(at, true) : size === 2 ? view.getUint16(at, true) : view.getUint8(at);
    this.moved(size);
    return value;
  }

  writeData(value: number, size: 1 | 2 | 4): void {
    const { words, view } = this;
    const at = words[POSITION];
    if ((words[STATUS] & DRQ) === 0 || !this.hostWrites || at + size > words[BUFFERED]) return;
    if (size === 4) view.setInt32(at, value, true);
    else if (size === 2) view.setUint16(at, value, true);
    else view.setUint8(at, value);
    this.moved(size);
  }

  /** Repeats `readData`, up to the last element of the buffer; returns the number of times. */
  readMany(size: number, to: Uint8Array, at: number, most: number): number {
    const { words, buffer } = this;
    if ((words[STATUS] & DRQ) === 0 || this.hostWrites) return 0;
    const from = words[POSITION];
    const count = Math.min(most, this.beforeLast(size));
    to.set(buffer.subarray(from, from + count * size), at);
    words[POSITION] = from + count * size;
    return count;
  }

  writeMany(size: number, from: Uint8Array, at: number, most: number): number {
    const { words, buffer } = this;
    if ((words[STATUS] & DRQ) === 0 || !this.hostWrites) return 0;
    const count = Math.min(most, this.beforeLast(size));
    buffer.set(from.subarray(at, at + count * size), words[POSITION]);
    words[POSITION] += count * size;
    return count;
  }

  /** Elements that can be moved before the one that empties or fills the buffer. */
  private beforeLast(size: number): number {
    return Math.max(0, Math.ceil((this.words[BUFFERED] - this.words[POSITION]) / size) - 1);
  }

  private moved(size: number): void {
    const { words } = this;
    words[POSITION] += size;
    if (words[POSITION] < words[BUFFERED]) return;
    words[STATUS] &= ~DRQ;
    this.taken();
  }

  // --- Time and interrupts -------------------------------------------------------------------------------------------

  protected latency(): number {
    return this.draw('disk_latency');
  }

  /** Latency of a further block of a transfer; before chipset revision 31, that of the shortest command. */
  protected blockLatency(): number {
    return this.host.config.chipsetRevision >= 31 ? Math.max(1, this.draw('disk_block')) : this.track;
  }

  private draw(kind: 'disk_latency' | 'disk_block'): number {
    const { nondet, clock, config } = this.host;
    return nondet.draw(kind, clock.icount, config.diskLatencyMin, config.diskLatencyMax);
  }

  /** Of what the drive knows by itself. */
  protected get track(): number {
    return Math.max(1, this.host.config.diskLatencyMin);
  }

  protected busy(phase: number, instructions: number): void {
    const { words } = this;
    words[STATUS] |= BSY;
    words[PHASE] = phase;
    this.doubles[DONE_AT] = this.host.clock.icount + instructions;
    this.bus.deadlineMoved = true;
  }

  protected interrupt(): void {
    this.words[INTERRUPT] = 1;
    this.cable?.drive();
  }

  protected clearInterrupt(): void {
    this.words[INTERRUPT] = 0;
    this.cable?.drive();
  }
}
