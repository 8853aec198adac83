import type { MachineConfig } from '../config.ts';
import { FAST_PATH, FAST_PATH_BYTES, type MachineMemory, TLB_STATE, TLB_STATE_BYTES } from '../layout.ts';
import { MachineError } from '../machine-error.ts';

/** Entry flags. The translation: where they can they have the place of the bit in a PTE (mmu/bits.ts). */
export const TLB_WRITABLE = 0x002;
export const TLB_USER = 0x004;
/** D was set in the entry when it was cached: writes need no walk. */
export const TLB_DIRTY = 0x040;
/** A 4 KB fragment of a 4 MB page. */
export const TLB_LARGE = 0x080;
export const TLB_GLOBAL = 0x100;
export const TLB_TRANSLATION = TLB_WRITABLE | TLB_USER | TLB_DIRTY | TLB_LARGE | TLB_GLOBAL;
/** What only decides recording. It was filled from something that changed: compare the next use with a fresh walk. */
export const TLB_SUSPECT = 0x200;
/** A read through the alternate window has been recorded since the fill. */
export const TLB_APT_READ = 0x400;

export const MAX_TLB_ENTRIES = 1024;
const VALID = 0x100000;
const VPN = 0xfffff;

/** Buckets of the filter that tells whether a paging-structure entry may be cached. */
const FILTER_SIZE = 4096;
const filterKey = (entryPhysical: number) =>
  ((entryPhysical >>> 2) ^ (entryPhysical >>> 13)) & (FILTER_SIZE - 1);

/**
 * The translation lookaside buffer (80386 Programmer's Reference, 5.2.5: 32 entries, 4-way). It is architectural: an
 * entry stays, however wrong it has become, until a flush, INVLPG or its eviction. Sets are indexed by the low bits of
 * the linear page number. A fill takes an empty way, else the way that `next` names, round robin, so that hits leave no
 * trace and the fast path needs no bookkeeping.
 *
 * The fields are parallel arrays in TLB_STATE. Whatever drops an entry also drops its FAST_PATH slot, so a slot exists
 * only under an entry. Everything here is O(ways) or O(entries dropped), never O(size).
 */
export class Tlb {
  readonly entries: number;
  readonly ways: number;
  /** Linear page number | VALID; 0 = empty. */
  readonly tag: Int32Array;
  readonly flags: Int32Array;
  readonly frame: Int32Array;
  /** The entries as cached: PTE (or the 4 MB PDE again) and PDE, and where they were read. */
  readonly pte: Int32Array;
  readonly pde: Int32Array;
  readonly ptePhysical: Int32Array;
  readonly pdePhysical: Int32Array;
  private readonly next: Int32Array;
  private readonly setMask: number;
  readonly fastPath: Int32Array;

  /** DERIVED: the valid entries in no order, where each stands in that list, and how many there are. */
  private readonly live: Int32Array;
  private readonly position: Int32Array;
  private liveCount = 0;
  /** DERIVED: how many cached translations were read from entries of each hash bucket. */
  private readonly filter = new Uint16Array(FILTER_SIZE);
  /** DERIVED: fragments of 4 MB pages held, by PDE slot. */
  private readonly fragments = new Uint16Array(1024);

  constructor(mem: MachineMemory, config: MachineConfig) {
    const { tlbEntries: entries, tlbWays: ways } = config;
    const sets = entries / ways;
    if (!(entries <= MAX_TLB_ENTRIES && ways >= 1 && Number.isInteger(sets) && (sets & (sets - 1)) === 0)) {
      throw new MachineError(
        `a TLB of ${entries} entries in ${ways} ways: at most ${MAX_TLB_ENTRIES} entries, sets a power of two`,
      );
    }
    this.entries = entries;
    this.ways = ways;
    this.setMask = sets - 1;
    const array = (field: number) =>
      new Int32Array(mem.memory.buffer, TLB_STATE + field * MAX_TLB_ENTRIES * 4, entries);
    this.tag = array(0);
    this.flags = array(1);
    this.frame = array(2);
    this.pte = array(3);
    this.pde = array(4);
    this.ptePhysical = array(5);
    this.pdePhysical = array(6);
    this.next = array(7).subarray(0, sets);
    this.fastPath = new Int32Array(mem.memory.buffer, FAST_PATH, FAST_PATH_BYTES >>> 2);
    this.live = new Int32Array(entries);
    this.position = new Int32Array(entries);
  }

  /** The entry that translates linear page `vpn`; -1 on a miss. */
  find(vpn: number): number {
    const { tag } = this;
    const key = vpn | VALID;
    const first = (vpn & this.setMask) * this.ways;
    const end = first + this.ways;
    for (let entry = first; entry < end; entry++) if (tag[entry] === key) return entry;
    return -1;
  }

  /** Makes room for `vpn`, which must not be cached: returns an empty entry of its set. */
  vacate(vpn: number): number {
    const set = vpn & this.setMask;
    const first = set * this.ways;
    const end = first + this.ways;
    for (let entry = first; entry < end; entry++) if (this.tag[entry] === 0) return entry;
    const way = this.next[set];
    this.next[set] = way + 1 === this.ways ? 0 : way + 1;
    this.drop(first + way);
    return first + way;
  }

  /** Fills an empty entry. */
  fill(
    entry: number,
    vpn: number,
    flags: number,
    frame: number,
    pte: number,
    pde: number,
    ptePhysical: number,
    pdePhysical: number,
  ): void {
    this.tag[entry] = vpn | VALID;
    this.flags[entry] = flags;
    this.frame[entry] = frame;
    this.pte[entry] = pte;
    this.pde[entry] = pde;
    this.ptePhysical[entry] = ptePhysical;
    this.pdePhysical[entry] = pdePhysical;
    this.enlist(entry);
  }

  private enlist(entry: number): void {
    this.position[entry] = this.liveCount;
    this.live[this.liveCount++] = entry;
    this.filter[filterKey(this.ptePhysical[entry])]++;
    this.filter[filterKey(this.pdePhysical[entry])]++;
    if (this.flags[entry] & TLB_LARGE) this.fragments[(this.tag[entry] & VPN) >>> 10]++;
  }

  /** Empties a valid entry. */
  drop(entry: number): void {
    const vpn = this.tag[entry] & VPN;
    this.fastPath[vpn] = 0;
    this.filter[filterKey(this.ptePhysical[entry])]--;
    this.filter[filterKey(this.pdePhysical[entry])]--;
    if (this.flags[entry] & TLB_LARGE) this.fragments[vpn >>> 10]--;
    const hole = this.position[entry];
    const last = this.live[--this.liveCount];
    this.live[hole] = last;
    this.position[last] = hole;
    this.tag[entry] = 0;
    this.flags[entry] = 0;
    // An empty entry is all zeros: equal TLBs have equal bytes, whatever they held before.
    this.frame[entry] = 0;
    this.pte[entry] = 0;
    this.pde[entry] = 0;
  }

  /** INVLPG: drops the page, with all fragments of its 4 MB page when it is one (SDM volume 3, 4.10.4.1). */
  invalidate(vpn: number): void {
    const entry = this.find(vpn);
    if (entry >= 0) this.drop(entry);
    const slot = vpn >>> 10;
    if (this.fragments[slot] === 0) return;
    for (let i = this.liveCount - 1; i >= 0; i--) {
      const other = this.live[i];
      if (this.flags[other] & TLB_LARGE && (this.tag[other] & VPN) >>> 10 === slot) this.drop(other);
    }
  }

  /**
   * Empties the TLB but for global pages if they are to survive. A survivor came by another directory: it is suspect
   * until it has been compared with the new one.
   */
  flush(keepGlobal: boolean): void {
    for (let i = this.liveCount - 1; i >= 0; i--) {
      const entry = this.live[i];
      if (keepGlobal && this.flags[entry] & TLB_GLOBAL) this.suspect(entry);
      else this.drop(entry);
    }
  }

  /** The paging-structure entry at `physical` now translates otherwise: its cached copies become suspect. */
  entryChanged(physical: number): void {
    if (this.filter[filterKey(physical)] === 0) return;
    for (let i = 0; i < this.liveCount; i++) {
      const entry = this.live[i];
      if (this.ptePhysical[entry] === physical || this.pdePhysical[entry] === physical) this.suspect(entry);
    }
  }

  private suspect(entry: number): void {
    this.flags[entry] |= TLB_SUSPECT;
    this.fastPath[this.tag[entry] & VPN] = 0;
  }

  /** Takes away every fast path; the next access by each goes slow once and may get it back. */
  dropFastPaths(): void {
    for (let i = 0; i < this.liveCount; i++) this.fastPath[this.tag[this.live[i]] & VPN] = 0;
  }

  /** As dropFastPaths, for the pages that map `frame`. */
  dropFastPathsTo(frame: number): void {
    for (let i = 0; i < this.liveCount; i++) {
      const entry = this.live[i];
      if (this.frame[entry] === frame) this.fastPath[this.tag[entry] & VPN] = 0;
    }
  }

  /** Rebuilds what is derived from TLB_STATE, after a restore. Fast paths come back as they are used. */
  reload(): void {
    this.fastPath.fill(0);
    this.filter.fill(0);
    this.fragments.fill(0);
    this.liveCount = 0;
    for (let entry = 0; entry < this.entries; entry++) if (this.tag[entry] !== 0) this.enlist(entry);
  }

  /**
   * Feeds a state hash: the translations and the replacement order, not what only decides recording, so that a run
   * hashes alike at every level of detail.
   */
  forEachStateWord(word: (value: number) => void): void {
    for (let entry = 0; entry < this.entries; entry++) {
      word(this.tag[entry]);
      word(this.flags[entry] & TLB_TRANSLATION);
      word(this.frame[entry]);
      word(this.pte[entry]);
      word(this.pde[entry]);
    }
    for (const way of this.next) word(way);
  }
}

if (8 * MAX_TLB_ENTRIES * 4 > TLB_STATE_BYTES)
  throw new MachineError('TLB_STATE is too small for MAX_TLB_ENTRIES');
