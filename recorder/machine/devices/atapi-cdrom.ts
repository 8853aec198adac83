import type { DeviceHost, DiskImage } from '../device.ts';
import {
  ABORTED,
  AtaDrive,
  BUFFERED,
  COMMAND,
  COUNT,
  CYLINDER_HIGH,
  CYLINDER_LOW,
  DIAGNOSTICS_PASSED,
  DRDY,
  DRIVE,
  DRQ,
  DSC,
  ERR,
  ERROR,
  NEXT_LBA,
  POSITION,
  REMAINING,
  SECTOR,
  SECTOR_BYTES,
  STATUS,
} from './ata-drive.ts';
import * as answers from './atapi-answers.ts';
import type { PortBus } from './bus.ts';
import type { DeviceName } from './device-table.ts';

/**
 * A CD-ROM drive by the PACKET protocol (ATA/ATAPI-4, 9.9; commands: SFF-8020i and MMC-3). The data of an answer go in
 * pieces of the byte count that the host set; each block of the medium takes a latency drawn through Nondet.
 */

/** Words of its own: sense data, the host's byte count limit, and the end of what the buffer holds. */
const SENSE_KEY = 15;
const SENSE_CODE = 16;
const LIMIT = 17;
const HELD = 18;
/** 1 while the host is to write a packet. */
const PACKET_WANTED = 20;

const PHASE_PACKET = 1;
const PHASE_READ = 2;
const PHASE_DATA = 3;
const PHASE_DONE = 4;
const PHASE_IDENTIFY = 5;

const PACKET_BYTES = 12;
export const CD_BLOCK_BYTES = 2048;
const SECTORS_PER_BLOCK = CD_BLOCK_BYTES / SECTOR_BYTES;

/** Interrupt reason in the sector count register: command or data, and direction. */
const REASON_COMMAND = 1;
const REASON_TO_HOST = 2;

const SENSE_ILLEGAL_REQUEST = 5;
const INVALID_COMMAND = 0x20;
const LBA_OUT_OF_RANGE = 0x21;
const INVALID_FIELD = 0x24;

const COMMAND_DEVICE_RESET = 0x08;
const COMMAND_DIAGNOSE = 0x90;
const COMMAND_PACKET = 0xa0;
const COMMAND_IDENTIFY_PACKET = 0xa1;
const COMMAND_IDENTIFY = 0xec;
const COMMAND_SET_FEATURES = 0xef;

/** Packet commands without data that this drive accepts without action: test unit ready, start/stop, lock, seek, cache. */
const NOTHING_TO_DO = new Set([0x00, 0x1b, 0x1e, 0x2b, 0x35, 0xbb]);

export class AtapiCdrom extends AtaDrive {
  private readonly image: DiskImage;

  constructor(host: DeviceHost, bus: PortBus, block: DeviceName, image: DiskImage) {
    super(host, bus, block);
    this.image = image;
    this.signature();
  }

  /** Signature of a PACKET device (ATA/ATAPI-4, 9.1). */
  signature(): void {
    const { words } = this;
    words[ERROR] = DIAGNOSTICS_PASSED;
    words[COUNT] = 1;
    words[SECTOR] = 1;
    words[CYLINDER_LOW] = 0x14;
    words[CYLINDER_HIGH] = 0xeb;
    words[DRIVE] &= 0x10;
    words[STATUS] = 0;
    words[PACKET_WANTED] = 0;
  }

  private get blocks(): number {
    return Math.ceil(this.image.sectors / SECTORS_PER_BLOCK);
  }

  protected get hostWrites(): boolean {
    return this.words[PACKET_WANTED] !== 0;
  }

  protected override interruptible(code: number): boolean {
    return code === COMMAND_DEVICE_RESET;
  }

  protected execute(code: number): void {
    const { words } = this;
    words[STATUS] = DRDY | DSC;
    words[PACKET_WANTED] = 0;
    switch (code) {
      case COMMAND_PACKET:
        words[LIMIT] = (words[CYLINDER_HIGH] << 8) | words[CYLINDER_LOW];
        this.busy(PHASE_PACKET, 1);
        break;
      case COMMAND_IDENTIFY_PACKET:
        this.busy(PHASE_IDENTIFY, this.track);
        break;
      case COMMAND_DEVICE_RESET:
        this.stop();
        this.signature();
        break;
      case COMMAND_DIAGNOSE:
        this.signature();
        this.busy(PHASE_DONE, this.track);
        break;
      case COMMAND_SET_FEATURES:
        this.interrupt();
        break;
      default:
        if (code === COMMAND_IDENTIFY) this.signature();
        words[ERROR] = ABORTED;
        words[STATUS] = DRDY | DSC | ERR;
        this.interrupt();
    }
  }

  protected done(phase: number): void {
    const { words } = this;
    switch (phase) {
      case PHASE_PACKET:
        words[PACKET_WANTED] = 1;
        words[COUNT] = REASON_COMMAND;
        // The host polls for this one (IDENTIFY PACKET DEVICE, word 0).
        this.offer(PACKET_BYTES);
        return;
      case PHASE_IDENTIFY:
        this.buffer.set(answers.identity());
        this.offer(SECTOR_BYTES);
        break;
      case PHASE_READ:
        this.readBlock();
        this.offerPiece(0);
        break;
      case PHASE_DATA:
        this.offerPiece(words[POSITION]);
        break;
      default:
        break;
    }
    this.interrupt();
  }

  protected taken(): void {
    const { words } = this;
    if (words[PACKET_WANTED]) {
      words[PACKET_WANTED] = 0;
      this.packet(this.buffer.slice(0, PACKET_BYTES));
    } else if (words[COMMAND] !== COMMAND_PACKET) words[BUFFERED] = 0;
    else if (words[POSITION] < words[HELD]) this.busy(PHASE_DATA, 1);
    else if (words[REMAINING] > 0) this.busy(PHASE_READ, this.blockLatency());
    else this.succeed();
  }

  // --- Packets -------------------------------------------------------------------------------------------------------

  private packet(packet: Uint8Array): void {
    const view = new DataView(packet.buffer);
    const [code] = packet;
    const room16 = view.getUint16(7);
    if (code !== 0x03) this.sense(0, 0);
    if (NOTHING_TO_DO.has(code)) this.succeed();
    else if (code === 0x28) this.read(view.getUint32(2), room16);
    else if (code === 0xa8) this.read(view.getUint32(2), view.getUint32(6));
    else if (code === 0xbe) this.readCd(view, packet);
    else if (code === 0x03)
      this.answer(answers.senseData(this.words[SENSE_KEY], this.words[SENSE_CODE]), packet[4]);
    else if (code === 0x12) this.answer(answers.inquiry(), packet[4]);
    else if (code === 0x25) this.answer(answers.capacity(this.blocks), 8);
    else if (code === 0x43) this.toc(packet, room16);
    else if (code === 0x46) this.answer(answers.configuration(), room16);
    else if (code === 0x4a) this.answer(answers.eventStatus(), room16);
    else if (code === 0x51) this.answer(answers.discInformation(), room16);
    else if (code === 0x1a) this.answer(answers.modeSense6(packet[2] & 0x3f), packet[4]);
    else if (code === 0x5a) this.answer(answers.modeSense10(packet[2] & 0x3f), room16);
    else this.refuse(INVALID_COMMAND);
  }

  private read(lba: number, count: number): void {
    if (lba + count > this.blocks) this.refuse(LBA_OUT_OF_RANGE);
    else if (count === 0) this.succeed();
    else {
      this.words[NEXT_LBA] = lba;
      this.words[REMAINING] = count;
      this.busy(PHASE_READ, this.latency());
    }
  }

  /** READ CD of user data alone. */
  private readCd(view: DataView, packet: Uint8Array): void {
    const count = view.getUint32(5) & 0xffffff;
    if ((packet[9] & 0xf8) === 0x10) this.read(view.getUint32(2), count);
    else if ((packet[9] & 0xf8) === 0) this.succeed();
    else this.refuse(INVALID_FIELD);
  }

  private toc(packet: Uint8Array, room: number): void {
    const format = packet[2] & 15 || packet[9] >> 6;
    const toc = answers.tableOfContents(format, (packet[1] & 2) !== 0, packet[6], this.blocks);
    if (toc) this.answer(toc, room);
    else this.refuse(INVALID_FIELD);
  }

  /** Sends a prepared answer, cut to the length in the packet. */
  private answer(bytes: Uint8Array, room: number): void {
    const length = Math.min(bytes.length, room);
    if (length === 0) {
      this.succeed();
      return;
    }
    this.buffer.set(bytes.subarray(0, length));
    this.words[HELD] = length;
    this.words[POSITION] = 0;
    this.busy(PHASE_DATA, this.track);
  }

  private readBlock(): void {
    const { words, buffer, image } = this;
    for (let n = 0; n < SECTORS_PER_BLOCK; n++) {
      const part = buffer.subarray(n * SECTOR_BYTES, (n + 1) * SECTOR_BYTES);
      const sector = words[NEXT_LBA] * SECTORS_PER_BLOCK + n;
      if (sector < image.sectors) image.read(sector, part);
      else part.fill(0);
    }
    words[NEXT_LBA]++;
    words[REMAINING]--;
    words[HELD] = CD_BLOCK_BYTES;
  }

  /** Sends the next piece of the buffer, limited by the host's byte count. */
  private offerPiece(from: number): void {
    const { words } = this;
    const limit = words[LIMIT] & ~1 || 0xfffe;
    const bytes = Math.min(limit, words[HELD] - from);
    words[COUNT] = REASON_TO_HOST;
    words[CYLINDER_LOW] = bytes & 0xff;
    words[CYLINDER_HIGH] = bytes >>> 8;
    this.offer(bytes, from);
    if (bytes & 1) words[BUFFERED]++;
  }

  private succeed(): void {
    const { words } = this;
    words[BUFFERED] = 0;
    words[COUNT] = REASON_COMMAND | REASON_TO_HOST;
    words[STATUS] = DRDY | DSC;
    this.busy(PHASE_DONE, 1);
  }

  private refuse(code: number): void {
    const { words } = this;
    this.sense(SENSE_ILLEGAL_REQUEST, code);
    words[BUFFERED] = 0;
    words[COUNT] = REASON_COMMAND | REASON_TO_HOST;
    words[ERROR] = (SENSE_ILLEGAL_REQUEST << 4) | ABORTED;
    words[STATUS] = (DRDY | DSC | ERR) & ~DRQ;
    this.busy(PHASE_DONE, 1);
  }

  private sense(key: number, code: number): void {
    this.words[SENSE_KEY] = key;
    this.words[SENSE_CODE] = code;
  }
}
