import type { Icount } from '../../../schemas/units.ts';
import type { Device, DeviceHost } from '../device.ts';
import { DEFAULT_HEADS, DEFAULT_SECTORS_PER_TRACK, geometryFor, identity } from './ata-identity.ts';
import type { PortBus } from './bus.ts';
import { type DeviceBlock, deviceBlock } from './device-block.ts';
import type { DiskOverlay } from './disk-overlay.ts';
import type { InterruptControllers } from './pic8259.ts';

/**
 * The first ATA channel (ATA-3, X3.298): one drive, PIO transfers, IRQ 14. A command takes the time that is drawn through
 * Nondet; the further blocks of a command come from the track buffer, as fast as the fastest command.
 */

/** Words. */
const ERROR = 0;
const COUNT = 2;
const SECTOR = 3;
const CYLINDER_LOW = 4;
const CYLINDER_HIGH = 5;
const DRIVE = 6;
const STATUS = 7;
const COMMAND = 8;
const CONTROL = 9;
const INTERRUPT = 10;
/** Sectors of the transfer still to come, and the LBA of the next. */
const REMAINING = 11;
const NEXT_LBA = 12;
/** Bytes of the buffer in use, and how far the host is. */
const BUFFERED = 13;
const POSITION = 14;
/** SET MULTIPLE MODE: sectors an interrupt; 0 off. */
const MULTIPLE = 15;
const HEADS = 16;
const SECTORS_PER_TRACK = 17;
/** Sectors of each block of the command in progress. */
const BLOCK = 18;
/** What the deadline stands for. */
const PHASE = 19;
/** 1 until the first block of the command has been moved. */
const FIRST_BLOCK = 20;
/** Double: when the drive is done; 0 while it is idle. */
const DONE_AT = 16;
/** Bytes: the data buffer. */
const BUFFER = 0x400;
const MAX_MULTIPLE = 16;

const SECTOR_BYTES = 512;
const IRQ = 14;

const BSY = 0x80;
const DRDY = 0x40;
const DSC = 0x10;
const DRQ = 8;
const ERR = 1;
const READY = DRDY | DSC;

const ABORTED = 4;
const ID_NOT_FOUND = 0x10;
const DIAGNOSTICS_PASSED = 1;

const NO_INTERRUPTS = 2;
const SOFT_RESET = 4;
const LBA_MODE = 0x40;
const SLAVE = 0x10;

const PHASE_READ = 1;
const PHASE_WRITE = 2;
const PHASE_IDENTIFY = 3;
const PHASE_DONE = 4;

/** Command codes, by what they do. */
const READS = new Set([0x20, 0x21, 0xc4]);
const WRITES = new Set([0x30, 0x31, 0xc5]);
const VERIFIES = new Set([0x40, 0x41]);
const MULTIPLES = new Set([0xc4, 0xc5]);
/** Idle, standby, sleep, set features: accepted, nothing to do. */
const ACCEPTED = new Set([0xe0, 0xe1, 0xe2, 0xe3, 0xe6, 0x94, 0x95, 0x96, 0x97, 0x99, 0xef]);
const DIAGNOSE = 0x90;
const SET_PARAMETERS = 0x91;
const SET_MULTIPLE = 0xc6;
const FLUSH = 0xe7;
const CHECK_POWER = 0xe5;
const IDENTIFY = 0xec;
const POWER_ACTIVE = 0xff;

export class AtaChannel implements Device {
  readonly name = 'ata';
  readonly state: DeviceBlock;
  private readonly words: Int32Array;
  private readonly doubles: Float64Array;
  private readonly buffer: Uint8Array;
  private readonly view: DataView;
  private readonly host: DeviceHost;
  private readonly disk: DiskOverlay | null;
  private readonly pic: InterruptControllers;
  private readonly bus: PortBus;

  constructor(host: DeviceHost, bus: PortBus, pic: InterruptControllers, disk: DiskOverlay | null) {
    this.state = deviceBlock(host.mem, 'ata');
    this.words = this.state.words;
    this.doubles = this.state.doubles;
    this.buffer = this.state.u8.subarray(BUFFER, BUFFER + MAX_MULTIPLE * SECTOR_BYTES);
    this.view = new DataView(this.buffer.buffer, this.buffer.byteOffset, this.buffer.length);
    this.host = host;
    this.disk = disk;
    this.pic = pic;
    this.bus = bus;
    this.words[HEADS] = DEFAULT_HEADS;
    this.words[SECTORS_PER_TRACK] = DEFAULT_SECTORS_PER_TRACK;
    this.signature();
    // With nothing attached the bus floats: every read gives ones.
    if (!disk) return;
    bus.claim(0x1f0, 8, {
      in: (port, size) => (port === 0 ? this.readData(size) : this.readRegister(port)),
      out: (port, value, size) =>
        port === 0 ? this.writeData(value, size) : this.writeRegister(port, value),
    });
    bus.claim(0x3f6, 1, {
      in: () => this.status(),
      out: (_port, value) => this.control(value),
    });
  }

  nextDeadline(): number {
    return this.doubles[DONE_AT] || Number.POSITIVE_INFINITY;
  }

  onDeadline(): void {
    const { words } = this;
    this.doubles[DONE_AT] = 0;
    words[STATUS] &= ~BSY;
    switch (words[PHASE]) {
      case PHASE_READ:
        this.blockRead();
        break;
      case PHASE_WRITE:
        this.blockWritten();
        break;
      case PHASE_IDENTIFY:
        this.fillIdentity();
        break;
    }
    this.interrupt();
  }

  // --- Registers -------------------------------------------------------------------------------------------------------

  /** There is no second drive: its registers read as zero (ATA-3, 9.16.1). */
  private get absent(): boolean {
    return (this.words[DRIVE] & SLAVE) !== 0;
  }

  private status(): number {
    return this.absent ? 0 : this.words[STATUS];
  }

  private readRegister(port: number): number {
    if (port === 7) {
      this.clearInterrupt();
      return this.status();
    }
    if (this.absent && port !== DRIVE) return 0;
    return port === 1 ? this.words[ERROR] : this.words[port];
  }

  private writeRegister(port: number, value: number): void {
    const { words } = this;
    // While busy the drive owns its registers.
    if (words[STATUS] & BSY) return;
    // Port 1 is FEATURES when written; nothing here depends on it.
    if (port === 1) return;
    if (port !== 7) words[port] = value;
    else if (!this.absent || value === DIAGNOSE) this.command(value);
  }

  private control(value: number): void {
    const { words } = this;
    const wasReset = (words[CONTROL] & SOFT_RESET) !== 0;
    words[CONTROL] = value;
    if (value & SOFT_RESET) {
      words[STATUS] = BSY;
      this.stop();
    } else if (wasReset) {
      this.signature();
    }
    this.drive();
  }

  /** Register contents after reset and diagnostics (ATA-3, 9.1). */
  private signature(): void {
    const { words } = this;
    words[ERROR] = DIAGNOSTICS_PASSED;
    words[COUNT] = 1;
    words[SECTOR] = 1;
    words[CYLINDER_LOW] = 0;
    words[CYLINDER_HIGH] = 0;
    words[DRIVE] = 0;
    words[STATUS] = READY;
    words[MULTIPLE] = 0;
  }

  private stop(): void {
    const { words } = this;
    this.doubles[DONE_AT] = 0;
    words[REMAINING] = 0;
    words[BUFFERED] = 0;
    words[INTERRUPT] = 0;
    this.bus.deadlineMoved = true;
  }

  // --- Commands --------------------------------------------------------------------------------------------------------

  private command(code: number): void {
    const { words } = this;
    this.clearInterrupt();
    words[COMMAND] = code;
    words[ERROR] = 0;
    words[STATUS] = READY;
    words[BUFFERED] = 0;
    words[REMAINING] = 0;
    if (READS.has(code) || WRITES.has(code) || VERIFIES.has(code)) this.beginTransfer(code);
    else if (code === IDENTIFY) this.busy(PHASE_IDENTIFY, this.track);
    else if (code === DIAGNOSE) {
      this.signature();
      this.busy(PHASE_DONE, this.track);
    } else if (code === SET_PARAMETERS) {
      words[SECTORS_PER_TRACK] = words[COUNT] || 256;
      words[HEADS] = (words[DRIVE] & 15) + 1;
      this.interrupt();
    } else if (code === SET_MULTIPLE) this.setMultiple();
    else if (code === FLUSH || (code & 0xf0) === 0x10 || (code & 0xf0) === 0x70)
      this.busy(PHASE_DONE, this.latency());
    else if (code === CHECK_POWER) {
      words[COUNT] = POWER_ACTIVE;
      this.interrupt();
    } else if (ACCEPTED.has(code)) this.interrupt();
    else this.fail(ABORTED);
  }

  private beginTransfer(code: number): void {
    const { words } = this;
    if (MULTIPLES.has(code) && words[MULTIPLE] === 0) {
      this.fail(ABORTED);
      return;
    }
    const lba = this.address();
    const count = words[COUNT] || 256;
    if (lba < 0 || lba + count > this.sectors) {
      this.fail(ID_NOT_FOUND);
      return;
    }
    words[NEXT_LBA] = lba;
    words[REMAINING] = count;
    words[FIRST_BLOCK] = 1;
    words[BLOCK] = MULTIPLES.has(code) ? words[MULTIPLE] : 1;
    if (READS.has(code)) this.busy(PHASE_READ, this.latency());
    else if (WRITES.has(code)) this.wantBlock();
    else {
      words[REMAINING] = 0;
      this.busy(PHASE_DONE, this.latency());
    }
  }

  private setMultiple(): void {
    const { words } = this;
    const count = words[COUNT];
    if (count > MAX_MULTIPLE || (count & (count - 1)) !== 0) {
      words[MULTIPLE] = 0;
      this.fail(ABORTED);
      return;
    }
    words[MULTIPLE] = count;
    this.interrupt();
  }

  /** The sector that the registers name; -1 when there is none. */
  private address(): number {
    const { words } = this;
    const cylinder = (words[CYLINDER_HIGH] << 8) | words[CYLINDER_LOW];
    const head = words[DRIVE] & 15;
    if (words[DRIVE] & LBA_MODE) return head * 0x1000000 + ((cylinder << 8) | words[SECTOR]);
    const sector = words[SECTOR];
    if (sector === 0 || sector > words[SECTORS_PER_TRACK] || head >= words[HEADS]) return -1;
    return (cylinder * words[HEADS] + head) * words[SECTORS_PER_TRACK] + sector - 1;
  }

  /** The registers follow the transfer: they name the last sector done. */
  private setAddress(lba: number): void {
    const { words } = this;
    if (words[DRIVE] & LBA_MODE) {
      words[SECTOR] = lba & 0xff;
      words[CYLINDER_LOW] = (lba >>> 8) & 0xff;
      words[CYLINDER_HIGH] = (lba >>> 16) & 0xff;
      words[DRIVE] = (words[DRIVE] & 0xf0) | ((lba >>> 24) & 15);
      return;
    }
    const track = Math.floor(lba / words[SECTORS_PER_TRACK]);
    const cylinder = Math.floor(track / words[HEADS]);
    words[SECTOR] = (lba % words[SECTORS_PER_TRACK]) + 1;
    words[DRIVE] = (words[DRIVE] & 0xf0) | (track % words[HEADS]);
    words[CYLINDER_LOW] = cylinder & 0xff;
    words[CYLINDER_HIGH] = (cylinder >>> 8) & 0xff;
  }

  private fail(error: number): void {
    const { words } = this;
    words[ERROR] = error;
    words[STATUS] = READY | ERR;
    this.interrupt();
  }

  private get sectors(): number {
    return this.disk?.sectors ?? 0;
  }

  // --- Data ------------------------------------------------------------------------------------------------------------

  private blockRead(): void {
    const { words, buffer, disk } = this;
    const sectors = Math.min(words[BLOCK], words[REMAINING]);
    for (let n = 0; n < sectors; n++)
      disk?.read(words[NEXT_LBA] + n, buffer.subarray(n * SECTOR_BYTES, (n + 1) * SECTOR_BYTES));
    this.advance(sectors);
    this.offer(sectors * SECTOR_BYTES);
  }

  private blockWritten(): void {
    const { words, buffer, disk } = this;
    const sectors = words[BUFFERED] / SECTOR_BYTES;
    for (let n = 0; n < sectors; n++)
      disk?.write(words[NEXT_LBA] + n, buffer.subarray(n * SECTOR_BYTES, (n + 1) * SECTOR_BYTES));
    words[BUFFERED] = 0;
    this.advance(sectors);
    if (words[REMAINING] > 0) this.wantBlock();
  }

  private fillIdentity(): void {
    const { words } = this;
    const geometry = geometryFor(this.sectors, words[HEADS], words[SECTORS_PER_TRACK]);
    this.buffer.set(identity(this.sectors, geometry, words[MULTIPLE], MAX_MULTIPLE));
    this.offer(SECTOR_BYTES);
  }

  private advance(sectors: number): void {
    const { words } = this;
    words[NEXT_LBA] += sectors;
    words[REMAINING] -= sectors;
    words[COUNT] = words[REMAINING] & 0xff;
    this.setAddress(words[NEXT_LBA] - 1);
  }

  /** Bytes for the host to read. */
  private offer(bytes: number): void {
    const { words } = this;
    words[BUFFERED] = bytes;
    words[POSITION] = 0;
    words[STATUS] |= DRQ;
  }

  /** Room for the host to write the next block to; the first is asked for without an interrupt. */
  private wantBlock(): void {
    const { words } = this;
    words[BUFFERED] = Math.min(words[BLOCK], words[REMAINING]) * SECTOR_BYTES;
    words[POSITION] = 0;
    words[STATUS] |= DRQ;
  }

  private readData(size: 1 | 2 | 4): number {
    const { words, view } = this;
    const at = words[POSITION];
    if ((words[STATUS] & DRQ) === 0 || WRITES.has(words[COMMAND]) || at + size > words[BUFFERED]) return -1;
    const value =
      size === 4 ? view.getInt32(at, true) : size === 2 ? view.getUint16(at, true) : view.getUint8(at);
    this.moved(size);
    return value;
  }

  private writeData(value: number, size: 1 | 2 | 4): void {
    const { words, view } = this;
    const at = words[POSITION];
    if ((words[STATUS] & DRQ) === 0 || !WRITES.has(words[COMMAND]) || at + size > words[BUFFERED]) return;
    if (size === 4) view.setInt32(at, value, true);
    else if (size === 2) view.setUint16(at, value, true);
    else view.setUint8(at, value);
    this.moved(size);
  }

  /** The host moved some bytes; after the last of a block the drive goes on. */
  private moved(size: number): void {
    const { words } = this;
    words[POSITION] += size;
    if (words[POSITION] < words[BUFFERED]) return;
    words[STATUS] &= ~DRQ;
    if (WRITES.has(words[COMMAND])) {
      this.busy(PHASE_WRITE, words[FIRST_BLOCK] ? this.latency() : this.track);
      words[FIRST_BLOCK] = 0;
    } else if (words[REMAINING] > 0) this.busy(PHASE_READ, this.track);
    else words[BUFFERED] = 0;
  }

  // --- Time and interrupts ---------------------------------------------------------------------------------------------

  private latency(): number {
    const { nondet, clock, config } = this.host;
    return nondet.draw('disk_latency', clock.icount as Icount, config.diskLatencyMin, config.diskLatencyMax);
  }

  /** The track buffer's. */
  private get track(): number {
    return Math.max(1, this.host.config.diskLatencyMin);
  }

  private busy(phase: number, instructions: number): void {
    const { words } = this;
    words[STATUS] |= BSY;
    words[PHASE] = phase;
    this.doubles[DONE_AT] = this.host.clock.icount + instructions;
    this.bus.deadlineMoved = true;
  }

  private interrupt(): void {
    this.words[INTERRUPT] = 1;
    this.drive();
  }

  private clearInterrupt(): void {
    this.words[INTERRUPT] = 0;
    this.drive();
  }

  private drive(): void {
    const { words } = this;
    this.pic.setLine(IRQ, words[INTERRUPT] !== 0 && (words[CONTROL] & NO_INTERRUPTS) === 0);
  }
}
