import { MAX_TLB_ENTRIES } from '../../../schemas/trace/limits.ts';
import type { Frame, Physical } from '../../../schemas/units.ts';
import type { MachineConfig } from '../config.ts';
import {
  FAST_PATH,
  type MachineMemory,
  TLB_DERIVED,
  TLB_DERIVED_BYTES,
  TLB_STATE,
  TLB_STATE_BYTES,
} from '../layout.ts';
import { MachineError } from '../machine-error.ts';

/** The translation lookaside buffer: sets of entries that stay until something flushes or evicts them. */

/** Entry flags. The translation: where they can they have the place of the bit in a PTE (mmu/bits.ts). */
export const TLB_WRITABLE = 0x002;
export const TLB_USER = 0x004;
/** D was set in the entry when it was cached: writes need no walk. */
export const TLB_DIRTY = 0x040;
/** A 4 KB fragment of a 4 MB page. */
export const TLB_LARGE = 0x080;
export const TLB_GLOBAL = 0x100;
export const TLB_TRANSLATION = TLB_WRITABLE | TLB_USER | TLB_DIRTY | TLB_LARGE | TLB_GLOBAL;
/** Affects only recording: the structures behind the entry have changed, so the next use is compared with a fresh walk. */
export const TLB_SUSPECT = 0x200;
/** A read through a window of the guest profile has been recorded since the fill. */
export const TLB_WINDOW_READ = 0x400;

/** An entry is eight words, named by the index in `i32` of the first, its tag: linear page number | VALID; 0 = empty. */
const TAG = 0;
const FLAGS = 1;
const FRAME = 2;
/** The entries as cached: PTE (or the 4 MB PDE again) and PDE, and where they were read. */
const PTE = 3;
const PDE = 4;
const PTE_PHYSICAL = 5;
const PDE_PHYSICAL = 6;
const ENTRY_SHIFT = 3;

const VALID = 0x100000;
const VPN = 0xfffff;

const ENTRIES = TLB_STATE >>> 2;
/** The next way to evict, for each set. */
const NEXT = ENTRIES + (MAX_TLB_ENTRIES << ENTRY_SHIFT);

/** DERIVED. A bitmap of the valid entries. */
const LIVE = TLB_DERIVED >>> 2;
/** Fragments of 4 MB pages held, by PDE slot. */
const FRAGMENTS = LIVE + (MAX_TLB_ENTRIES >>> 5);
/** A counting filter over the PTEs that the valid entries were filled from. */
const FILTER = FRAGMENTS + 1024;
const FILTER_SIZE = 4096;
const bucket = (physical: Physical) => FILTER + (((physical >>> 2) ^ (physical >>> 13)) & (FILTER_SIZE - 1));

const SLOTS = FAST_PATH >>> 2;

/** The above, for code that fills entries by itself (cpu/wasm/fill.ts): indices in `i32`, and of the words of an entry. */
export const TLB_LAYOUT = {
  ...{ TAG, FLAGS, FRAME, PTE, PDE, PTE_PHYSICAL, PDE_PHYSICAL, ENTRY_SHIFT, VALID, VPN },
  ...{ ENTRIES, NEXT, LIVE, FRAGMENTS, FILTER, FILTER_SIZE },
} as const;

/** The translation that a walk finds and an entry holds (`Walker`). */
export interface Translation {
  readonly flags: number;
  readonly frame: Frame;
  readonly pte: number;
  readonly pde: number;
  readonly ptePhysical: number;
  readonly pdePhysical: number;
}

/** An entry of the TLB: linear page, frame, TLB_… flags, and the paging entries as they were cached. */
export interface CachedTranslation {
  readonly vpn: number;
  readonly frame: Frame;
  readonly flags: number;
  readonly pte: number;
  readonly pde: number;
}

/**
 * The translation lookaside buffer (80386 Programmer's Reference, 5.2.5: 32 entries, 4-way). It is architectural: an
 * entry stays, even if stale, until a flush, INVLPG or its eviction. The low bits of the linear page number select the
 * set. A fill takes an empty way, or else the way in NEXT, round robin, so that hits change nothing and the fast path
 * needs no bookkeeping.
 *
 * Dropping an entry also drops its FAST_PATH slot, so a slot exists only while its entry does. Everything lies in the
 * machine's memory and is accessed through one view: with an array for each field, fetching the arrays takes half the
 * time of a miss. Costs are proportional to the number of ways, or of entries dropped.
 */
export class Tlb {
  private readonly i32: Int32Array;
  readonly entries: number;
  readonly ways: number;
  private readonly setMask: number;

  constructor(mem: MachineMemory, config: MachineConfig) {
    const { tlbEntries: entries, tlbWays: ways } = config;
    const sets = entries / ways;
    if (!(entries <= MAX_TLB_ENTRIES && ways >= 1 && Number.isInteger(sets) && (sets & (sets - 1)) === 0)) {
      throw new MachineError(
        `a TLB of ${entries} entries in ${ways} ways: at most ${MAX_TLB_ENTRIES} entries, sets a power of two`,
      );
    }
    this.i32 = mem.i32;
    this.entries = entries;
    this.ways = ways;
    this.setMask = sets - 1;
  }

  flags(entry: number): number {
    return this.i32[entry + FLAGS];
  }
  setFlags(entry: number, flags: number): void {
    this.i32[entry + FLAGS] = flags;
  }
  frame(entry: number): Frame {
    return this.i32[entry + FRAME];
  }
  pte(entry: number): number {
    return this.i32[entry + PTE];
  }
  pde(entry: number): number {
    return this.i32[entry + PDE];
  }
  /** Physical addresses of the PTE and PDE from which `entry` was filled. */
  ptePhysical(entry: number): number {
    return this.i32[entry + PTE_PHYSICAL];
  }
  pdePhysical(entry: number): number {
    return this.i32[entry + PDE_PHYSICAL];
  }

  /** The entry that translates linear page `vpn`; -1 on a miss. */
  find(vpn: number): number {
    const { i32 } = this;
    const tag = vpn | VALID;
    let entry = ENTRIES + (((vpn & this.setMask) * this.ways) << ENTRY_SHIFT);
    for (let way = this.ways; way > 0; way--) {
      if (i32[entry + TAG] === tag) return entry;
      entry += 1 << ENTRY_SHIFT;
    }
    return -1;
  }

  /** Returns an empty entry in the set of `vpn`, which must not be cached; evicts one if the set is full. */
  vacate(vpn: number): number {
    const { i32, ways } = this;
    const set = vpn & this.setMask;
    const first = ENTRIES + ((set * ways) << ENTRY_SHIFT);
    let entry = first;
    for (let way = ways; way > 0; way--) {
      if (i32[entry + TAG] === 0) return entry;
      entry += 1 << ENTRY_SHIFT;
    }
    const way = i32[NEXT + set];
    i32[NEXT + set] = way + 1 === ways ? 0 : way + 1;
    entry = first + (way << ENTRY_SHIFT);
    this.drop(entry);
    return entry;
  }

  /** Like vacate, for a given way of the set (modulo the number of ways). */
  vacateWay(vpn: number, way: number): number {
    const entry = ENTRIES + (((vpn & this.setMask) * this.ways + (way % this.ways)) << ENTRY_SHIFT);
    if (this.i32[entry + TAG] !== 0) this.drop(entry);
    return entry;
  }

  way(entry: number): number {
    return ((entry - ENTRIES) >>> ENTRY_SHIFT) % this.ways;
  }

  /** Fills an empty entry with the result of a walk. */
  fill(entry: number, vpn: number, found: Translation): void {
    const { i32 } = this;
    const { ptePhysical, flags } = found;
    i32[entry + TAG] = vpn | VALID;
    i32[entry + FLAGS] = flags;
    i32[entry + FRAME] = found.frame;
    i32[entry + PTE] = found.pte;
    i32[entry + PDE] = found.pde;
    i32[entry + PTE_PHYSICAL] = ptePhysical;
    i32[entry + PDE_PHYSICAL] = found.pdePhysical;
    const number = (entry - ENTRIES) >>> ENTRY_SHIFT;
    i32[LIVE + (number >>> 5)] |= 1 << (number & 31);
    i32[bucket(ptePhysical)]++;
    if (flags & TLB_LARGE) i32[FRAGMENTS + (vpn >>> 10)]++;
  }

  /** Like fill, for a 4 KB page. */
  fillSmall(
    entry: number,
    vpn: number,
    flags: number,
    pte: number,
    pde: number,
    ptePhysical: number,
    pdePhysical: number,
  ): void {
    const { i32 } = this;
    i32[entry + TAG] = vpn | VALID;
    i32[entry + FLAGS] = flags;
    i32[entry + FRAME] = pte >>> 12;
    i32[entry + PTE] = pte;
    i32[entry + PDE] = pde;
    i32[entry + PTE_PHYSICAL] = ptePhysical;
    i32[entry + PDE_PHYSICAL] = pdePhysical;
    const number = (entry - ENTRIES) >>> ENTRY_SHIFT;
    i32[LIVE + (number >>> 5)] |= 1 << (number & 31);
    i32[bucket(ptePhysical)]++;
  }

  /** True if the entry was filled from the PTE at `ptePhysical`, as a 4 KB page, and leads to the same frame as `pte`. */
  isOf(entry: number, pte: number, ptePhysical: number): boolean {
    const { i32 } = this;
    if ((i32[entry + FLAGS] & TLB_LARGE) !== 0) return false;
    return i32[entry + FRAME] === pte >>> 12 && i32[entry + PTE_PHYSICAL] === ptePhysical;
  }

  /** Updates an entry with newer bits of its PTE and PDE; keeps TLB_WINDOW_READ. The page's slot may allow more than they do. */
  renew(entry: number, flags: number, pte: number, pde: number): void {
    const { i32 } = this;
    this.dropFastPath(entry);
    i32[entry + FLAGS] = flags | (i32[entry + FLAGS] & TLB_WINDOW_READ);
    i32[entry + PTE] = pte;
    i32[entry + PDE] = pde;
  }

  /** True if the entry is a copy of the PTE (or 4 MB PDE) that the walk found, and leads to the same frame. */
  holds(entry: number, found: Translation): boolean {
    const { i32 } = this;
    if ((i32[entry + FLAGS] ^ found.flags) & TLB_LARGE) return false;
    return i32[entry + FRAME] === found.frame && i32[entry + PTE_PHYSICAL] === found.ptePhysical;
  }

  /** Refills an entry that `holds` the same page; keeps TLB_WINDOW_READ, the record of its use. The page's slot is dropped, as by `renew`. */
  refresh(entry: number, found: Translation): void {
    const { i32 } = this;
    this.dropFastPath(entry);
    i32[entry + FLAGS] = found.flags | (i32[entry + FLAGS] & TLB_WINDOW_READ);
    i32[entry + PTE] = found.pte;
    i32[entry + PDE] = found.pde;
    i32[entry + PDE_PHYSICAL] = found.pdePhysical;
  }

  private enlist(entry: number): void {
    const { i32 } = this;
    const number = (entry - ENTRIES) >>> ENTRY_SHIFT;
    i32[LIVE + (number >>> 5)] |= 1 << (number & 31);
    i32[bucket(i32[entry + PTE_PHYSICAL])]++;
    if (i32[entry + FLAGS] & TLB_LARGE) i32[FRAGMENTS + ((i32[entry + TAG] & VPN) >>> 10)]++;
  }

  /** Empties a valid entry. */
  drop(entry: number): void {
    const { i32 } = this;
    const vpn = i32[entry + TAG] & VPN;
    const number = (entry - ENTRIES) >>> ENTRY_SHIFT;
    i32[SLOTS + vpn] = 0;
    i32[LIVE + (number >>> 5)] &= ~(1 << (number & 31));
    i32[bucket(i32[entry + PTE_PHYSICAL])]--;
    if (i32[entry + FLAGS] & TLB_LARGE) i32[FRAGMENTS + (vpn >>> 10)]--;
    // The other fields are ignored, by the hash too, while the tag is 0.
    i32[entry + TAG] = 0;
  }

  /** INVLPG: drops the page and, for a 4 MB page, all of its fragments (SDM volume 3, 4.10.4.1). */
  invalidate(vpn: number): void {
    const entry = this.find(vpn);
    if (entry >= 0) this.drop(entry);
    if (this.i32[FRAGMENTS + (vpn >>> 10)] !== 0) this.dropFragments(vpn >>> 10);
  }

  private dropFragments(slot: number): void {
    for (let entry = this.nextLive(-1); entry >= 0; entry = this.nextLive(entry)) {
      const large = this.i32[entry + FLAGS] & TLB_LARGE;
      if (large && (this.i32[entry + TAG] & VPN) >>> 10 === slot) this.drop(entry);
    }
  }

  /** The valid entry after `entry`, or the first for -1; -1 if there is none. `entry` itself may have been dropped. */
  private nextLive(entry: number): number {
    const { i32 } = this;
    const from = entry < 0 ? 0 : ((entry - ENTRIES) >>> ENTRY_SHIFT) + 1;
    const words = (this.entries + 31) >>> 5;
    let word = from >>> 5;
    if (word >= words) return -1;
    let bits = i32[LIVE + word] & (-1 << (from & 31));
    while (bits === 0) {
      if (++word >= words) return -1;
      bits = i32[LIVE + word];
    }
    const number = (word << 5) + 31 - Math.clz32(bits & -bits);
    return ENTRIES + (number << ENTRY_SHIFT);
  }

  /**
   * Empties the TLB, except for global pages if `keepGlobal`. These were filled through another directory, so they are
   * suspect until compared with the new one.
   */
  flush(keepGlobal: boolean): void {
    if (!keepGlobal) {
      this.dropAll();
      return;
    }
    for (let entry = this.nextLive(-1); entry >= 0; entry = this.nextLive(entry)) {
      if (this.i32[entry + FLAGS] & TLB_GLOBAL) this.suspect(entry);
      else this.drop(entry);
    }
  }

  /** Like drop, for every valid entry. */
  private dropAll(): void {
    const { i32 } = this;
    const words = (this.entries + 31) >>> 5;
    for (let word = 0; word < words; word++) {
      for (let bits = i32[LIVE + word]; bits !== 0; bits &= bits - 1) {
        const entry = ENTRIES + (((word << 5) + 31 - Math.clz32(bits & -bits)) << ENTRY_SHIFT);
        const vpn = i32[entry + TAG] & VPN;
        i32[SLOTS + vpn] = 0;
        i32[bucket(i32[entry + PTE_PHYSICAL])]--;
        if (i32[entry + FLAGS] & TLB_LARGE) i32[FRAGMENTS + (vpn >>> 10)]--;
        i32[entry + TAG] = 0;
      }
      i32[LIVE + word] = 0;
    }
  }

  /** The translation by the page-table entry at `physical` has changed: its cached copies become suspect. */
  tableEntryChanged(physical: Physical): void {
    if (this.i32[bucket(physical)] === 0) return;
    for (let entry = this.nextLive(-1); entry >= 0; entry = this.nextLive(entry)) {
      if (this.i32[entry + PTE_PHYSICAL] === physical) this.suspect(entry);
    }
  }

  /**
   * Like tableEntryChanged, for a directory entry. Directory entries have no filter: a fork changes APTDpde once for each of its pages, so
   * the search is written out like that of dropAll.
   */
  directoryEntryChanged(physical: Physical): void {
    const { i32 } = this;
    const words = (this.entries + 31) >>> 5;
    for (let word = 0; word < words; word++) {
      for (let bits = i32[LIVE + word]; bits !== 0; bits &= bits - 1) {
        const entry = ENTRIES + (((word << 5) + 31 - Math.clz32(bits & -bits)) << ENTRY_SHIFT);
        if (i32[entry + PDE_PHYSICAL] === physical || i32[entry + PTE_PHYSICAL] === physical)
          this.suspect(entry);
      }
    }
  }

  private suspect(entry: number): void {
    this.i32[entry + FLAGS] |= TLB_SUSPECT;
    this.dropFastPath(entry);
  }

  private dropFastPath(entry: number): void {
    this.i32[SLOTS + (this.i32[entry + TAG] & VPN)] = 0;
  }

  /** Drops every fast path. The next access through each entry takes the slow path and may restore it. */
  dropFastPaths(): void {
    for (let entry = this.nextLive(-1); entry >= 0; entry = this.nextLive(entry)) this.dropFastPath(entry);
  }

  /** Like dropFastPaths, for the pages that map `frame`. */
  dropFastPathsTo(frame: Frame): void {
    for (let entry = this.nextLive(-1); entry >= 0; entry = this.nextLive(entry)) {
      if (this.i32[entry + FRAME] === frame) this.dropFastPath(entry);
    }
  }

  /** Rebuilds the data derived from TLB_STATE after a restore; `dropFastPaths` has dropped the fast paths. */
  reload(): void {
    this.i32.fill(0, LIVE, LIVE + (TLB_DERIVED_BYTES >>> 2));
    for (let number = 0; number < this.entries; number++) {
      const entry = ENTRIES + (number << ENTRY_SHIFT);
      if (this.i32[entry + TAG] !== 0) this.enlist(entry);
    }
  }

  /** The valid entries, for display. */
  *valid(): Generator<CachedTranslation> {
    for (let entry = this.nextLive(-1); entry >= 0; entry = this.nextLive(entry)) {
      const { i32 } = this;
      const vpn = i32[entry + TAG] & VPN;
      const [pte, pde] = [i32[entry + PTE] >>> 0, i32[entry + PDE] >>> 0];
      yield { vpn, frame: i32[entry + FRAME] >>> 0, flags: i32[entry + FLAGS], pte, pde };
    }
  }

  /**
   * Feeds a state hash with the translations and the replacement order, but not with bits that only control recording, so
   * that the hashes of a run are the same at every level of detail.
   */
  forEachStateWord(word: (value: number) => void): void {
    for (let number = 0; number < this.entries; number++) {
      const entry = ENTRIES + (number << ENTRY_SHIFT);
      word(this.i32[entry + TAG]);
      if (this.i32[entry + TAG] === 0) continue;
      word(this.i32[entry + FLAGS] & TLB_TRANSLATION);
      word(this.i32[entry + FRAME]);
      word(this.i32[entry + PTE]);
      word(this.i32[entry + PDE]);
    }
    for (let set = 0; set <= this.setMask; set++) word(this.i32[NEXT + set]);
  }
}

if ((NEXT + MAX_TLB_ENTRIES) << 2 > TLB_STATE + TLB_STATE_BYTES) {
  throw new MachineError('TLB_STATE is too small for MAX_TLB_ENTRIES');
}
