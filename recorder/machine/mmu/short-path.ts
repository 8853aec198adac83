import type { Frame, Linear, Physical } from '../../../schemas/units.ts';
import * as control from '../control-registers.ts';
import * as state from '../cpu/state.ts';
import type { EventLog } from '../events/event-log.ts';
import type { RowBuffers } from '../events/row-buffers.ts';
import type { MachineMemory } from '../layout.ts';
import * as layout from '../layout.ts';
import * as bits from './bits.ts';
import * as path from './fast-path.ts';
import {
  type FastPath,
  FOR_A20,
  FOR_ALIGNMENT,
  FOR_BREAKPOINTS,
  FOR_DEBUGGER,
  FOR_READS,
  FOR_STORES,
} from './fast-path.ts';
import type { Frames } from './frames.ts';
import * as facts from './frames.ts';
import type { Mmu } from './mmu.ts';
import type { PagingStructures } from './structures.ts';
import type { Tlb } from './tlb.ts';
import * as flag from './tlb.ts';
import type { Windows } from './windows.ts';

/** The short path: common slow accesses, without the calls that others need. */

// V8 folds constants of this module into the code of a closure, and fetches imported ones every time.
const RAM = layout.RAM;
const RAM_WORDS = layout.RAM >>> 2;
const SLOTS = layout.FAST_PATH >>> 2;
const { CPL, CR0, CR3, CR4, LATCH_PAGE } = state;
const { PRESENT, WRITABLE, USER, ACCESSED, DIRTY, PAGE_SIZE_4M, TRANSLATION_BITS } = bits;
const { CR4_PGE } = control;
const { READ, LEVEL_PTE, FROM_STORE, FROM_WALK, VIA_DIRECT, VIA_PHYSICAL, TLB_INVLPG } = bits;
const { FAST_RECORD, FAST_USER_RECORD } = path;
const { CHANGED, ROLE_TABLE, ROLES, TABLE_ONLY, UNWATCHED } = facts;
const { TLB_WRITABLE, TLB_USER, TLB_DIRTY, TLB_SUSPECT } = flag;

/** Bits of `FastPath.attention` for reads and fetches, and those for stores. A store that is only recorded (FOR_STORES) is served here. */
const MINDED_BY_READS = FOR_DEBUGGER | FOR_BREAKPOINTS | FOR_A20 | FOR_ALIGNMENT | FOR_READS;
const MINDED_BY_STORES = MINDED_BY_READS;
/** The frames for which the TLB is filled: any, those that `prepare` serves, those of a store, those of a store that may be of a PTE. */
const ANY = 0;
const PLAIN = 1;
const STORED = 2;
const WHOLE_ENTRY = 3;

/** For `prepare`: a write of a place that is read first. */
export const WRITE_BY_CALL = 2;
/** Mark in the result of `prepare` for such a write: the place is that of the page, and `tryWrite` writes it. */
export const BY_CALL = 16;

/** Before MachineConfig.cpuRevision 2, a store did not check data breakpoints and address line 20. */
const MINDED_BY_OLD_STORES = FOR_DEBUGGER | FOR_ALIGNMENT;

/** The slow accesses of the CPU's hot loop, at the privilege in CPU_STATE. */
export interface ShortPath {
  read(linear: Linear, size: number): number;
  write(linear: Linear, size: number, value: number): void;
  /** Like write, if nothing needs the MMU; otherwise false: D may then have been set, but the TLB has not been filled. */
  tryWrite(linear: Linear, size: number, value: number): boolean;
  /** Physical address of the instruction byte at `linear`. */
  fetch(linear: Linear): Physical;
  /** Like fetch, if nothing needs the MMU; otherwise -1, with nothing done. */
  tryFetch(linear: Linear): Physical;
  invlpg(linear: Linear): void;
  /**
   * Does all that a read (`write` 0) or write of the page would before anything is read or written, if nothing needs the MMU. The
   * FAST_PATH slot of the page then: it lets the access through, or the MMU is needed. The TLB is filled only if it does: the
   * instruction is begun anew otherwise, and what it accessed before must not have been evicted.
   *
   * While every store is recorded, pages have no slot for writes, at most FAST_RECORD. A caller that says WRITE_BY_CALL reads the place by
   * what is returned then, marked BY_CALL, and writes it by `tryWrite`, or itself where the slot has FAST_RECORD; both record the store.
   */
  prepare(linear: Linear, write: number): number;
  /** True while every store is recorded. */
  recordsStores(): boolean;
  readonly fillFacts: FillFacts;
  /** Flushes the log of events, in whose buffers compiled code has filled a table. */
  flushEvents(): void;
}

/** Facts of the machine for code that serves the most common of these accesses by itself (cpu/wasm/fill.ts). */
export interface FillFacts {
  /** Of the TLB. */
  readonly entries: number;
  readonly ways: number;
  /** Frames of RAM. */
  readonly frames: number;
  /** The buffers of events; null if none are recorded. Otherwise the history of page tables is kept: a walk by another table or slot than before is an event. */
  readonly events: RowBuffers | null;
  /** PDE slots under which the MMU handles each access. */
  readonly windowSlots: readonly number[];
  /** Reads of the current directory are checks of its alternate slot. */
  readonly hasAlternate: boolean;
  /** Reads of paging structures may be checks of windows. */
  readonly hasWindows: boolean;
  /** A load of CR3 may be a check of a window, or tell which process runs. */
  readonly watchesDirectory: boolean;
}

export interface ShortPathParts {
  readonly mmu: Mmu;
  readonly mem: MachineMemory;
  readonly log: EventLog | null;
  readonly tlb: Tlb;
  readonly frames: Frames;
  readonly fastPath: FastPath;
  readonly structures: PagingStructures | null;
  readonly windows: Windows | null;
  readonly recursiveSlot: number;
  readonly alternateSlot: number;
  /** MachineConfig.cpuRevision. */
  readonly cpuRevision: number;
}

/**
 * Creates the MMU's handling of the common access: within a page, paging on, nothing that needs attention
 * (fast-path.ts), no window of the guest profile, tables in memory that are known by this directory and slot, rights beyond
 * doubt, at most A and D of the PTE to be set, a store to plain memory or of a whole PTE. Anything else goes to the MMU, which handles
 * every case, before anything has been done; both paths have the same result (short-path-combinations.test.ts, and short-path.test.ts by
 * programs). INVLPG is the same whatever asks for attention.
 *
 * These are closures over values that never change, which V8 compiles as constants.
 */
// biome-ignore lint/complexity/noExcessiveLinesPerFunction: a closure over views that V8 takes for constants
export function createShortPath(parts: ShortPathParts): ShortPath {
  const { mmu, log, tlb, frames, fastPath, structures, windows, recursiveSlot, alternateSlot } = parts;
  const { i32, view } = parts.mem;
  const { count } = frames;
  const mindedByStores = parts.cpuRevision < 2 ? MINDED_BY_OLD_STORES : MINDED_BY_STORES;
  /** Facts of a frame that the walker reads PTEs from, but for CHANGED. */
  const tableFacts = structures === null ? 0 : ROLE_TABLE;

  /**
   * Walks for linear page `vpn` and fills an entry: `replace`, which holds the page without D, or for -1 another one.
   * Returns -1, with nothing done, if the walk is not a common one or the frame is not suitable.
   */
  function fill(replace: number, vpn: number, write: boolean, wanted: number): number {
    const directory = i32[CR3] >>> 12;
    const slot = vpn >>> 10;
    if (directory >= count || i32[CR4] & CR4_PGE) return -1;
    const pde = i32[RAM_WORDS + (directory << 10) + slot];
    if ((pde & (PRESENT | ACCESSED | PAGE_SIZE_4M)) !== (PRESENT | ACCESSED)) return -1;
    const table = pde >>> 12;
    if (table >= count || (frames.facts(table) & ~CHANGED) !== tableFacts) return -1;
    if (structures !== null && !structures.isUsual(table, directory, slot)) return -1;
    const index = vpn & 1023;
    const pte = i32[RAM_WORDS + (table << 10) + index];
    const rights = pde & pte;
    const needed = write ? PRESENT | WRITABLE : PRESENT;
    if ((rights & needed) !== needed || (i32[CPL] === 3 && (rights & USER) === 0)) return -1;
    const fresh = pte | (write ? ACCESSED | DIRTY : ACCESSED);
    const ptePhysical = (table << 12) | (index << 2);
    if (
      replace >= 0
        ? !tlb.isOf(replace, pte, ptePhysical)
        : wanted !== ANY && !serves(pte >>> 12, write, wanted)
    )
      return -1;
    if (fresh !== pte) {
      i32[RAM_WORDS + (table << 10) + index] = fresh;
      frames.change(table);
      if (log !== null) recordMark(vpn, ptePhysical, pte, fresh);
    }
    const flags = (rights & (WRITABLE | USER)) | (fresh & DIRTY);
    if (replace >= 0) {
      tlb.renew(replace, flags, fresh, pde);
      return replace;
    }
    const entry = tlb.vacate(vpn);
    tlb.fillSmall(entry, vpn, flags, fresh, pde, ptePhysical, (directory << 12) | (slot << 2));
    return entry;
  }

  function serves(frame: Frame, write: boolean, wanted: number): boolean {
    if (frame >= count || (wanted === PLAIN && isChecked(frame))) return false;
    if (!write) return true;
    const known = frames.facts(frame) | CHANGED;
    if (known === UNWATCHED) return true;
    return wanted === WHOLE_ENTRY && known === TABLE_ONLY && (windows === null || !windows.isTable(frame));
  }

  /** The entry for a read or fetch; -1 if the MMU is needed. */
  function entryToRead(vpn: number, wanted: number): number {
    const entry = tlb.find(vpn);
    if (entry < 0) return fill(-1, vpn, false, wanted);
    const flags = tlb.flags(entry);
    return (flags & TLB_SUSPECT) !== 0 || (i32[CPL] === 3 && (flags & TLB_USER) === 0) ? -1 : entry;
  }

  function entryToWrite(vpn: number, wanted: number): number {
    const entry = tlb.find(vpn);
    if (entry < 0) return fill(-1, vpn, true, wanted);
    const flags = tlb.flags(entry);
    if ((flags & (TLB_SUSPECT | TLB_WRITABLE)) !== TLB_WRITABLE) return -1;
    if (i32[CPL] === 3 && (flags & TLB_USER) === 0) return -1;
    return (flags & TLB_DIRTY) !== 0 ? entry : fill(entry, vpn, true, wanted);
  }

  /** Paging is on, and of what asks for attention nothing concerns the access. CR0.PG is the sign bit. */
  const isPlain = (minded: number): boolean => i32[CR0] < 0 && (fastPath.attention & minded) === 0;

  const recordsStores = (): boolean => (fastPath.attention & FOR_STORES) !== 0;

  const isWindow = (slot: number): boolean =>
    slot === recursiveSlot || slot === alternateSlot || (windows !== null && windows.slots[slot] !== 0);

  const hasChecks = alternateSlot >= 0 || windows !== null;
  /** Reads of the frame are recorded, or may be checks of what a window leads by: of APTDpde, or of an entry of another window. */
  const isChecked = (frame: Frame): boolean =>
    (hasChecks || fastPath.attention !== 0) && isCheckedFrame(frame);
  const isCheckedFrame = (frame: Frame): boolean =>
    (alternateSlot >= 0 && frame === i32[CR3] >>> 12) ||
    fastPath.recordsReads(frame) ||
    (windows !== null && (frames.facts(frame) & ROLES) !== 0 && windows.holdsEntries(frame, i32[CR3] >>> 12));

  /** A store by this slot needs nothing but its event. */
  const lacksEventAlone = (slot: number): boolean =>
    (slot & (i32[CPL] === 3 ? FAST_USER_RECORD : FAST_RECORD)) !== 0;

  function tryWrite(linear: Linear, size: number, value: number): boolean {
    const offset = linear & 0xfff;
    const vpn = linear >>> 12;
    if (offset + size > 4096) return false;
    const slot = i32[SLOTS + vpn];
    if (lacksEventAlone(slot)) {
      storeRecorded(linear, (slot & ~0xfff) | offset, size, value);
      return true;
    }
    if (!isPlain(mindedByStores) || isWindow(vpn >>> 10)) return false;
    const isWhole = size === 4 && (offset & 3) === 0;
    const entry = entryToWrite(vpn, isWhole ? WHOLE_ENTRY : STORED);
    const frame = entry < 0 ? count : tlb.frame(entry);
    if (frame >= count) return false;
    const known = frames.change(frame);
    const at = RAM + (frame << 12) + offset;
    if (known === UNWATCHED) {
      if (recordsStores()) storeRecorded(linear, at, size, value);
      else if (size === 4) view.setInt32(at, value, true);
      else if (size === 2) view.setInt16(at, value, true);
      else view.setInt8(at, value);
    } else if (known === TABLE_ONLY && isWhole && (windows === null || !windows.isTable(frame))) {
      const old = i32[at >>> 2];
      if (recordsStores()) log!.store(linear, (frame << 12) | offset, 4, old, value);
      i32[at >>> 2] = value;
      tableWritten(linear, (frame << 12) | offset, old, value);
      // A slot of a page table is for reads, and is dropped with whatever it depends on.
      if (i32[SLOTS + vpn] !== 0) return true;
    } else {
      return false;
    }
    fastPath.grant(entry, vpn);
    return true;
  }

  function tryFetch(linear: Linear): Physical {
    const entry = isPlain(MINDED_BY_READS) ? entryToRead(linear >>> 12, ANY) : -1;
    const frame: number = entry < 0 ? count : tlb.frame(entry);
    if (frame >= count) return -1;
    fastPath.grantFetched(entry, linear >>> 12);
    return frame * 4096 + (linear & 0xfff);
  }

  return {
    read(linear: Linear, size: number): number {
      const offset = linear & 0xfff;
      const vpn = linear >>> 12;
      if (offset + size > 4096 || !isPlain(MINDED_BY_READS) || isWindow(vpn >>> 10)) {
        return mmu.readSlow(linear, size, i32[CPL]);
      }
      const entry = entryToRead(vpn, ANY);
      if (entry < 0) return mmu.readSlow(linear, size, i32[CPL]);
      const frame = tlb.frame(entry);
      if (frame >= count || isChecked(frame)) {
        return mmu.readSlow(linear, size, i32[CPL]);
      }
      fastPath.grant(entry, vpn);
      const at = RAM + (frame << 12) + offset;
      if (size === 4) return view.getInt32(at, true);
      return size === 2 ? view.getUint16(at, true) : view.getUint8(at);
    },

    write(linear: Linear, size: number, value: number): void {
      if (!tryWrite(linear, size, value)) mmu.writeSlow(linear, size, value, i32[CPL]);
    },
    tryWrite,

    fetch(linear: Linear): Physical {
      const physical: number = tryFetch(linear);
      return physical < 0 ? (mmu.fetchFrame(linear, i32[CPL]) as number) : physical;
    },
    tryFetch,

    invlpg(linear: Linear): void {
      if (log !== null) log.tlbEvent(TLB_INVLPG, linear, 0, 0, READ);
      i32[LATCH_PAGE] = -1;
      tlb.invalidate(linear >>> 12);
    },

    prepare(linear: Linear, write: number): number {
      const vpn = linear >>> 12;
      const slot = i32[SLOTS + vpn];
      if (write === WRITE_BY_CALL && lacksEventAlone(slot)) return (slot & ~0xfff) | BY_CALL;
      const minded = write !== 0 ? mindedByStores : MINDED_BY_READS;
      if (!isPlain(minded) || isWindow(vpn >>> 10)) return 0;
      const byCall = write !== 0 && recordsStores();
      if (byCall && write !== WRITE_BY_CALL) return 0;
      const entry = write !== 0 ? entryToWrite(vpn, PLAIN) : entryToRead(vpn, PLAIN);
      const frame = entry < 0 ? count : tlb.frame(entry);
      if (frame >= count || isChecked(frame)) return 0;
      if (write !== 0) {
        if ((frames.facts(frame) | CHANGED) !== UNWATCHED) return 0;
        frames.change(frame);
      }
      fastPath.grant(entry, vpn);
      return byCall ? (RAM + (frame << 12)) | BY_CALL : i32[SLOTS + vpn];
    },
    recordsStores,
    flushEvents: () => log!.flush(),
    fillFacts: {
      entries: tlb.entries,
      ways: tlb.ways,
      frames: count,
      events: log?.buffers ?? null,
      windowSlots: Array.from({ length: 1024 }, (_, slot) => slot).filter(isWindow),
      hasAlternate: alternateSlot >= 0,
      hasWindows: windows !== null,
      watchesDirectory: windows !== null || (mmu.observer?.looksAtLoads ?? false),
    },
  };

  /** The event of the accessed or dirty bit of a PTE under the current directory. */
  function recordMark(vpn: number, physical: Physical, old: number, fresh: number): void {
    const directory = i32[CR3] & ~0xfff;
    const slot = vpn >>> 10;
    log!.pagingWrite(0, physical, directory, slot, vpn, LEVEL_PTE, old, fresh, VIA_PHYSICAL, FROM_WALK);
  }

  /** Stores at byte `at` of the machine's memory, after the event of that. */
  function storeRecorded(linear: Linear, at: number, size: number, value: number): void {
    if (size === 4) {
      log!.store(linear, at - RAM, 4, view.getInt32(at, true), value);
      view.setInt32(at, value, true);
    } else if (size === 2) {
      log!.store(linear, at - RAM, 2, view.getUint16(at, true), value & 0xffff);
      view.setInt16(at, value, true);
    } else {
      log!.store(linear, at - RAM, 1, view.getUint8(at), value & 0xff);
      view.setInt8(at, value);
    }
  }

  /** A PTE has been stored by its table's usual mapping. */
  function tableWritten(linear: Linear, physical: Physical, old: number, value: number): void {
    const owner = frames.owner(physical >>> 12);
    const slot = owner & 1023;
    const vpn = (slot << 10) | ((physical >>> 2) & 1023);
    log!.pagingWrite(
      linear,
      physical,
      owner & ~0xfff,
      slot,
      vpn,
      LEVEL_PTE,
      old,
      value,
      VIA_DIRECT,
      FROM_STORE,
    );
    const changed = old ^ value;
    if ((changed & TRANSLATION_BITS) !== 0 || (changed & old & DIRTY) !== 0) tlb.tableEntryChanged(physical);
  }
}
