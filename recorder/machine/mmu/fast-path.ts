import type { Frame } from '../../../schemas/units.ts';
import type { ResolvedProfile } from '../config.ts';
import { ATTENTION, FAST_PATH, type MachineMemory, RAM } from '../layout.ts';
import type { Stops } from '../state/stops.ts';
import { type Frames, ROLES, UNWATCHED } from './frames.ts';
import { TLB_DIRTY, TLB_SUSPECT, TLB_USER, TLB_WINDOW_READ, TLB_WRITABLE, type Tlb } from './tlb.ts';
import type { Windows } from './windows.ts';

/** The fast path: a table of pages that can be accessed without the MMU. */

/** Bits of a FAST_PATH slot; the rest is the byte offset of the frame in the machine's memory. */
export const FAST_READ = 1;
export const FAST_WRITE = 2;
export const FAST_USER_READ = 4;
export const FAST_USER_WRITE = 8;
/** While every store is recorded: the above but for that. The caller makes the event. */
export const FAST_RECORD = 32;
export const FAST_USER_RECORD = 128;
const RECORD_SHIFT = 4;

/** The bit of a frame number that address line 20 is. */
export const ODD_MEGABYTE = 0x100;

/**
 * Reasons to check accesses individually, as bits of `FastPath.attention`: a debugger waits for some, pages have data
 * breakpoints, address line 20 is held low (pages of odd megabytes are aliases), accesses at CPL 3 must be aligned, all
 * stores are recorded, all reads are, or those of page directories and tables.
 */
export const FOR_DEBUGGER = 1;
export const FOR_BREAKPOINTS = 2;
export const FOR_A20 = 4;
export const FOR_ALIGNMENT = 8;
export const FOR_STORES = 16;
export const FOR_READS = 32;
export const FOR_TABLE_READS = 64;

const SLOTS = FAST_PATH >>> 2;

/**
 * Decides which accesses need no attention. A slow access grants a slot, only while the TLB holds the page, and only for accesses that
 * would set no bit and make no event; the slot is dropped when one of these conditions ends.
 */
export class FastPath {
  /** CR0.WP: rights of the supervisor. Kept by the MMU. */
  writeProtect = false;
  /** Frame of the current directory; -1 while paging is off. Kept by the MMU. */
  directory = -1;
  /** The current FOR_… reasons to check accesses. The short path leaves accesses that any of these bits concerns to the MMU. */
  attention = 0;
  /** The stops that a debugger watches for; null while it does not (FOR_DEBUGGER). */
  private stops: Stops | null = null;
  /** Linear pages with data breakpoints; null while there are none (FOR_BREAKPOINTS). */
  private watched: ReadonlySet<number> | null = null;

  private readonly tlb: Tlb;
  private readonly frames: Frames;
  private readonly i32: Int32Array;
  private readonly recursiveSlot: number;
  private readonly alternateSlot: number;
  private readonly windows: Windows | null;
  /** Pages granted while paging is off, dropped when it is turned on. */
  private readonly identity: Int32Array;
  private identityCount = 0;

  /** `profile` as far as it is to be watched. */
  constructor(
    mem: MachineMemory,
    tlb: Tlb,
    frames: Frames,
    profile: ResolvedProfile,
    windows: Windows | null = null,
  ) {
    this.tlb = tlb;
    this.frames = frames;
    this.i32 = mem.i32;
    this.recursiveSlot = profile.recursiveSlot;
    this.alternateSlot = profile.alternateSlot;
    this.windows = windows;
    this.identity = new Int32Array(mem.ramBytes >>> 12);
  }

  /** Adds or removes a reason to check accesses. Granted slots remain until `dropAll`. */
  attend(reason: number, on: boolean): void {
    this.attention = on ? this.attention | reason : this.attention & ~reason;
    this.i32[ATTENTION >>> 2] = this.attention;
  }

  watchFor(stops: Stops | null): void {
    this.stops = stops;
    this.attend(FOR_DEBUGGER, stops !== null);
    this.dropAll();
  }

  /** The linear pages with data breakpoints; null when there are none. */
  watchPages(pages: ReadonlySet<number> | null): void {
    this.watched = pages;
    this.attend(FOR_BREAKPOINTS, pages !== null);
    this.dropAll();
  }

  /** Grants the accesses that TLB entry `entry`, which holds page `vpn`, allows. */
  grant(entry: number, vpn: number): void {
    const slot = this.slotOf(entry, vpn, (this.attention & FOR_STORES) === 0);
    if (slot !== 0) this.i32[SLOTS + vpn] = slot;
  }

  /**
   * The slot that page `vpn` would have if not every store were recorded, for a caller that records what it stores; 0 unless the TLB
   * holds the page and nothing else has to be looked at.
   */
  slotButForStores(vpn: number): number {
    if ((this.attention & ~FOR_TABLE_READS) !== FOR_STORES || this.directory < 0) return 0;
    const entry = this.tlb.find(vpn);
    return entry < 0 ? 0 : this.slotOf(entry, vpn, true);
  }

  /** The slot of page `vpn` by TLB entry `entry`; 0 where it gets none. */
  private slotOf(entry: number, vpn: number, writable: boolean): number {
    const frame = this.tlb.frame(entry);
    if (frame >= this.frames.count || (this.attention !== 0 && this.isAttended(vpn, frame))) return 0;
    const flags = this.tlb.flags(entry);
    const slot = vpn >>> 10;
    if (this.alternateSlot >= 0) {
      // Reads of APTDpde are checks of it; reads through the window are recorded once.
      if (frame === this.directory) return 0;
      if (slot === this.alternateSlot && (flags & TLB_WINDOW_READ) === 0) return 0;
    }
    let isWindow = slot === this.alternateSlot || slot === this.recursiveSlot;
    const facts = this.frames.facts(frame);
    if (this.windows !== null) {
      if ((facts & ROLES) !== 0 && this.windows.holdsEntries(frame, this.directory)) return 0;
      if (this.windows.slots[slot] !== 0) {
        if (this.windows.hasWord(vpn)) return 0;
        if (this.windows.of(vpn) !== 0) {
          if ((flags & TLB_WINDOW_READ) === 0) return 0;
          isWindow = true;
        }
      }
    }
    const user = (flags & TLB_USER) !== 0 && (this.attention & FOR_ALIGNMENT) === 0;
    let bits = user ? FAST_READ | FAST_USER_READ : FAST_READ;
    if ((flags & (TLB_DIRTY | TLB_SUSPECT)) === TLB_DIRTY && facts === UNWATCHED && !isWindow) {
      let writes = 0;
      if (flags & TLB_WRITABLE) writes = user ? FAST_WRITE | FAST_USER_WRITE : FAST_WRITE;
      else if (!this.writeProtect) writes = FAST_WRITE;
      bits |= writable ? writes : writes << RECORD_SHIFT;
    }
    return (RAM + (frame << 12)) | bits;
  }

  /** True if one of the reasons for attention concerns a page. */
  private isAttended(vpn: number, frame: Frame): boolean {
    if (this.isHidden(frame) || this.watched?.has(vpn)) return true;
    return (this.stops?.withholds(vpn, frame) ?? false) || this.recordsReads(frame);
  }

  /** As grant, of a page that code was fetched from: compiled code goes to it then without asking. */
  grantFetched(entry: number, vpn: number): void {
    if (this.i32[SLOTS + vpn] === 0) this.grant(entry, vpn);
  }

  /** Paging is off: linear is physical, and there are no rights. */
  grantIdentity(frame: Frame): void {
    if (this.watched?.has(frame)) return;
    if (this.stops?.withholds(frame, frame)) return;
    if (this.isHidden(frame) || this.recordsReads(frame)) return;
    if (this.i32[SLOTS + frame] === 0) this.identity[this.identityCount++] = frame;
    const writable = this.frames.facts(frame) === UNWATCHED && (this.attention & FOR_STORES) === 0;
    let bits = FAST_READ | FAST_USER_READ | (writable ? FAST_WRITE | FAST_USER_WRITE : 0);
    if (this.attention & FOR_ALIGNMENT) bits &= ~(FAST_USER_READ | FAST_USER_WRITE);
    this.i32[SLOTS + frame] = (RAM + (frame << 12)) | bits;
  }

  /** True if each read of `frame` is recorded. */
  recordsReads(frame: Frame): boolean {
    const wanted = this.attention & (FOR_READS | FOR_TABLE_READS);
    return wanted !== 0 && ((wanted & FOR_READS) !== 0 || (this.frames.facts(frame) & ROLES) !== 0);
  }

  /** True if address line 20 is held low and redirects accesses to `frame`. */
  private isHidden(frame: Frame): boolean {
    return (this.attention & FOR_A20) !== 0 && (frame & ODD_MEGABYTE) !== 0;
  }

  /** Makes stores to `frame` take the slow path. */
  revoke(frame: Frame): void {
    this.tlb.dropFastPathsTo(frame);
    if (this.identityCount > 0) this.i32[SLOTS + frame] &= ~(FAST_WRITE | FAST_USER_WRITE);
  }

  dropAll(): void {
    this.tlb.dropFastPaths();
    for (let i = 0; i < this.identityCount; i++) this.i32[SLOTS + this.identity[i]] = 0;
    this.identityCount = 0;
  }

  reload(): void {
    this.identityCount = 0;
    this.tlb.reload();
  }
}
