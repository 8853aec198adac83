import { STRUCTURE_CAUSE } from '../../../schemas/events.ts';
import type { Frame, Linear } from '../../../schemas/units.ts';
import type { MachineConfig, ResolvedProfile } from '../config.ts';
import type { EventLog } from '../events/event-log.ts';
import { type MachineMemory, RAM } from '../layout.ts';
import {
  DIRTY,
  FROM_ADOPTION,
  FROM_POKE,
  FROM_STORE,
  LEVEL_PDE,
  LEVEL_PTE,
  PAGE_SIZE_4M,
  PRESENT,
  TRANSLATION_BITS,
  VIA_PHYSICAL,
  WINDOW_CHECK,
  WINDOW_WRITE,
} from './bits.ts';
import type { FastPath } from './fast-path.ts';
import { type Frames, ROLE_DIRECTORY, ROLE_TABLE } from './frames.ts';
import { TLB_LARGE, type Tlb } from './tlb.ts';
import type { Walker } from './walk.ts';
import type { Windows } from './windows.ts';

/** Tracks the frames that are paging structures and records every change of them. */

const ENTRIES = 1024;
const BEGIN = 0;
const END = 1;
/** Numbers of STRUCTURE_ROLE. */
const DIRECTORY = 0;
const TABLE = 1;
const [BY_CR3, BY_WALK, BY_WINDOW, EMPTY, RECURSIVE_SLOT, CODE, UNNAMED] = STRUCTURE_CAUSE.keys();
/** The mapping of a store does not determine directory and slot; it is attributed to the table's owner. */
export const BY_OWNER = -1;
/** Marks the owner of a frame that is a table: directory | slot | OWNED. Other frames have owner 0. */
export const OWNED = 0x800;

/**
 * Keeps the history of every paging structure complete. A frame is *tracked* from the moment the walker uses it as
 * directory or table until nothing can walk it any more:
 * - a table while some entry of a tracked directory names it;
 * - a directory until it is empty or, in a guest with a recursive slot, no longer names itself there; in one without,
 *   until it no longer maps the code that is executing: the kernel could not run under it.
 * Otherwise freed and reused page frames would stay slow and fill the trace forever.
 *
 * The profile's windows make structures earlier than the walk does: a frame that the alternate slot names is a
 * directory, and what is reached through the recursive or alternate window is a table of the directory behind it. So
 * the tables that a fork fills for its child have a history before the child runs.
 */
export class PagingStructures {
  private readonly i32: Int32Array;
  private readonly frames: Frames;
  private readonly tlb: Tlb;
  private readonly fastPath: FastPath;
  private readonly log: EventLog;
  /** True if a directory that does not map the executing code ceases to be one. */
  private readonly byCode: boolean;
  private readonly recursiveSlot: number;
  private readonly alternateSlot: number;
  private readonly windows: Windows | null;
  private readonly recordsChanges: boolean;

  constructor(
    mem: MachineMemory,
    frames: Frames,
    tlb: Tlb,
    fastPath: FastPath,
    profile: ResolvedProfile,
    config: MachineConfig,
    log: EventLog,
    windows: Windows | null,
  ) {
    this.i32 = mem.i32;
    this.frames = frames;
    this.tlb = tlb;
    this.fastPath = fastPath;
    this.log = log;
    this.byCode = profile.recursiveSlot < 0 && config.trackingRevision >= 1;
    this.recursiveSlot = profile.recursiveSlot;
    this.alternateSlot = profile.alternateSlot;
    this.windows = windows;
    this.recordsChanges = config.eventRevision >= 33;
  }

  /** CR3 names `frame` and paging is on; or, of another cause, the alternate slot does. */
  useDirectory(frame: Frame, cause = BY_CR3): void {
    if (frame >= this.frames.count) return;
    const facts = this.frames.facts(frame);
    if (facts & ROLE_DIRECTORY) return;
    this.frames.addFacts(frame, ROLE_DIRECTORY);
    this.changed(BEGIN, DIRECTORY, frame, frame << 12, cause);
    this.fastPath.revoke(frame);
    let occupied = 0;
    for (let slot = 0; slot < ENTRIES; slot++) {
      const entry = this.i32[(RAM >>> 2) + (frame << 10) + slot];
      if (entry === 0) continue;
      occupied++;
      const target = this.target(entry);
      if (target >= 0) this.frames.addReference(target, 1);
      const physical = (frame << 12) | (slot << 2);
      const vpn = slot << 10;
      this.log.pagingWrite(
        0,
        physical,
        frame << 12,
        slot,
        vpn,
        LEVEL_PDE,
        0,
        entry,
        VIA_PHYSICAL,
        FROM_ADOPTION,
      );
    }
    this.frames.setOccupied(frame, occupied);
  }

  /** True if a walk by `slot` of `directory` to `table` needs no call of `walked`: it tells nothing new. */
  isUsual(table: number, directory: number, slot: number): boolean {
    if (slot === this.recursiveSlot || slot === this.alternateSlot) return false;
    return this.frames.owner(table) === ((directory << 12) | slot | OWNED);
  }

  /** A TLB fill came by this walk under `directory`. */
  walked(walker: Walker, directory: number, vpn: number): void {
    const slot = vpn >>> 10;
    const table = walker.ptePhysical >>> 12;
    if (table >= this.frames.count) return;
    const window = slot === this.recursiveSlot || slot === this.alternateSlot;
    if (walker.flags & TLB_LARGE) return;
    if (slot === this.alternateSlot) this.useDirectory(table, BY_WINDOW);
    this.useTable(table, (directory << 12) | slot | OWNED, BY_WALK);
    if (!window) return;
    // The window shows tables as pages: entry `index` of the directory `table` names the structure in `page`.
    const index = vpn & (ENTRIES - 1);
    const page = this.target(walker.pte);
    if (page < 0) return;
    if (index === this.alternateSlot) this.useDirectory(page, BY_WINDOW);
    this.useTable(page, (table << 12) | index | OWNED, BY_WINDOW);
  }

  /** `owner`: directory | slot, of a directory its address alone. */
  private changed(op: number, role: number, frame: Frame, owner: number, cause: number): void {
    if (!this.recordsChanges) return;
    this.log.add('structure_changes', op, role, frame << 12, owner & ~0xfff, owner & (ENTRIES - 1), cause);
  }

  private useTable(frame: Frame, owner: number, cause: number): void {
    const facts = this.frames.facts(frame);
    if (this.frames.owner(frame) !== owner) {
      this.frames.setOwner(frame, owner);
      this.windows?.adopted(frame, this.fastPath);
    }
    if (facts & ROLE_TABLE) return;
    this.frames.addFacts(frame, ROLE_TABLE);
    this.changed(BEGIN, TABLE, frame, owner, cause);
    if (facts & ROLE_DIRECTORY) return;
    this.fastPath.revoke(frame);
    const dir = owner & ~0xfff;
    const slot = owner & (ENTRIES - 1);
    for (let index = 0; index < ENTRIES; index++) {
      const entry = this.i32[(RAM >>> 2) + (frame << 10) + index];
      if (entry === 0) continue;
      const physical = (frame << 12) | (index << 2);
      const vpn = (slot << 10) | index;
      this.log.pagingWrite(0, physical, dir, slot, vpn, LEVEL_PTE, 0, entry, VIA_PHYSICAL, FROM_ADOPTION);
    }
  }

  /**
   * Stores `value` into a tracked frame and records it: one row for each entry that the store overlaps. `reached` is
   * the directory | slot that the window shows, or BY_OWNER.
   */
  store(
    linear: Linear,
    frame: Frame,
    offset: number,
    size: number,
    value: number,
    view: DataView,
    via: number,
    source: number,
    reached: number,
  ): void {
    const at = RAM + (frame << 12) + offset;
    const index = offset >>> 2;
    const last = (offset + size - 1) >>> 2;
    const base = (RAM >>> 2) + (frame << 10);
    const old = this.i32[base + index];
    const lastOld = this.i32[base + last];
    if (size === 4) view.setInt32(at, value, true);
    else if (size === 2) view.setInt16(at, value, true);
    else view.setInt8(at, value);
    this.entryWritten(linear, frame, index, old, this.i32[base + index], via, source, reached);
    if (last !== index) {
      this.entryWritten(linear, frame, last, lastOld, this.i32[base + last], via, source, reached);
    }
  }

  private entryWritten(
    linear: Linear,
    frame: Frame,
    index: number,
    old: number,
    value: number,
    via: number,
    source: number,
    reached: number,
  ): void {
    this.record(linear, frame, index, old, value, via, source, reached);
    if (source === FROM_STORE || source === FROM_POKE) {
      if (frame === this.fastPath.directory && index === this.alternateSlot)
        this.log.add('aptd_switches', WINDOW_WRITE, linear, old, value);
      if (this.windows !== null) this.windows.entryWritten(linear, frame, index, old, value);
    }
    const changed = old ^ value;
    if (changed === 0) return;
    // A D bit taken away matters to a translation that holds it: later writes will not set it again.
    const matters = (changed & TRANSLATION_BITS) !== 0 || (changed & old & DIRTY) !== 0;
    const physical = (frame << 12) | (index << 2);
    if (this.frames.facts(frame) & ROLE_DIRECTORY) {
      if (matters) this.tlb.directoryEntryChanged(physical);
      this.directoryEntryChanged(frame, index, old, value);
    } else if (matters) {
      this.tlb.tableEntryChanged(physical);
    }
  }

  /** The paging_writes row. Also for the A and D bits that a walk sets, which change no translation. */
  record(
    linear: Linear,
    frame: Frame,
    index: number,
    old: number,
    value: number,
    via: number,
    source: number,
    reached: number,
  ): void {
    const physical = (frame << 12) | (index << 2);
    if (this.frames.facts(frame) & ROLE_DIRECTORY) {
      const vpn = index << 10;
      this.log.pagingWrite(linear, physical, frame << 12, index, vpn, LEVEL_PDE, old, value, via, source);
      return;
    }
    const owner = reached === BY_OWNER ? this.frames.owner(frame) : reached;
    const slot = owner & (ENTRIES - 1);
    const vpn = (slot << 10) | index;
    this.log.pagingWrite(linear, physical, owner & ~0xfff, slot, vpn, LEVEL_PTE, old, value, via, source);
  }

  /** A read of `size` bytes at `offset` of the current directory: a check of APTDpde if it overlaps that. */
  directoryRead(linear: Linear, frame: Frame, offset: number, size: number): void {
    const at = this.alternateSlot * 4;
    if (offset + size <= at || offset >= at + 4) return;
    const entry = this.i32[(RAM >>> 2) + (frame << 10) + this.alternateSlot];
    this.log.add('aptd_switches', WINDOW_CHECK, linear, entry, entry);
  }

  private directoryEntryChanged(frame: Frame, index: number, old: number, value: number): void {
    const before = this.target(old);
    const after = this.target(value);
    if (after !== before) {
      if (after >= 0) this.frames.addReference(after, 1);
      if (before >= 0) this.release(before);
    }
    const occupied = this.frames.addOccupied(frame, (value !== 0 ? 1 : 0) - (old !== 0 ? 1 : 0));
    if (frame === this.fastPath.directory) return;
    const unnamed = this.byCode
      ? this.losesCode(frame, index)
      : index === this.recursiveSlot && after !== frame;
    if (unnamed) this.dissolve(frame, this.byCode ? CODE : RECURSIVE_SLOT);
    else if (occupied === 0) this.dissolve(frame, EMPTY);
  }

  /** True if slot `index` of a directory is that of the executing code, and does not lead to it (in flat segments). */
  private losesCode(directory: number, index: number): boolean {
    const vpn = this.log.context.eip >>> 12;
    if (vpn >>> 10 !== index) return false;
    const code = this.mapped(this.fastPath.directory, vpn);
    return code >= 0 && this.mapped(directory, vpn) !== code;
  }

  /** The frame that a directory maps a page to, as a walk would find it; -1 for none. */
  private mapped(directory: number, vpn: number): number {
    const pde = this.i32[(RAM >>> 2) + (directory << 10) + (vpn >>> 10)];
    if ((pde & (PRESENT | PAGE_SIZE_4M)) === (PRESENT | PAGE_SIZE_4M))
      return ((pde >>> 22) << 10) | (vpn & (ENTRIES - 1));
    const table = this.target(pde);
    if (table < 0) return -1;
    const pte = this.i32[(RAM >>> 2) + (table << 10) + (vpn & (ENTRIES - 1))];
    return pte & PRESENT ? pte >>> 12 : -1;
  }

  /** Ends the frame's use as directory; its entries name nothing any more. */
  private dissolve(frame: Frame, cause: number): void {
    this.changed(END, DIRECTORY, frame, frame << 12, cause);
    for (let slot = 0; slot < ENTRIES; slot++) {
      const target = this.target(this.i32[(RAM >>> 2) + (frame << 10) + slot]);
      if (target >= 0) this.release(target);
    }
    this.frames.removeFacts(frame, ROLE_DIRECTORY);
  }

  private release(table: number): void {
    if (this.frames.addReference(table, -1) !== 0) return;
    if (this.frames.facts(table) & ROLE_TABLE)
      this.changed(END, TABLE, table, this.frames.owner(table), UNNAMED);
    this.frames.removeFacts(table, ROLE_TABLE);
    this.frames.setOwner(table, 0);
  }

  /** The frame that a directory entry names as a table; -1 for none (not present, a 4 MB page, no such memory). */
  private target(entry: number): number {
    if ((entry & (PRESENT | PAGE_SIZE_4M)) !== PRESENT) return -1;
    const frame = entry >>> 12;
    return frame < this.frames.count ? frame : -1;
  }
}
