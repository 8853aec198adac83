import type { MachineConfig, ResolvedProfile } from '../config.ts';
import type { EventLog } from '../event-log.ts';
import { type MachineMemory, RAM } from '../layout.ts';
import { ProfileObserver } from '../profile-observer.ts';
import {
  ACCESSED,
  type Access,
  CR0_PG,
  CR0_WP,
  CR4_PGE,
  CR4_PSE,
  DIRTY,
  EXECUTE,
  FROM_DMA,
  FROM_STORE,
  FROM_WALK,
  PAGE_FAULT,
  PF_PROTECTION,
  PF_USER,
  PF_WRITE,
  READ,
  REG_CR0,
  REG_CR3,
  REG_CR4,
  TLB_FLUSH,
  TLB_INVLPG,
  TLB_STALE_USE,
  VIA_ALTERNATE,
  VIA_DIRECT,
  VIA_PHYSICAL,
  VIA_RECURSIVE,
  WRITE,
} from './bits.ts';
import type { CpuView } from './cpu-view.ts';
import { FastPath } from './fast-path.ts';
import { Frames, UNWATCHED, WATCH_CHANGED, WATCH_CODE, WATCH_TRACKED } from './frames.ts';
import { BY_OWNER, PagingStructures } from './structures.ts';
import { TLB_APT_READ, TLB_DIRTY, TLB_LARGE, TLB_SUSPECT, TLB_USER, TLB_WRITABLE, Tlb } from './tlb.ts';
import { Walker } from './walk.ts';

const PAGE = 4096;
const APT_READ = 0;
const APT_WRITE = 1;

/**
 * The memory management unit: translation (80386 Programmer's Reference, chapter 5), rights, A and D bits, page faults,
 * control registers, and the accesses that must be seen. The CPU comes here when FAST_PATH does not let it through;
 * each slow access grants the fast path that the page deserves, so the common page is slow once.
 *
 * Linear addresses, entries and values are int32 throughout (a u32 above 2^31 would be allocated when it is passed on);
 * callers may pass either.
 */
export class Mmu {
  private readonly mem: MachineMemory;
  private readonly i32: Int32Array;
  private readonly view: DataView;
  private readonly cpu: CpuView;
  private readonly log: EventLog | null;
  private readonly tlb: Tlb;
  private readonly frames: Frames;
  private readonly fastPath: FastPath;
  private readonly structures: PagingStructures | null;
  readonly observer: ProfileObserver | null;
  private readonly walker: Walker;
  /** A second walker, for looks that must not disturb a walk under way. */
  private readonly looker: Walker;
  private readonly recursiveSlot: number;
  private readonly alternateSlot: number;
  private readonly everyStore: boolean;

  /** DERIVED from CR0, CR3 and CR4 (`reload`). */
  private paging = false;
  private writeProtect = false;
  private keepGlobal = false;
  private directory = 0;

  constructor(
    mem: MachineMemory,
    config: MachineConfig,
    profile: ResolvedProfile,
    cpu: CpuView,
    log: EventLog | null,
  ) {
    this.mem = mem;
    this.i32 = mem.i32;
    this.view = mem.view;
    this.cpu = cpu;
    this.log = log;
    this.recursiveSlot = log ? profile.recursiveSlot : -1;
    this.alternateSlot = log ? profile.alternateSlot : -1;
    this.everyStore = log !== null && config.detail === 'stores';
    this.tlb = new Tlb(mem, config);
    this.frames = new Frames(mem);
    const watched = { ...profile, recursiveSlot: this.recursiveSlot, alternateSlot: this.alternateSlot };
    this.fastPath = new FastPath(mem, this.tlb, this.frames, watched, this.everyStore);
    this.structures = log
      ? new PagingStructures(mem, this.frames, this.tlb, this.fastPath, watched, log)
      : null;
    this.observer = log ? ProfileObserver.for(profile, mem, this, log) : null;
    this.walker = new Walker(mem);
    this.looker = new Walker(mem);
    this.reload();
  }

  /** Rebuilds everything derived, after a restore or a reset. */
  reload(): void {
    this.frames.reload(this.structures !== null);
    this.fastPath.reload();
    this.adoptControls();
  }

  private adoptControls(): void {
    const { cr0, cr3, cr4 } = this.cpu;
    this.paging = (cr0 & CR0_PG) !== 0;
    this.writeProtect = (cr0 & CR0_WP) !== 0;
    this.keepGlobal = (cr4 & CR4_PGE) !== 0;
    this.directory = cr3 >>> 12;
    this.fastPath.writeProtect = this.writeProtect;
    this.fastPath.directory = this.paging ? this.directory : -1;
    for (const walker of [this.walker, this.looker]) {
      walker.largePages = (cr4 & CR4_PSE) !== 0;
      walker.globalPages = this.keepGlobal;
    }
  }

  // --- Control registers -------------------------------------------------------------------------------------------

  setCr0(value: number): void {
    const old = this.cpu.cr0;
    const changed = old ^ value;
    this.log?.controlWrite(REG_CR0, old, value);
    this.cpu.cr0 = value;
    this.cpu.dropFetchLatch();
    if (changed & (CR0_PG | CR0_WP)) this.fastPath.dropAll();
    this.adoptControls();
    if (changed & CR0_PG) {
      this.flushAll();
      if (this.paging) this.structures?.useDirectory(this.directory);
    }
  }

  /** 80386 Programmer's Reference, 5.2.5: a load of CR3 flushes the TLB (but for global pages: SDM, 4.10.2.4). */
  setCr3(value: number): void {
    this.log?.controlWrite(REG_CR3, this.cpu.cr3, value);
    this.cpu.cr3 = value;
    this.cpu.dropFetchLatch();
    this.directory = value >>> 12;
    this.tlb.flush(this.keepGlobal);
    if (!this.paging) return;
    this.fastPath.directory = this.directory;
    this.structures?.useDirectory(this.directory);
    this.observer?.directoryLoaded(value | 0);
  }

  setCr4(value: number): void {
    const old = this.cpu.cr4;
    this.log?.controlWrite(REG_CR4, old, value);
    this.cpu.cr4 = value;
    this.cpu.dropFetchLatch();
    this.adoptControls();
    if ((old ^ value) & (CR4_PSE | CR4_PGE)) this.flushAll();
  }

  /** A flush other than by CR3: global pages go too (SDM volume 3, 4.10.4.1). */
  private flushAll(): void {
    this.tlb.flush(false);
    this.log?.tlbEvent(TLB_FLUSH, 0, 0, 0, READ);
  }

  invlpg(linear: number): void {
    this.log?.tlbEvent(TLB_INVLPG, linear, 0, 0, READ);
    this.cpu.dropFetchLatch();
    this.tlb.invalidate(linear >>> 12);
  }

  // --- Translation -------------------------------------------------------------------------------------------------

  /** The TLB entry by which this access goes; faults if it may not. Paging is on. */
  private translate(linear: number, access: Access, cpl: number): number {
    const { tlb } = this;
    const entry = tlb.find(linear >>> 12);
    if (entry < 0) return this.fill(-1, linear, access, cpl);
    const flags = tlb.flags[entry];
    const allowed =
      cpl === 3
        ? (flags & TLB_USER) !== 0 && (access !== WRITE || (flags & TLB_WRITABLE) !== 0)
        : access !== WRITE || (flags & TLB_WRITABLE) !== 0 || !this.writeProtect;
    // D must be set in memory first, and only a walk does that: the cached translation is not used.
    if (allowed && access === WRITE && (flags & TLB_DIRTY) === 0)
      return this.fill(entry, linear, access, cpl);
    if (flags & TLB_SUSPECT) this.judge(entry, linear, access);
    if (!allowed) this.pageFault(linear, access, cpl, PF_PROTECTION);
    return entry;
  }

  /**
   * Walks, checks rights, sets A and D, and caches the translation: in `replace`, the entry that already holds the page,
   * unless that is -1. A and D are set only when the access goes through ("before a read or write operation to a page",
   * 80386 Programmer's Reference, 5.2.4.3).
   */
  private fill(replace: number, linear: number, access: Access, cpl: number): number {
    const { walker, tlb } = this;
    const vpn = linear >>> 12;
    if (!walker.walk(this.directory, vpn)) this.pageFault(linear, access, cpl, 0);
    const { flags } = walker;
    if (cpl === 3) {
      if ((flags & TLB_USER) === 0 || (access === WRITE && (flags & TLB_WRITABLE) === 0)) {
        this.pageFault(linear, access, cpl, PF_PROTECTION);
      }
    } else if (access === WRITE && (flags & TLB_WRITABLE) === 0 && this.writeProtect) {
      this.pageFault(linear, access, cpl, PF_PROTECTION);
    }
    this.structures?.walked(walker, this.directory, vpn);
    this.setAccessedDirty(vpn, access);

    let kept = 0;
    let entry = replace;
    if (entry < 0) {
      entry = tlb.vacate(vpn);
    } else {
      // The D bit of the same translation: what was read through it before has been recorded already.
      if (tlb.frame[entry] === walker.frame) kept = tlb.flags[entry] & TLB_APT_READ;
      tlb.drop(entry);
    }
    const { frame, pte, pde, ptePhysical, pdePhysical } = walker;
    tlb.fill(entry, vpn, walker.flags | kept, frame, pte, pde, ptePhysical, pdePhysical);
    return entry;
  }

  private setAccessedDirty(vpn: number, access: Access): void {
    const { walker } = this;
    const used = access === WRITE ? ACCESSED | DIRTY : ACCESSED;
    const { pde, pte } = walker;
    if (walker.flags & TLB_LARGE) {
      if ((pde & used) !== used) {
        walker.pde = walker.pte = pde | used;
        this.updateEntry(this.directory, vpn >>> 10, pde, pde | used, BY_OWNER);
      }
    } else {
      if ((pde & ACCESSED) === 0) {
        walker.pde = pde | ACCESSED;
        this.updateEntry(this.directory, vpn >>> 10, pde, pde | ACCESSED, BY_OWNER);
      }
      if ((pte & used) !== used) {
        walker.pte = pte | used;
        this.updateEntry(pde >>> 12, vpn & 1023, pte, pte | used, (this.directory << 12) | (vpn >>> 10));
      }
    }
    if (access === WRITE) walker.flags |= TLB_DIRTY;
  }

  private updateEntry(frame: number, index: number, old: number, value: number, reached: number): void {
    if (frame >= this.frames.count) return;
    this.i32[(RAM >>> 2) + (frame << 10) + index] = value;
    this.frames.watch[frame] |= WATCH_CHANGED;
    this.structures?.record(0, frame, index, old, value, VIA_PHYSICAL, FROM_WALK, reached);
    if (this.frames.watch[frame] & WATCH_CODE) this.cpu.codeWritten(frame, index << 2, 4);
  }

  /**
   * A suspect translation is about to be used: records `stale_use`, once for each change, if a walk would now find
   * something else. A and D are not part of a translation, but a write through an entry that holds D while memory has
   * lost it leaves the page modified with D clear.
   */
  private judge(entry: number, linear: number, access: Access): void {
    const { tlb, looker } = this;
    const cached = tlb.flags[entry];
    const present = looker.walk(this.directory, linear >>> 12);
    const rights = TLB_USER | TLB_WRITABLE;
    const same = present && looker.frame === tlb.frame[entry] && ((looker.flags ^ cached) & rights) === 0;
    const lostDirty = same && (cached & ~looker.flags & TLB_DIRTY) !== 0;
    if (lostDirty && access !== WRITE) return;
    tlb.flags[entry] = cached & ~TLB_SUSPECT;
    if (same && !lostDirty) return;
    this.log?.tlbEvent(TLB_STALE_USE, linear, tlb.pte[entry], present ? looker.pte : 0, access);
  }

  /** Sets CR2, drops the page from the TLB (SDM volume 3, 4.10.4.1: so that a retry walks again), and faults. */
  private pageFault(linear: number, access: Access, cpl: number, protection: number): never {
    const entry = this.tlb.find(linear >>> 12);
    if (entry >= 0) this.tlb.drop(entry);
    this.cpu.cr2 = linear;
    this.cpu.fault(PAGE_FAULT, protection | (access === WRITE ? PF_WRITE : 0) | (cpl === 3 ? PF_USER : 0));
  }

  // --- Accesses ----------------------------------------------------------------------------------------------------

  readSlow(linear: number, size: number, cpl: number): number {
    const offset = linear & (PAGE - 1);
    if (offset + size > PAGE) return this.readAcross(linear, size, cpl);
    const vpn = linear >>> 12;
    if (!this.paging) {
      if (vpn >= this.frames.count) return size === 4 ? -1 : size === 2 ? 0xffff : 0xff;
      this.fastPath.grantIdentity(vpn);
      return this.load(RAM + (vpn << 12) + offset, size);
    }
    const entry = this.translate(linear, READ, cpl);
    const frame = this.tlb.frame[entry];
    if (frame >= this.frames.count) return size === 4 ? -1 : size === 2 ? 0xffff : 0xff;
    const value = this.load(RAM + (frame << 12) + offset, size);
    if (this.alternateSlot >= 0) {
      if (frame === this.directory) this.structures!.directoryRead(linear, frame, offset, size);
      if (vpn >>> 10 === this.alternateSlot && (this.tlb.flags[entry] & TLB_APT_READ) === 0) {
        this.tlb.flags[entry] |= TLB_APT_READ;
        this.recordAlternate(entry, linear, (frame << 12) | offset, APT_READ, value, size);
      }
    }
    this.fastPath.grant(entry, vpn);
    return value;
  }

  writeSlow(linear: number, size: number, value: number, cpl: number): void {
    const offset = linear & (PAGE - 1);
    if (offset + size > PAGE) {
      this.writeAcross(linear, size, value, cpl);
      return;
    }
    const vpn = linear >>> 12;
    let entry = -1;
    let frame = vpn;
    let via = VIA_PHYSICAL;
    if (this.paging) {
      entry = this.translate(linear, WRITE, cpl);
      frame = this.tlb.frame[entry];
      const slot = vpn >>> 10;
      via =
        slot === this.recursiveSlot
          ? VIA_RECURSIVE
          : slot === this.alternateSlot
            ? VIA_ALTERNATE
            : VIA_DIRECT;
    }
    if (frame >= this.frames.count) return;
    const watch = this.frames.watch[frame] | WATCH_CHANGED;
    this.frames.watch[frame] = watch;
    if (watch === UNWATCHED && via <= VIA_DIRECT && !this.everyStore) {
      this.save(RAM + (frame << 12) + offset, size, value);
    } else {
      this.watchedStore(linear, entry, frame, offset, size, value, watch, via);
    }
    if (entry >= 0) this.fastPath.grant(entry, vpn);
    else this.fastPath.grantIdentity(frame);
  }

  /** A store that something wants to see. */
  private watchedStore(
    linear: number,
    entry: number,
    frame: number,
    offset: number,
    size: number,
    value: number,
    watch: number,
    via: number,
  ): void {
    const at = RAM + (frame << 12) + offset;
    const physical = (frame << 12) | offset;
    if (this.everyStore) {
      const low = size === 4 ? value : value & (size === 2 ? 0xffff : 0xff);
      this.log!.store(linear, physical, size, this.load(at, size), low);
    }
    if (via === VIA_ALTERNATE) this.recordAlternate(entry, linear, physical, APT_WRITE, value, size);
    if (watch & WATCH_TRACKED || via >= VIA_RECURSIVE) {
      // Through a window the address says which directory and slot are meant, be the translation fresh or stale.
      let reached = BY_OWNER;
      if (via === VIA_RECURSIVE) reached = (this.directory << 12) | ((linear >>> 12) & 1023);
      else if (via === VIA_ALTERNATE) reached = (this.tlb.pde[entry] & ~0xfff) | ((linear >>> 12) & 1023);
      this.structures!.store(linear, frame, offset, size, value, this.view, via, FROM_STORE, reached);
    } else {
      this.save(at, size, value);
    }
    if (watch & WATCH_CODE) this.cpu.codeWritten(frame, offset, size);
  }

  private recordAlternate(
    entry: number,
    linear: number,
    physical: number,
    access: number,
    value: number,
    size: number,
  ): void {
    const apt = this.walker.entry(this.directory, this.alternateSlot);
    const low = size === 4 ? value : value & (size === 2 ? 0xffff : 0xff);
    this.log!.add('apt_accesses', linear, physical, access, apt, this.tlb.pde[entry], low, size);
  }

  /** Faults as writeSlow would and sets A and D, but writes nothing. */
  probeWrite(linear: number, size: number, cpl: number): void {
    if (!this.paging) return;
    const last = linear + size - 1;
    this.translate(linear, WRITE, cpl);
    if ((linear & (PAGE - 1)) + size > PAGE) this.translate(last & ~(PAGE - 1), WRITE, cpl);
  }

  probeRead(linear: number, size: number, cpl: number): void {
    if (!this.paging) return;
    const last = linear + size - 1;
    this.translate(linear, READ, cpl);
    if ((linear & (PAGE - 1)) + size > PAGE) this.translate(last & ~(PAGE - 1), READ, cpl);
  }

  /** Physical address of the instruction byte at `linear`. */
  fetchFrame(linear: number, cpl: number): number {
    if (!this.paging) return linear >>> 0;
    const entry = this.translate(linear, EXECUTE, cpl);
    return this.tlb.frame[entry] * PAGE + (linear & (PAGE - 1));
  }

  /** Bytes, each by its own page. Both pages are translated before anything is read or written. */
  private readAcross(linear: number, size: number, cpl: number): number {
    this.probeRead(linear, size, cpl);
    let value = 0;
    for (let i = 0; i < size; i++) value |= this.readSlow((linear + i) | 0, 1, cpl) << (8 * i);
    return value;
  }

  private writeAcross(linear: number, size: number, value: number, cpl: number): void {
    this.probeWrite(linear, size, cpl);
    for (let i = 0; i < size; i++) this.writeSlow((linear + i) | 0, 1, (value >>> (8 * i)) & 0xff, cpl);
  }

  private load(at: number, size: number): number {
    if (size === 4) return this.view.getInt32(at, true);
    return size === 2 ? this.view.getUint16(at, true) : this.view.getUint8(at);
  }

  private save(at: number, size: number, value: number): void {
    if (size === 4) this.view.setInt32(at, value, true);
    else if (size === 2) this.view.setInt16(at, value, true);
    else this.view.setInt8(at, value);
  }

  // --- Physical memory, as bus masters see it ----------------------------------------------------------------------

  physRead8(physical: number): number {
    return this.physRead(physical >>> 0, 1);
  }
  physRead16(physical: number): number {
    return this.physRead(physical >>> 0, 2);
  }
  physRead32(physical: number): number {
    return this.physRead(physical >>> 0, 4);
  }
  physWrite8(physical: number, value: number): void {
    this.physWrite(physical >>> 0, 1, value);
  }
  physWrite16(physical: number, value: number): void {
    this.physWrite(physical >>> 0, 2, value);
  }
  physWrite32(physical: number, value: number): void {
    this.physWrite(physical >>> 0, 4, value);
  }

  private physRead(physical: number, size: number): number {
    if (physical + size > this.mem.ramBytes) return size === 4 ? -1 : size === 2 ? 0xffff : 0xff;
    return this.load(RAM + physical, size);
  }

  private physWrite(physical: number, size: number, value: number): void {
    if (physical + size > this.mem.ramBytes) return;
    const frame = physical >>> 12;
    const offset = physical & (PAGE - 1);
    if (offset + size > PAGE) {
      for (let i = 0; i < size; i++) this.physWrite(physical + i, 1, (value >>> (8 * i)) & 0xff);
      return;
    }
    const watch = this.frames.watch[frame] | WATCH_CHANGED;
    this.frames.watch[frame] = watch;
    if (watch & WATCH_TRACKED) {
      this.structures!.store(0, frame, offset, size, value, this.view, VIA_PHYSICAL, FROM_DMA, BY_OWNER);
    } else {
      this.save(RAM + physical, size, value);
    }
    if (watch & WATCH_CODE) this.cpu.codeWritten(frame, offset, size);
  }

  // --- Services ----------------------------------------------------------------------------------------------------

  /** `frame` now holds decoded code: every store to it is reported to the CPU until `unmarkCode`. */
  markCode(frame: number): void {
    if (frame >= this.frames.count || this.frames.watch[frame] & WATCH_CODE) return;
    this.frames.watch[frame] |= WATCH_CODE;
    this.fastPath.revoke(frame);
  }

  unmarkCode(frame: number): void {
    if (frame < this.frames.count) this.frames.watch[frame] &= ~WATCH_CODE;
  }

  /** Physical address that a fresh walk finds for `linear`; -1 if none. No side effects. */
  translateForDebug(linear: number): number {
    if (!this.paging) return linear >>> 0;
    if (!this.looker.walk(this.directory, linear >>> 12)) return -1;
    return this.looker.frame * PAGE + (linear & (PAGE - 1));
  }

  /** The frames changed since the last call, ascending. The first store to each from now on is seen again. */
  endOfHashPeriod(): Uint32Array {
    this.fastPath.dropAll();
    return this.frames.takeChanged();
  }

  /** Words of the architectural TLB, for the state hash. */
  forEachTlbWord(word: (value: number) => void): void {
    this.tlb.forEachStateWord(word);
  }
}
