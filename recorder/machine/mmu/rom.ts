import type { Frame, Physical } from '../../../schemas/units.ts';
import { BIOS_ROM_BYTES, type MachineMemory, OPTION_ROM_BYTES, RAM } from '../layout.ts';
import type { CpuView } from './cpu-view.ts';
import type { FastPath } from './fast-path.ts';
import { type Frames, READ_ONLY } from './frames.ts';

/** ROM and its shadow RAM, as the chipset maps them. */

const PAGE = 4096;
/** Start of read-only memory below 1 MB, in 16 regions of 16 KB. */
const FIRST = 0xc0000;
const REGION_BYTES = 0x4000;
const REGIONS = 16;
/** Physical address of the BIOS below 4 GB. */
const HIGH_BASE = 0x100000000 - BIOS_ROM_BYTES;

/** The memory that an access to a region reaches: RAM, or otherwise ROM (stores are then ignored). */
export const READS_RAM = 1;
export const WRITES_RAM = 2;

/** Bytes of RAM that can lie hidden under ROM. */
export const HIDDEN_BYTES = REGIONS * REGION_BYTES;

/**
 * ROM, and RAM in its place ("shadow"). The current contents of a region of C0000-FFFFF are placed where its RAM would be, so that reads
 * and instruction fetch need no special case; only stores to frames marked READ_ONLY come here. RAM hidden by ROM is kept in `hidden`.
 */
export class RomShadow {
  private readonly u8: Uint8Array;
  private readonly frames: Frames;
  private readonly fastPath: FastPath;
  private readonly cpu: CpuView;
  /** The ROM as it appears at FIRST. */
  private readonly rom: Uint8Array;
  private readonly modes = new Uint8Array(REGIONS).fill(READS_RAM | WRITES_RAM);
  private hidden: Uint8Array | undefined;

  constructor(mem: MachineMemory, frames: Frames, fastPath: FastPath, cpu: CpuView) {
    this.u8 = mem.u8;
    this.frames = frames;
    this.fastPath = fastPath;
    this.cpu = cpu;
    this.rom = new Uint8Array(HIDDEN_BYTES);
    const at = RAM + mem.ramBytes;
    this.rom.set(mem.u8.subarray(at + BIOS_ROM_BYTES, at + BIOS_ROM_BYTES + OPTION_ROM_BYTES));
    this.rom.set(
      mem.u8.subarray(at + BIOS_ROM_BYTES - OPTION_ROM_BYTES, at + BIOS_ROM_BYTES),
      OPTION_ROM_BYTES,
    );
  }

  /** `hidden`: HIDDEN_BYTES of device state. Initially reads come from ROM and stores are ignored. */
  attach(hidden: Uint8Array): void {
    this.hidden = hidden;
    for (let region = 0; region < REGIONS; region++) this.setRegion(region, 0);
  }

  /** Sets what accesses to 16 KB region `region` reach: READS_RAM and WRITES_RAM. */
  setRegion(region: number, mode: number): void {
    const { hidden, modes, u8 } = this;
    const changed = modes[region] ^ mode;
    if (hidden === undefined || changed === 0) return;
    modes[region] = mode;
    const from = region * REGION_BYTES;
    const visible = u8.subarray(RAM + FIRST + from, RAM + FIRST + from + REGION_BYTES);
    if (changed & READS_RAM) {
      if (mode & READS_RAM) visible.set(hidden.subarray(from, from + REGION_BYTES));
      else {
        hidden.set(visible, from);
        visible.set(this.rom.subarray(from, from + REGION_BYTES));
      }
    }
    this.mark(region, (changed & READS_RAM) !== 0);
  }

  /** After a restore RAM and `hidden` are as they were: only what is derived has to follow. */
  restoreRegion(region: number, mode: number): void {
    this.modes[region] = mode;
    this.mark(region, false);
  }

  private mark(region: number, newContents: boolean): void {
    const { frames } = this;
    const readOnly = this.modes[region] !== (READS_RAM | WRITES_RAM);
    const first = (FIRST + region * REGION_BYTES) / PAGE;
    for (let frame = first; frame < first + REGION_BYTES / PAGE; frame++) {
      if (readOnly) frames.addFacts(frame, READ_ONLY);
      else frames.removeFacts(frame, READ_ONLY);
      this.fastPath.revoke(frame);
      if (!newContents) continue;
      frames.change(frame);
      for (let offset = 0; offset < PAGE; offset += 4) this.cpu.codeWritten(frame, offset, 4);
    }
  }

  /** A store of `value` to a READ_ONLY frame, which goes to the RAM behind it or is ignored. */
  store(frame: Frame, offset: number, size: number, value: number): void {
    const at = frame * PAGE + offset - FIRST;
    if ((this.modes[Math.floor(at / REGION_BYTES)] & WRITES_RAM) === 0) return;
    // Where stores reach RAM and the frame is read-only all the same, reads come from ROM.
    for (let i = 0; i < size; i++) (this.hidden as Uint8Array)[at + i] = value >>> (8 * i);
  }

  /** The frame by which `physical` is known if it lies in the BIOS below 4 GB; -1 elsewhere. */
  static highFrame(mem: MachineMemory, physical: Physical): number {
    if (mem.romBytes === 0 || physical < HIGH_BASE) return -1;
    return (mem.ramBytes + physical - HIGH_BASE) >>> 12;
  }
}
