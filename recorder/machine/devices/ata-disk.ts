import type { DeviceHost } from '../device.ts';
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
  DSC,
  ERR,
  ERROR,
  NEXT_LBA,
  REMAINING,
  SECTOR,
  SECTOR_BYTES,
  STATUS,
} from './ata-drive.ts';
import { DEFAULT_HEADS, DEFAULT_SECTORS_PER_TRACK, geometryFor, identity } from './ata-identity.ts';
import type { PortBus } from './bus.ts';
import type { DeviceName } from './device-table.ts';
import type { DiskOverlay } from './disk-overlay.ts';

/**
 * An ATA hard disk: PIO transfers. A command takes a random time drawn through Nondet, and so does each further block of its transfer,
 * which comes from the track buffer.
 */

/** Words of its own. SET MULTIPLE MODE: sectors per interrupt; 0 off. */
const MULTIPLE = 15;
const HEADS = 16;
const SECTORS_PER_TRACK = 17;
/** Sectors of each block of the command in progress. */
const BLOCK = 18;
/** 1 until the first block of the command has been moved. */
const FIRST_BLOCK = 20;
const MAX_MULTIPLE = 16;

const READY = DRDY | DSC;

const ID_NOT_FOUND = 0x10;

const LBA_MODE = 0x40;

const PHASE_READ = 1;
const PHASE_WRITE = 2;
const PHASE_IDENTIFY = 3;
const PHASE_DONE = 4;
const PHASE_VERIFY = 5;

/** Command codes, by function. */
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

export class AtaDisk extends AtaDrive {
  private readonly disk: DiskOverlay;

  constructor(host: DeviceHost, bus: PortBus, block: DeviceName, disk: DiskOverlay) {
    super(host, bus, block);
    this.disk = disk;
    this.words[HEADS] = DEFAULT_HEADS;
    this.words[SECTORS_PER_TRACK] = DEFAULT_SECTORS_PER_TRACK;
    this.signature();
  }

  signature(): void {
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

  protected get hostWrites(): boolean {
    return WRITES.has(this.words[COMMAND]);
  }

  protected done(phase: number): void {
    const { words } = this;
    switch (phase) {
      case PHASE_READ:
        this.blockRead();
        break;
      case PHASE_WRITE:
        this.blockWritten();
        break;
      case PHASE_IDENTIFY:
        this.fillIdentity();
        break;
      case PHASE_VERIFY:
        this.advance(words[REMAINING]);
        break;
    }
    this.interrupt();
  }

  /** Continues after the last byte of a block. */
  protected taken(): void {
    const { words } = this;
    if (WRITES.has(words[COMMAND])) {
      this.busy(PHASE_WRITE, words[FIRST_BLOCK] ? this.latency() : this.blockLatency());
      words[FIRST_BLOCK] = 0;
    } else if (words[REMAINING] > 0) this.busy(PHASE_READ, this.blockLatency());
    else words[BUFFERED] = 0;
  }

  protected execute(code: number): void {
    const { words } = this;
    words[STATUS] = READY;
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
    else if (this.host.config.chipsetRevision >= 31) this.busy(PHASE_VERIFY, this.latency());
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

  /** The sector addressed by the registers; -1 if there is none. */
  private address(): number {
    const { words } = this;
    const cylinder = (words[CYLINDER_HIGH] << 8) | words[CYLINDER_LOW];
    const head = words[DRIVE] & 15;
    if (words[DRIVE] & LBA_MODE) return head * 0x1000000 + ((cylinder << 8) | words[SECTOR]);
    const sector = words[SECTOR];
    if (sector === 0 || sector > words[SECTORS_PER_TRACK] || head >= words[HEADS]) return -1;
    return (cylinder * words[HEADS] + head) * words[SECTORS_PER_TRACK] + sector - 1;
  }

  /** Updates the registers, which address the last transferred sector. */
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
    return this.disk.sectors;
  }

  // --- Data ----------------------------------------------------------------------------------------------------------

  private blockRead(): void {
    const { words, buffer, disk } = this;
    const sectors = Math.min(words[BLOCK], words[REMAINING]);
    for (let n = 0; n < sectors; n++)
      disk.read(words[NEXT_LBA] + n, buffer.subarray(n * SECTOR_BYTES, (n + 1) * SECTOR_BYTES));
    this.advance(sectors);
    this.offer(sectors * SECTOR_BYTES);
  }

  private blockWritten(): void {
    const { words, buffer, disk } = this;
    const sectors = words[BUFFERED] / SECTOR_BYTES;
    for (let n = 0; n < sectors; n++)
      disk.write(words[NEXT_LBA] + n, buffer.subarray(n * SECTOR_BYTES, (n + 1) * SECTOR_BYTES));
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

  /** Requests the next block from the host; the first is requested without an interrupt. */
  private wantBlock(): void {
    const { words } = this;
    this.offer(Math.min(words[BLOCK], words[REMAINING]) * SECTOR_BYTES);
  }
}
