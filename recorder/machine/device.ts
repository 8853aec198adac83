import type { MachineConfig } from './config.ts';
import type { EventLog } from './event-log.ts';
import type { MachineMemory } from './layout.ts';
import type { Input, Nondet } from './nondet.ts';
import type { Hash64 } from './state-hash.ts';

/** The seams between the machine and its devices; the devices themselves are in devices/. */

/** One chip. Its registers lie in its block of DEVICE_STATE, which the machine saves, restores and hashes by name. */
export interface Device {
  readonly name: string;
  readonly state: { readonly offset: number; readonly bytes: number };
  /** icount of the next thing this device does by itself; Infinity when it waits for the guest. */
  nextDeadline(): number;
  /** Called at `now` >= nextDeadline(); must move the deadline past `now`. */
  onDeadline(now: number): void;
  /** Rebuilds what is derived from the block, after a restore. */
  reload?(): void;
  /** State that does not fit the block (a buffer, a queue): saved and hashed besides it. */
  save?(): Uint8Array;
  restore?(bytes: Uint8Array): void;
}

export interface IoBus {
  /** Unclaimed ports read as all ones. */
  in(port: number, size: 1 | 2 | 4): number;
  out(port: number, size: 1 | 2 | 4, value: number): void;
  /** Set when a port access moved a device deadline or asked for exit: the CPU leaves `run`, the machine clears it. */
  deadlineMoved: boolean;
}

/** The wires between the coprocessor and the board (SDM volume 1, appendix D). */
export interface CoprocessorLines {
  /** FERR#: an instruction waits for an exception that is not masked. */
  error(asserted: boolean): void;
  /** IGNNE#: go on all the same. */
  readonly ignoreErrors: boolean;
}

/** The 8259 pair as the CPU sees it. */
export interface InterruptController {
  /** The INTR line. */
  readonly pending: boolean;
  /** INTA: takes the highest-priority request into service and returns its vector. */
  acknowledge(): number;
  /** The line, 0-15, that the last acknowledge() took. */
  readonly irq: number;
  /** Whether that request came from an `inject_irq` input. */
  readonly injected: boolean;
}

/** Physical memory as a bus master sees it: paging structures in it stay tracked. */
export interface DmaPort {
  physRead8(physical: number): number;
  physRead16(physical: number): number;
  physRead32(physical: number): number;
  physWrite8(physical: number, value: number): void;
  physWrite16(physical: number, value: number): void;
  physWrite32(physical: number, value: number): void;
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
 * Hears each byte that the guest sends to its console (CONSOLE_PORT) when it does, whatever is recorded. What it learns may
 * enter the machine again only through Nondet.
 */
export type ConsoleListener = (port: number, byte: number) => void;

export interface DeviceHost {
  readonly mem: MachineMemory;
  readonly config: MachineConfig;
  readonly nondet: Nondet;
  readonly log: EventLog | null;
  readonly disk: DiskImage | null;
  readonly clock: { readonly icount: number };
  readonly dma: DmaPort;
  readonly onConsole?: ConsoleListener | undefined;
}

export interface DeviceSet {
  readonly bus: IoBus;
  readonly pic: InterruptController;
  /** Absent on a board without them. */
  readonly coprocessor?: CoprocessorLines;
  readonly devices: readonly Device[];
  /** Takes an asynchronous input (`serial_byte`, `inject_irq`). */
  acceptInput(input: Input): void;
  /** What the guest wrote to the exit port; -1 while it has not. */
  readonly exitCode: number;
  /** Hash of everything the guest wrote to the disk; null without a disk. */
  diskHash(): Hash64 | null;
  saveDisk(): DiskContents;
  restoreDisk(contents: DiskContents): void;
}
