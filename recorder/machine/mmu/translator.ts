import type { Linear, Physical } from '../../../schemas/units.ts';
import { CR0_PG, CR0_WP, CR4_PGE, CR4_PSE } from '../control-registers.ts';
import type { EventLog } from '../events/event-log.ts';
import type { ProfileObserver } from '../events/profile-observer.ts';
import { type MachineMemory, RAM } from '../layout.ts';
import type { Stops } from '../state/stops.ts';
import {
  ACCESSED,
  type Access,
  DIRTY,
  FROM_WALK,
  PAGE_FAULT,
  PF_PROTECTION,
  PF_USER,
  PF_WRITE,
  READ,
  REG_CR3,
  REG_CR4,
  TLB_FLUSH,
  TLB_INVLPG,
  TLB_STALE_USE,
  VIA_PHYSICAL,
  WINDOW_WRITE,
  WRITE,
} from './bits.ts';
import type { CpuView } from './cpu-view.ts';
import type { FastPath } from './fast-path.ts';
import { CODE, type Frames, READ_ONLY } from './frames.ts';
import { BY_OWNER, type PagingStructures } from './structures.ts';
import { TLB_DIRTY, TLB_LARGE, TLB_SUSPECT, TLB_USER, TLB_WRITABLE, type Tlb } from './tlb.ts';
import { Walker } from './walk.ts';
import type { Windows } from './windows.ts';

/**
 * Translates linear to physical addresses (80386 Programmer's Reference, chapter 5): TLB, walk, rights, A and D bits,
 * page faults, and the control registers that govern them.
 */
export class Translator {
  private readonly i32: Int32Array;
  private readonly cpu: CpuView;
  private readonly log: EventLog | null;
  private readonly tlb: Tlb;
  private readonly frames: Frames;
  private readonly fastPath: FastPath;
  private readonly structures: PagingStructures | null;
  private readonly windows: Windows | null;
  private readonly walker: Walker;
  /** A second walker, for look-ups that must not disturb a walk in progress. */
  private readonly looker: Walker;
  /** Notified of CR3 loads; set by the MMU. */
  observer: ProfileObserver | null = null;
  /** Notified when A and D bits are set; kept current by the MMU. */
  stops: Stops | null = null;

  /** DERIVED from CR0, CR3 and CR4 (`takeControls`): CR0.PG, the frame in CR3, CR0.WP, CR4.PGE. */
  paging = false;
  directory = 0;
  private writeProtect = false;
  private keepGlobal = false;
  /** Bits of a frame number that reach the bus: all, except address line 20 while it is masked. */
  frameMask = -1;

  constructor(
    mem: MachineMemory,
    cpu: CpuView,
    log: EventLog | null,
    tlb: Tlb,
    frames: Frames,
    fastPath: FastPath,
    structures: PagingStructures | null,
    windows: Windows | null,
  ) {
    this.i32 = mem.i32;
    this.cpu = cpu;
    this.log = log;
    this.tlb = tlb;
    this.frames = frames;
    this.fastPath = fastPath;
    this.structures = structures;
    this.windows = windows;
    this.walker = new Walker(mem);
    this.looker = new Walker(mem);
  }

  takeControls(): void {
    const { cr0, cr3, cr4 } = this.cpu;
    this.paging = (cr0 & CR0_PG) !== 0;
    this.writeProtect = (cr0 & CR0_WP) !== 0;
    this.keepGlobal = (cr4 & CR4_PGE) !== 0;
    this.directory = cr3 >>> 12;
    this.fastPath.writeProtect = this.writeProtect;
    this.fastPath.directory = this.paging ? this.directory : -1;
    for (const walker of [this.walker, this.looker]) {
      walker.frameMask = this.frameMask;
      walker.largePages = (cr4 & CR4_PSE) !== 0;
      walker.globalPages = this.keepGlobal;
    }
  }

  setCr0(value: number): void {
    const old = this.cpu.cr0;
    const changed = old ^ value;
    this.log?.cr0Write(old, value);
    this.cpu.cr0 = value;
    this.cpu.dropFetchLatch();
    if (changed & (CR0_PG | CR0_WP)) this.fastPath.dropAll();
    this.takeControls();
    if (changed & CR0_PG) {
      this.flushAll();
      if (this.paging) this.structures?.useDirectory(this.directory);
    }
  }

  /** 80386 Programmer's Reference, 5.2.5: a load of CR3 flushes the TLB (except global pages: SDM volume 3, 4.10.2.4). */
  setCr3(value: number): void {
    this.log?.controlWrite(REG_CR3, this.cpu.cr3, value);
    this.windows?.register(WINDOW_WRITE, REG_CR3, this.cpu.cr3, value);
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
    this.windows?.register(WINDOW_WRITE, REG_CR4, old, value);
    this.cpu.cr4 = value;
    this.cpu.dropFetchLatch();
    this.takeControls();
    if ((old ^ value) & (CR4_PSE | CR4_PGE)) this.flushAll();
  }

  /** A flush other than by CR3, which includes global pages (SDM volume 3, 4.10.4.1). */
  private flushAll(): void {
    this.tlb.flush(false);
    this.log?.tlbEvent(TLB_FLUSH, 0, 0, 0, READ);
  }

  invlpg(linear: Linear): void {
    this.log?.tlbEvent(TLB_INVLPG, linear, 0, 0, READ);
    this.cpu.dropFetchLatch();
    this.tlb.invalidate(linear >>> 12);
  }

  /** The TLB entry for this access. Raises a page fault if the access is not allowed. Requires paging to be enabled. */
  translate(linear: Linear, access: Access, cpl: number): number {
    const { tlb } = this;
    const entry = tlb.find(linear >>> 12);
    if (entry < 0) return this.fill(-1, linear, access, cpl);
    const flags = tlb.flags(entry);
    const allowed =
      cpl === 3
        ? (flags & TLB_USER) !== 0 && (access !== WRITE || (flags & TLB_WRITABLE) !== 0)
        : access !== WRITE || (flags & TLB_WRITABLE) !== 0 || !this.writeProtect;
    // D must first be set in memory, which only a walk does, so the cached translation is not used.
    if (allowed && access === WRITE && (flags & TLB_DIRTY) === 0)
      return this.fill(entry, linear, access, cpl);
    if (flags & TLB_SUSPECT) this.judge(entry, linear, access);
    if (!allowed) this.pageFault(linear, access, cpl, PF_PROTECTION);
    return entry;
  }

  /**
   * Walks, checks rights, sets A and D, and caches the translation, in the entry `replace` that already holds the page or,
   * if that is -1, in a new one. A and D are set only if the access is allowed ("before a read or write operation to a
   * page", 80386 Programmer's Reference, 5.2.4.3).
   */
  private fill(replace: number, linear: Linear, access: Access, cpl: number): number {
    const { walker, tlb } = this;
    const vpn = linear >>> 12;
    if (!walker.walk(this.directory, vpn)) this.pageFault(linear, access, cpl, 0);
    const rights = walker.flags;
    if (access === WRITE) {
      if ((rights & TLB_WRITABLE) === 0 && (cpl === 3 || this.writeProtect)) {
        this.pageFault(linear, access, cpl, PF_PROTECTION);
      }
    }
    if (cpl === 3 && (rights & TLB_USER) === 0) this.pageFault(linear, access, cpl, PF_PROTECTION);
    if (this.structures !== null) this.structures.walked(walker, this.directory, vpn);
    // Usually A is already set in the PDE, and at most A or D of the PTE remain to be set.
    const used = access === WRITE ? ACCESSED | DIRTY : ACCESSED;
    if ((walker.pte & used) !== used || (walker.pde & ACCESSED) === 0) this.setAccessedDirty(vpn, used);
    if (access === WRITE) walker.flags = rights | TLB_DIRTY;
    if (replace >= 0) {
      if (tlb.holds(replace, walker)) {
        // The usual case: only D is new. Reads through the alternate window have already been recorded.
        tlb.refresh(replace, walker);
        return replace;
      }
      tlb.drop(replace);
      tlb.fill(replace, vpn, walker);
      return replace;
    }
    const entry = tlb.vacate(vpn);
    tlb.fill(entry, vpn, walker);
    return entry;
  }

  private setAccessedDirty(vpn: number, used: number): void {
    const { walker, directory } = this;
    const { pde, pte } = walker;
    const slot = vpn >>> 10;
    if (walker.flags & TLB_LARGE) {
      walker.pde = walker.pte = pde | used;
      this.updateEntry(directory, slot, pde, pde | used, BY_OWNER);
      return;
    }
    if ((pde & ACCESSED) === 0) {
      walker.pde = pde | ACCESSED;
      this.updateEntry(directory, slot, pde, pde | ACCESSED, BY_OWNER);
    }
    if ((pte & used) !== used) {
      walker.pte = pte | used;
      this.updateEntry(pde >>> 12, vpn & 1023, pte, pte | used, (directory << 12) | slot);
    }
  }

  private updateEntry(named: number, index: number, old: number, value: number, reached: number): void {
    const frame = named & this.frameMask;
    if (frame >= this.frames.count || this.frames.facts(frame) & READ_ONLY) return;
    this.stops?.accesses(-1, (frame << 12) | (index << 2), 4, true, false);
    this.i32[(RAM >>> 2) + (frame << 10) + index] = value;
    const facts = this.frames.change(frame);
    this.structures?.record(0, frame, index, old, value, VIA_PHYSICAL, FROM_WALK, reached);
    if (facts & CODE) this.cpu.codeWritten(frame, index << 2, 4);
  }

  /**
   * Called before a suspect translation is used: records `stale_use`, once for each change, if a walk would now find
   * another translation. A and D are not part of a translation, but a write through an entry with D set, after D has been
   * cleared in memory, leaves the page modified with D clear.
   */
  private judge(entry: number, linear: Linear, access: Access): void {
    const { tlb, looker } = this;
    const cached = tlb.flags(entry);
    const present = looker.walk(this.directory, linear >>> 12);
    const rights = TLB_USER | TLB_WRITABLE;
    const same = present && looker.frame === tlb.frame(entry) && ((looker.flags ^ cached) & rights) === 0;
    const lostDirty = same && (cached & ~looker.flags & TLB_DIRTY) !== 0;
    if (lostDirty && access !== WRITE) return;
    tlb.setFlags(entry, cached & ~TLB_SUSPECT);
    if (same && !lostDirty) return;
    this.log?.tlbEvent(TLB_STALE_USE, linear, tlb.pte(entry), present ? looker.pte : 0, access);
  }

  /** Sets CR2, drops the page from the TLB so that a retry walks again (SDM volume 3, 4.10.4.1), and faults. */
  private pageFault(linear: Linear, access: Access, cpl: number, protection: number): never {
    const entry = this.tlb.find(linear >>> 12);
    if (entry >= 0) this.tlb.drop(entry);
    this.cpu.cr2 = linear;
    this.cpu.fault(PAGE_FAULT, protection | (access === WRITE ? PF_WRITE : 0) | (cpl === 3 ? PF_USER : 0));
  }

  /** Physical address of `linear` by a new walk; -1 if there is none. Has no side effects. */
  look(linear: Linear): Physical {
    if (!this.paging) return linear >>> 0;
    if (!this.looker.walk(this.directory, linear >>> 12)) return -1;
    return this.looker.frame * 4096 + (linear & 0xfff);
  }

  /** Entry `slot` of the current directory. */
  directoryEntry(slot: number): number {
    return this.looker.entry(this.directory, slot);
  }
}
