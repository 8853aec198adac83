import type { DriveKind } from '../../schemas/trace/header.ts';
import type { Icount, Physical } from '../../schemas/units.ts';
import type { MachineConfig } from './config.ts';
import type { EventLog } from './events/event-log.ts';
import type { MachineMemory } from './layout.ts';
import type { Input, Nondet } from './nondet.ts';
import type { Hash64 } from './state/state-hash.ts';

/** Interfaces between the machine and its devices; the devices are in devices/. */

/** One chip. Its registers are in its block of DEVICE_STATE, which the machine saves, restores and hashes by name. */
export interface Device {
  readonly name: string;
  readonly state: { readonly offset: number; readonly bytes: number };
  /** icount of the device's next autonomous action; Infinity while it waits for the guest. */
  nextDeadline(): Icount;
  /** Called at `now` >= nextDeadline(); must move the deadline past `now`. */
  onDeadline(now: Icount): void;
  /**
   * Moves its next autonomous action, by which it raises IRQ `line`, from `from`, a random time (`Nondet.draw`) that the guest cannot have
   * observed yet, to the future time `to`, as if that had been drawn. False, with nothing changed, if no such action is due at `from`.
   */
  redraw?(line: number, from: Icount, to: Icount): boolean;
  /** Called once the whole machine is wired. */
  powerOn?(): void;
  /** Rebuilds state derived from the block, after a restore. */
  reload?(): void;
}

/** Consecutive reads of one I/O port without a device. */
export interface AbsentReads {
  readonly port: number;
  readonly reads: number;
}

export interface IoBus {
  /** Unclaimed ports read as all ones. */
  in(port: number, size: 1 | 2 | 4): number;
  out(port: number, size: 1 | 2 | 4, value: number): void;
  /**
   * Performs up to `most` reads of a port and stores the values from `at` on, as far as they only take bytes from a device's buffer.
   * Returns the number done, which may be 0. The last element of a buffer is never included.
   */
  inMany?(port: number, size: 1 | 2 | 4, to: Uint8Array, at: number, most: number): number;
  /** The same for writes. */
  outMany?(port: number, size: 1 | 2 | 4, from: Uint8Array, at: number, most: number): number;
  /** Set if a port access moved a device deadline or requested exit: the CPU then leaves `run`, and the machine clears it. */
  deadlineMoved: boolean;
  /** Called for each port that is read or written. */
  onAccess?: ((port: number) => void) | null;
  /** The latest reads, for display (end-state.ts); not part of the machine's state. */
  readonly absent?: AbsentReads;
}

/** The wires between the coprocessor and the board (SDM volume 1, appendix D). */
export interface CoprocessorLines {
  /** FERR#: an unmasked exception is pending. */
  error(asserted: boolean): void;
  /** IGNNE#: ignore the pending exception. */
  readonly ignoreErrors: boolean;
}

/** The 8259 pair, as seen by the CPU. */
export interface InterruptController {
  /** The INTR line. */
  readonly pending: boolean;
  /** INTA: takes the highest-priority request into service and returns its vector. */
  acknowledge(): number;
  /** The line, 0-15, that the last acknowledge() took. */
  readonly irq: number;
  /** True if that request came from an `inject_irq` input. */
  readonly injected: boolean;
}

/** Physical memory for bus masters; writes to paging structures in it are tracked. */
export interface DmaPort {
  physRead8(physical: Physical): number;
  physRead16(physical: Physical): number;
  physRead32(physical: Physical): number;
  physWrite8(physical: Physical, value: number): void;
  physWrite16(physical: Physical, value: number): void;
  physWrite32(physical: Physical, value: number): void;
}

/** A disk's contents: the image as given plus what the guest wrote. Sectors of 512 bytes. */
export interface DiskImage {
  readonly sectors: number;
  read(sector: number, into: Uint8Array): void;
}

/** A sector that the guest wrote: 512 bytes, never changed afterwards, and the hash of its number and contents. */
export interface WrittenSector {
  readonly bytes: Uint8Array;
  readonly hash: Hash64;
}

/** Every sector that the guest wrote, by number. */
export type DiskContents = ReadonlyMap<number, WrittenSector>;

/**
 * Receives each byte that the guest sends to its console (CONSOLE_PORT), whatever is recorded. Any reaction may enter the machine only
 * through Nondet.
 */
export type ConsoleListener = (port: number, byte: number) => void;

export type { DriveKind };

/** A drive with its medium. `unit`: on ATA 0-3 (first channel's master and slave, second channel's), of floppies 0 and 1. */
export interface Drive {
  readonly kind: DriveKind;
  readonly unit: number;
  readonly image: DiskImage;
}

/** The ROMs of a PC that boots by a BIOS. */
export interface Firmware {
  /** A multiple of 64 KB, at most 256 KB; its last bytes appear just below 4 GB. */
  readonly bios: Uint8Array;
  /** Option ROM of the display adapter; empty for none. */
  readonly vgaBios: Uint8Array;
  /** Drives in the order in which the BIOS tries them; at most three. */
  readonly bootOrder: readonly DriveKind[];
  /** True if the guest finds a PCI bus; otherwise only the BIOS does, while it starts. */
  readonly pci: boolean;
}

/** The control of devices over the processor's view of memory. */
export interface MemoryControl {
  /** Enables address line 20, or holds it low. */
  setA20(on: boolean): void;
  /** The same after a restore: only derived state is updated. */
  restoreA20(on: boolean): void;
  readonly shadow: {
    attach(hidden: Uint8Array): void;
    setRegion(region: number, mode: number): void;
    restoreRegion(region: number, mode: number): void;
  } | null;
}

export interface DeviceHost {
  readonly mem: MachineMemory;
  readonly config: MachineConfig;
  readonly nondet: Nondet;
  readonly log: EventLog | null;
  /** The first hard disk. */
  readonly disk: DiskImage | null;
  /** All other drives. */
  readonly drives: readonly Drive[];
  readonly firmware: Firmware | null;
  readonly memory: MemoryControl;
  readonly clock: { readonly icount: Icount };
  readonly dma: DmaPort;
  readonly onConsole?: ConsoleListener | undefined;
}

/** Sectors that the guest wrote to the medium in a drive. */
export interface Medium {
  readonly name: string;
  hash(): Hash64;
  save(): DiskContents;
  restore(contents: DiskContents): void;
}

export interface DeviceSet {
  readonly bus: IoBus;
  readonly pic: InterruptController;
  /** Absent on a board without them. */
  readonly coprocessor?: CoprocessorLines;
  readonly devices: readonly Device[];
  /** Takes an asynchronous input (`serial_byte`, `inject_irq`). */
  acceptInput(input: Input): void;
  /** The code that the guest wrote to the exit port; -1 if it has not. */
  readonly exitCode: number;
  /** A requested reset of the processor; the machine performs it and calls `resetDone`. */
  readonly resetRequested: boolean;
  resetDone(): void;
  /** Sectors that the guest wrote to each drive other than `disk`, by the drive's name. */
  readonly media: readonly Medium[];
  /** Hash of everything the guest wrote to the disk; null without a disk. */
  diskHash(): Hash64 | null;
  saveDisk(): DiskContents;
  restoreDisk(contents: DiskContents): void;
}
