import type { Device, DeviceHost } from '../device.ts';
import type { PortBus } from './bus.ts';
import { type DeviceBlock, deviceBlock } from './device-block.ts';
import { DEVICES } from './device-table.ts';
import type { DiskOverlay } from './disk-overlay.ts';
import type { DmaControllers } from './dma8237.ts';
import { type FloppyFormat, floppyFormat } from './floppy-format.ts';
import type { InterruptControllers } from './pic8259.ts';

/**
 * The floppy disk controller (Intel 82077AA data sheet) with two drives, on IRQ 6 and DMA channel 2. Data go by DMA only.
 * Seeks and transfers take a latency drawn through Nondet, as the ATA disk's do.
 */

/** Words. */
const DOR = 0;
const RATE = 1;
/** Received bytes of the command, and unread bytes of the result. */
const RECEIVED = 2;
const RESULTS = 3;
const RESULT_AT = 4;
/** The command that the deadline ends; 0 idle. */
const EXECUTING = 5;
/** Drives whose completed seek or reset has not been sensed yet (one bit each), and the ST0 of each. */
const SENSE_PENDING = 6;
const SENSE_STATUS = 7;
/** Cylinder under the heads of each drive. */
const CYLINDERS = 12;
const INTERRUPT = 16;
const LOCKED = 17;
const COMMAND = 24;
const COMMAND_BYTES = 9;
const RESULT = 40;
/** Double: icount of completion; 0 while idle. */
const DONE_AT = 32;

const IRQ = DEVICES.floppy.irqs.line;
const DMA_CHANNEL = 2;
const SECTOR_BYTES = 512;
/** Sector size code of 512 bytes. */
const SIZE_512 = 2;
const DRIVES = 4;

const DOR_RUN = 4;
const DOR_INTERRUPTS = 8;

const MSR_READY = 0x80;
const MSR_TO_HOST = 0x40;
const MSR_BUSY = 0x10;

const ST0_ABNORMAL = 0x40;
const ST0_INVALID = 0x80;
const ST0_CHANGED = 0xc0;
const ST0_SEEK_END = 0x20;
const ST1_END_OF_TRACK = 0x80;
const ST1_NO_DATA = 4;
const ST1_NOT_WRITABLE = 2;
const ST1_NO_ADDRESS_MARK = 1;
const ST3_TWO_SIDES = 8;
const ST3_TRACK_0 = 0x10;
const ST3_READY = 0x20;

const DIR_CHANGED = 0x80;
const MULTI_TRACK = 0x80;

const WRITE = 0x05;
const READ = 0x06;
const WRITE_DELETED = 0x09;
const READ_DELETED = 0x0c;
const RECALIBRATE = 0x07;
const SENSE_INTERRUPT = 0x08;
const READ_ID = 0x0a;
const FORMAT = 0x0d;
const SEEK = 0x0f;
const LOCK = 0x14;

/** Bytes of each command with its parameters, by bits 4-0 of the first. */
const LENGTHS: Readonly<Record<number, number>> = {
  ...{ 2: 9, 3: 3, 4: 2, [WRITE]: 9, [READ]: 9, [RECALIBRATE]: 2, [SENSE_INTERRUPT]: 1 },
  ...{ [WRITE_DELETED]: 9, [READ_ID]: 2, [READ_DELETED]: 9, [FORMAT]: 6, 14: 1, [SEEK]: 3, 16: 1 },
  ...{ 18: 2, 19: 4, [LOCK]: 1, 22: 9 },
};

const VERSION_82077 = 0x90;

export class FloppyController implements Device {
  readonly name = 'floppy';
  readonly state: DeviceBlock;
  private readonly words: Int32Array;
  private readonly doubles: Float64Array;
  private readonly host: DeviceHost;
  private readonly bus: PortBus;
  private readonly pic: InterruptControllers;
  private readonly dma: DmaControllers;
  private readonly media: readonly (DiskOverlay | undefined)[];
  private readonly formats: readonly (FloppyFormat | undefined)[];
  private readonly sector = new Uint8Array(SECTOR_BYTES);

  constructor(
    host: DeviceHost,
    bus: PortBus,
    pic: InterruptControllers,
    dma: DmaControllers,
    media: readonly (DiskOverlay | undefined)[],
  ) {
    this.state = deviceBlock(host.mem, 'floppy');
    this.words = this.state.words;
    this.doubles = this.state.doubles;
    this.host = host;
    this.bus = bus;
    this.pic = pic;
    this.dma = dma;
    this.media = media;
    this.formats = media.map((medium) => medium && floppyFormat(medium.sectors));
    this.words[DOR] = DOR_RUN | DOR_INTERRUPTS;
    bus.claim(DEVICES.floppy.ports.registers, {
      in: (port) => this.read(port),
      out: (port, value) => this.write(port, value),
    });
    // 3F6h belongs to the ATA channel; a write of 3F7h sets only the data rate.
    bus.claim(DEVICES.floppy.ports.direction, {
      in: () => (this.media[this.words[DOR] & 3] ? 0 : DIR_CHANGED),
      out: (_port, value) => {
        this.words[RATE] = value & 3;
      },
    });
  }

  nextDeadline(): number {
    return this.doubles[DONE_AT] || Number.POSITIVE_INFINITY;
  }

  redraw(line: number, from: number, to: number): boolean {
    if (line !== IRQ || this.doubles[DONE_AT] !== from) return false;
    this.doubles[DONE_AT] = to;
    return true;
  }

  onDeadline(): void {
    this.doubles[DONE_AT] = 0;
    const command = this.words[EXECUTING];
    this.words[EXECUTING] = 0;
    if (command === SEEK || command === RECALIBRATE) this.seekDone(command);
    else if (command === READ_ID) this.idDone();
    else if (command === FORMAT) this.formatDone();
    else this.transferDone(command);
  }

  // --- Registers -------------------------------------------------------------------------------------------------------

  private read(port: number): number {
    const { words } = this;
    if (port === 2) return words[DOR];
    if (port === 4) return this.status();
    if (port === 5) return this.nextResult();
    return port === 3 ? 0x20 : 0;
  }

  private write(port: number, value: number): void {
    const { words } = this;
    if (port === 2) this.control(value);
    else if (port === 4 && value & 0x80) {
      // DSR: a reset that clears itself.
      this.reset();
      this.resetDone();
    } else if (port === 5) this.commandByte(value);
    else if (port === 4) words[RATE] = value & 3;
  }

  private status(): number {
    const { words } = this;
    if ((words[DOR] & DOR_RUN) === 0) return 0;
    if (words[EXECUTING] === SEEK || words[EXECUTING] === RECALIBRATE)
      return MSR_READY | (1 << (words[COMMAND + 1] & 3));
    if (words[EXECUTING]) return MSR_BUSY;
    if (words[RESULTS]) return MSR_READY | MSR_TO_HOST | MSR_BUSY;
    return MSR_READY | (words[RECEIVED] ? MSR_BUSY : 0);
  }

  private control(value: number): void {
    const { words } = this;
    const was = words[DOR];
    words[DOR] = value;
    if ((value & DOR_RUN) === 0) this.reset();
    else if ((was & DOR_RUN) === 0) this.resetDone();
    this.drive();
  }

  private reset(): void {
    const { words } = this;
    this.doubles[DONE_AT] = 0;
    for (const word of [RECEIVED, RESULTS, EXECUTING, SENSE_PENDING, INTERRUPT]) words[word] = 0;
    this.bus.deadlineMoved = true;
    this.drive();
  }

  /** The controller polls its four drives, and finds that each is "changed" (data sheet, 5.2.4). */
  private resetDone(): void {
    const { words } = this;
    words[SENSE_PENDING] = (1 << DRIVES) - 1;
    for (let drive = 0; drive < DRIVES; drive++) words[SENSE_STATUS + drive] = ST0_CHANGED | drive;
    this.interrupt();
  }

  private nextResult(): number {
    const { words } = this;
    if (!words[RESULTS]) return 0;
    this.clearInterrupt();
    words[RESULTS]--;
    return words[RESULT + words[RESULT_AT]++];
  }

  // --- Commands --------------------------------------------------------------------------------------------------------

  private commandByte(value: number): void {
    const { words } = this;
    if ((words[DOR] & DOR_RUN) === 0 || words[EXECUTING] || words[RESULTS]) return;
    words[COMMAND + words[RECEIVED]++] = value;
    const wanted = Math.min(COMMAND_BYTES, LENGTHS[words[COMMAND] & 0x1f] ?? 1);
    if (words[RECEIVED] < wanted) return;
    words[RECEIVED] = 0;
    this.execute(words[COMMAND] & 0x1f);
  }

  private execute(command: number): void {
    const { words } = this;
    const drive = words[COMMAND + 1] & 3;
    this.clearInterrupt();
    switch (command) {
      case READ:
      case READ_DELETED:
      case WRITE:
      case WRITE_DELETED:
      case READ_ID:
      case FORMAT:
      case SEEK:
      case RECALIBRATE:
        this.begin(command);
        break;
      case 0x03:
      case 0x12:
      case 0x13:
        // Step rates, perpendicular mode, FIFO: nothing here depends on them, and there is no result.
        break;
      case 0x04:
        this.result(
          ST3_READY |
            ST3_TWO_SIDES |
            (words[CYLINDERS + drive] === 0 ? ST3_TRACK_0 : 0) |
            (words[COMMAND + 1] & 7),
        );
        break;
      case SENSE_INTERRUPT:
        this.senseInterrupt();
        break;
      case 0x0e:
        this.result(
          ...[0, 1, 2, 3].map((n) => words[CYLINDERS + n]),
          0xaf,
          2,
          0,
          words[LOCKED] << 7,
          0x60,
          0,
        );
        break;
      case 0x10:
        this.result(VERSION_82077);
        break;
      case LOCK:
        words[LOCKED] = words[COMMAND] >> 7;
        this.result(words[LOCKED] << 4);
        break;
      default:
        this.result(ST0_INVALID);
    }
  }

  private begin(command: number): void {
    const { nondet, clock, config } = this.host;
    const { diskLatencyMin, diskLatencyMax } = config;
    const latency = nondet.draw('disk_latency', clock.icount, diskLatencyMin, diskLatencyMax);
    this.words[EXECUTING] = command;
    this.doubles[DONE_AT] = clock.icount + Math.max(1, latency);
    this.bus.deadlineMoved = true;
  }

  private senseInterrupt(): void {
    const { words } = this;
    for (let drive = 0; drive < DRIVES; drive++) {
      if ((words[SENSE_PENDING] & (1 << drive)) === 0) continue;
      words[SENSE_PENDING] &= ~(1 << drive);
      this.result(words[SENSE_STATUS + drive], words[CYLINDERS + drive]);
      return;
    }
    this.result(ST0_INVALID);
  }

  private seekDone(command: number): void {
    const { words } = this;
    const select = words[COMMAND + 1] & 7;
    const drive = select & 3;
    // Without a drive no track 0 is ever found.
    const there = this.media[drive] !== undefined;
    words[CYLINDERS + drive] = command === SEEK ? words[COMMAND + 2] : 0;
    words[SENSE_PENDING] |= 1 << drive;
    words[SENSE_STATUS + drive] =
      ST0_SEEK_END | select | (there || command === SEEK ? 0 : ST0_ABNORMAL | 0x10);
    this.interrupt();
  }

  private idDone(): void {
    const { words } = this;
    const drive = words[COMMAND + 1] & 3;
    const head = (words[COMMAND + 1] >> 2) & 1;
    const format = this.formats[drive];
    const cylinder = words[CYLINDERS + drive];
    if (format && head < format.heads && cylinder < format.cylinders) this.finish(0, 0, cylinder, head, 1);
    else this.finish(ST0_ABNORMAL, ST1_NO_ADDRESS_MARK, cylinder, head, 1);
  }

  /** Transfers sectors from the command's first one until the DMA count is reached or the track (with MT: the cylinder) ends. */
  private transferDone(command: number): void {
    const { words } = this;
    const drive = words[COMMAND + 1] & 3;
    const medium = this.media[drive];
    const format = this.formats[drive];
    const cylinder = words[COMMAND + 2];
    let head = words[COMMAND + 3];
    let sector = words[COMMAND + 4];
    const last = words[COMMAND + 6];
    const writes = command === WRITE || command === WRITE_DELETED;
    if (!medium || !format) {
      this.finish(ST0_ABNORMAL, ST1_NO_ADDRESS_MARK, cylinder, head, sector);
      return;
    }
    for (;;) {
      const { sectorsPerTrack, heads } = format;
      const place = (cylinder * heads + head) * sectorsPerTrack + sector - 1;
      const exists =
        words[COMMAND + 5] === SIZE_512 &&
        cylinder === words[CYLINDERS + drive] &&
        cylinder < format.cylinders &&
        head < heads &&
        sector >= 1 &&
        sector <= sectorsPerTrack &&
        place < medium.sectors;
      if (!exists) {
        this.finish(ST0_ABNORMAL, ST1_NO_DATA, cylinder, head, sector);
        return;
      }
      if (!(writes ? this.fromHost(medium, place) : this.toHost(medium, place))) {
        this.finish(ST0_ABNORMAL, ST1_NO_DATA, cylinder, head, sector);
        return;
      }
      const reached = this.dma.reached(DMA_CHANNEL);
      if (sector !== last) sector++;
      else if (words[COMMAND] & MULTI_TRACK && head === 0) {
        head = 1;
        sector = 1;
      } else {
        // The result names the first sector of the next cylinder.
        this.finish(reached ? 0 : ST0_ABNORMAL, reached ? 0 : ST1_END_OF_TRACK, cylinder + 1, 0, 1);
        return;
      }
      if (reached) {
        this.finish(0, 0, cylinder, head, sector);
        return;
      }
    }
  }

  /** Sends a sector to the host; false if no byte of it was taken. */
  private toHost(medium: DiskOverlay, place: number): boolean {
    medium.read(place, this.sector);
    for (let i = 0; i < SECTOR_BYTES; i++) {
      if (!this.dma.toMemory(DMA_CHANNEL, this.sector[i])) return i > 0;
      if (this.dma.reached(DMA_CHANNEL)) return true;
    }
    return true;
  }

  /** Takes a sector from the host; bytes beyond a short count are written as zeros. */
  private fromHost(medium: DiskOverlay, place: number): boolean {
    this.sector.fill(0);
    for (let i = 0; i < SECTOR_BYTES; i++) {
      const byte = this.dma.fromMemory(DMA_CHANNEL);
      if (byte < 0 && i === 0) return false;
      if (byte < 0) break;
      this.sector[i] = byte;
      if (this.dma.reached(DMA_CHANNEL)) break;
    }
    medium.write(place, this.sector);
    return true;
  }

  /** FORMAT TRACK: the host gives cylinder, head, number and size of each sector; each is filled with the last parameter. */
  private formatDone(): void {
    const { words } = this;
    const drive = words[COMMAND + 1] & 3;
    const head = (words[COMMAND + 1] >> 2) & 1;
    const cylinder = words[CYLINDERS + drive];
    const medium = this.media[drive];
    const format = this.formats[drive];
    const count = words[COMMAND + 3];
    const fits =
      format &&
      words[COMMAND + 2] === SIZE_512 &&
      count === format.sectorsPerTrack &&
      cylinder < format.cylinders;
    if (!medium || !fits) {
      this.finish(ST0_ABNORMAL, ST1_NOT_WRITABLE, cylinder, head, 1);
      return;
    }
    this.sector.fill(words[COMMAND + 5]);
    for (let n = 0; n < count; n++) {
      const [, , number] = [0, 1, 2, 3].map(() => this.dma.fromMemory(DMA_CHANNEL));
      if (number >= 1 && number <= count)
        medium.write((cylinder * format.heads + head) * format.sectorsPerTrack + number - 1, this.sector);
    }
    this.finish(0, 0, cylinder, head, count);
  }

  private finish(st0: number, st1: number, cylinder: number, head: number, sector: number): void {
    const select = this.words[COMMAND + 1] & 7;
    this.result(st0 | select, st1, 0, cylinder, head, sector, SIZE_512);
    this.interrupt();
  }

  private result(...bytes: number[]): void {
    const { words } = this;
    bytes.forEach((byte, i) => {
      words[RESULT + i] = byte;
    });
    words[RESULTS] = bytes.length;
    words[RESULT_AT] = 0;
  }

  // --- Interrupts ------------------------------------------------------------------------------------------------------

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
    this.pic.setLine(IRQ, words[INTERRUPT] !== 0 && (words[DOR] & DOR_INTERRUPTS) !== 0);
  }
}
