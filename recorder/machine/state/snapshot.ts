import type { Icount } from '../../../schemas/units.ts';
import type { DiskContents } from '../device.ts';
import {
  CPU_STATE,
  CPU_STATE_BYTES,
  FRAME_STATE,
  type MachineMemory,
  TLB_STATE,
  TLB_STATE_BYTES,
} from '../layout.ts';
import { MachineError } from '../machine-error.ts';
import type { Image } from './page-store.ts';

/** Snapshots of a machine's state, in shared pages. */

export const SNAPSHOT_PAGE = 4096;

/** 4096 bytes of state, or the rest of its area. Immutable, because snapshots share equal pages. */
export type Page = Uint8Array;

/** One area of state, cut into pages. */
export interface PagedArea {
  readonly bytes: number;
  readonly pages: readonly Page[];
}

/** The part of a machine's state that is not in areas. */
export interface Instant {
  readonly icount: Icount;
  /** seq of the next event. */
  readonly seq: number;
  /** True if the machine was recording, so that its FRAME_STATE is complete. */
  readonly tracking: boolean;
  /** Sectors that the guest wrote to the disk; null without a disk. */
  readonly disk: DiskContents | null;
  /** The same of every other drive, by its name. */
  readonly media: ReadonlyMap<string, DiskContents>;
}

/**
 * The complete state of a machine at one instant, by name of area, independent of the layout in memory. Snapshots of one machine share
 * unchanged pages, so each costs only the changes.
 */
export interface Snapshot extends Instant {
  readonly areas: ReadonlyMap<string, PagedArea>;
}

/**
 * The same, kept in the machine's own store: it costs only the 256-byte blocks that changed, and must be given back (`Machine.release`).
 * Only the machine that made it can restore it.
 */
export interface KeptState extends Instant {
  /** Of everything that is in the machine's memory. */
  readonly image: Image;
  /** The rest. */
  readonly areas: ReadonlyMap<string, PagedArea>;
}

/** The state of a machine that may have changed: RAM by frames (ascending), everything else whole. Views, not copies. */
export interface LiveChanges extends Instant {
  readonly ram: {
    readonly bytes: number;
    readonly frames: Uint32Array;
    readonly pages: readonly Uint8Array[];
  };
  readonly areas: ReadonlyMap<string, Uint8Array>;
}

/** Name in Snapshot.areas of RAM, one page per frame. */
export const RAM_AREA = 'ram';
/** FRAME_STATE without derived parts. */
export const FRAMES_AREA = 'frames';

export interface Area {
  readonly name: string;
  readonly offset: number;
  readonly bytes: number;
}

/** The STATE areas of layout.ts, except RAM and DEVICE_STATE, which is divided among the devices. */
export function memoryAreas(mem: MachineMemory): Area[] {
  return [
    { name: 'cpu', offset: CPU_STATE, bytes: CPU_STATE_BYTES },
    { name: 'tlb', offset: TLB_STATE, bytes: TLB_STATE_BYTES },
    { name: FRAMES_AREA, offset: FRAME_STATE, bytes: (mem.ramBytes >>> 12) * 16 },
  ];
}

/** The page of zeros, shared by all full pages of zeros. */
export const ZERO_PAGE: Page = new Uint8Array(SNAPSHOT_PAGE);

/** A copy of `bytes` (at most a page), or `last` or the page of zeros if it is equal. */
export function keptPage(bytes: Uint8Array, last: Page | undefined): Page {
  if (last && sameBytes(bytes, last)) return last;
  if (bytes.length === SNAPSHOT_PAGE && sameBytes(bytes, ZERO_PAGE)) return ZERO_PAGE;
  return bytes.slice();
}

/** Copies an area; pages that are as in `last` are shared with it. */
export function savePaged(bytes: Uint8Array, last: PagedArea | undefined): PagedArea {
  const pages: Page[] = [];
  for (let at = 0; at < bytes.length; at += SNAPSHOT_PAGE) {
    pages.push(keptPage(bytes.subarray(at, at + SNAPSHOT_PAGE), last?.pages[pages.length]));
  }
  return { bytes: bytes.length, pages };
}

/** The contents of an area in one piece. */
export function wholeArea({ bytes, pages }: PagedArea): Uint8Array {
  const whole = new Uint8Array(bytes);
  for (const [n, page] of pages.entries()) whole.set(page, n * SNAPSHOT_PAGE);
  return whole;
}

export function restoreArea(mem: MachineMemory, { name, offset, bytes }: Area, snapshot: Snapshot): void {
  const saved = areaOf(snapshot, name);
  if (saved.bytes !== bytes) throw wrongSize(name, saved.bytes, bytes);
  for (const [n, page] of saved.pages.entries()) mem.u8.set(page, offset + n * SNAPSHOT_PAGE);
}

export function areaOf(snapshot: Snapshot, name: string): PagedArea {
  const area = snapshot.areas.get(name);
  if (!area) throw new MachineError(`the snapshot has no ${name}: it belongs to another machine`);
  return area;
}

export const wrongSize = (name: string, saved: number, own: number): MachineError =>
  new MachineError(`the snapshot's ${name} has ${saved} bytes, this machine's ${own}`);

/** Compares by words first, which is fast for pages. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  if (((a.byteOffset | b.byteOffset | a.length) & 7) !== 0) return a.every((byte, i) => byte === b[i]);
  const words = a.length >>> 2;
  const x = new Int32Array(a.buffer, a.byteOffset, words);
  const y = new Int32Array(b.buffer, b.byteOffset, words);
  for (let i = 0; i < words; i++) if (x[i] !== y[i]) return false;
  return true;
}
