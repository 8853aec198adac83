import type { Frame, Linear, Physical } from '../../../schemas/units.ts';
import type { MachineConfig, ResolvedProfile } from '../config.ts';
import { ALIGNMENT_CHECK } from '../cpu/fault.ts';
import type { EventLog } from '../events/event-log.ts';
import type { StoreRun } from '../events/event-rows.ts';
import { ProfileObserver } from '../events/profile-observer.ts';
import { type MachineMemory, RAM } from '../layout.ts';
import type { Stops } from '../state/stops.ts';
import {
  EXECUTE,
  FROM_DMA,
  FROM_POKE,
  FROM_STORE,
  READ,
  VIA_ALTERNATE,
  VIA_DIRECT,
  VIA_PHYSICAL,
  VIA_RECURSIVE,
  WINDOW_CHECK,
  WRITE,
} from './bits.ts';
import type { CpuView } from './cpu-view.ts';
import {
  FastPath,
  FOR_A20,
  FOR_ALIGNMENT,
  FOR_READS,
  FOR_STORES,
  FOR_TABLE_READS,
  ODD_MEGABYTE,
} from './fast-path.ts';
import { CODE, Frames, READ_ONLY, ROLES, UNWATCHED } from './frames.ts';
import { RomShadow } from './rom.ts';
import { createShortPath, type ShortPath } from './short-path.ts';
import { BY_OWNER, PagingStructures } from './structures.ts';
import { type CachedTranslation, TLB_WINDOW_READ, Tlb } from './tlb.ts';
import { lookUp, TR6_LOOKUP, writeEntry } from './tlb-test.ts';
import { Translator } from './translator.ts';
import { Windows } from './windows.ts';

/** The memory management unit: handles every access that is not on the fast path. */

const PAGE = 4096;
const LINEAR_END = 0x100000000;
const APT_READ = 0;
const APT_WRITE = 1;

/** The listener to accesses to watched pages (cpu/debug.ts); a fault makes the access one that did not happen. */
export interface DataWatch {
  dataRead(linear: Linear, size: number): void;
  dataWritten(linear: Linear, size: number): void;
}

/**
 * The memory management unit: accesses by linear and by physical address, including those that must be recorded. The CPU comes here if
 * FAST_PATH does not allow the access; each slow access grants the fast path that the page allows, so a normal page is slow once.
 *
 * Linear addresses, entries and values are int32 throughout (a u32 above 2^31 would be allocated when it is passed on);
 * callers may pass either.
 */
export class Mmu {
  private readonly mem: MachineMemory;
  private readonly view: DataView;
  private readonly cpu: CpuView;
  private readonly log: EventLog | null;
  private readonly tlb: Tlb;
  private readonly frames: Frames;
  private readonly fastPath: FastPath;
  private readonly structures: PagingStructures | null;
  readonly observer: ProfileObserver | null;
  private readonly translator: Translator;
  private readonly recursiveSlot: number;
  private readonly alternateSlot: number;
  private readonly windows: Windows | null;
  private readonly cpuRevision: number;
  private readonly recordsRepeats: boolean;
  private everyStore = false;
  /** The stops that a debugger waits for. */
  private stops: Stops | null = null;
  /** Told of each write to memory by a bus master or a poke, before it is made. Unlike `stops` it costs no access by the processor. */
  onDeviceWrite: ((physical: Physical, size: number) => void) | null = null;
  /** Null in a machine without a BIOS. */
  readonly shadow: RomShadow | null;
  private dataWatch: DataWatch | null = null;

  constructor(
    mem: MachineMemory,
    config: MachineConfig,
    profile: ResolvedProfile,
    cpu: CpuView,
    log: EventLog | null,
  ) {
    this.mem = mem;
    this.view = mem.view;
    this.cpu = cpu;
    this.log = log;
    this.recursiveSlot = log ? profile.recursiveSlot : -1;
    this.alternateSlot = log ? profile.alternateSlot : -1;
    this.cpuRevision = config.cpuRevision;
    this.recordsRepeats = config.eventRevision >= 33;
    this.tlb = new Tlb(mem, config);
    this.frames = new Frames(mem);
    const watched = { ...profile, recursiveSlot: this.recursiveSlot, alternateSlot: this.alternateSlot };
    const { tlb, frames } = this;
    const windows = log ? Windows.for(profile.windows, mem, log, tlb, frames) : null;
    this.windows = windows;
    const fastPath = new FastPath(mem, tlb, frames, watched, windows);
    this.fastPath = fastPath;
    this.structures = log
      ? new PagingStructures(mem, frames, tlb, fastPath, watched, config, log, windows)
      : null;
    this.translator = new Translator(mem, cpu, log, tlb, frames, fastPath, this.structures, windows);
    this.observer = log ? ProfileObserver.for(profile, mem, this, log) : null;
    this.translator.observer = this.observer;
    this.shadow = mem.romBytes > 0 ? new RomShadow(mem, this.frames, this.fastPath, cpu) : null;
    this.reload();
  }

  /** Address line 20 of the processor: if held low, each odd megabyte aliases the even one below it (not for bus masters). */
  setA20(on: boolean): void {
    this.restoreA20(on);
    this.cpu.dropFetchLatch();
  }

  /** Like setA20, after a restore, without changing the fetch latch. */
  restoreA20(on: boolean): void {
    this.translator.frameMask = on ? -1 : ~ODD_MEGABYTE;
    this.fastPath.attend(FOR_A20, !on);
    this.fastPath.dropAll();
    this.translator.takeControls();
  }

  /** Rebuilds everything derived, after a restore or a reset. */
  reload(): void {
    this.fastPath.attend(FOR_ALIGNMENT, this.cpu.checksAlignment ?? false);
    this.frames.reload(this.structures !== null);
    this.fastPath.reload();
    this.translator.takeControls();
  }

  /** Sets whether every store is recorded, or only those to paging structures. */
  recordEveryStore(on: boolean): void {
    if (on === this.everyStore) return;
    this.everyStore = on;
    this.fastPath.attend(FOR_STORES, on);
    this.fastPath.dropAll();
  }

  /** FastPath.slotButForStores, for the page of `linear`. */
  slotButForStores(linear: Linear): number {
    return this.fastPath.slotButForStores(linear >>> 12);
  }

  /** The rows of stores that a caller of `slotButForStores` is about to make; both values without more bits than they have. */
  get storeRun(): StoreRun {
    return this.log!.storeRun;
  }

  /** Sets which reads are recorded: all, those of page directories and tables, or none. */
  recordReads(which: 'all' | 'tables' | 'none'): void {
    const before = this.fastPath.attention;
    this.fastPath.attend(FOR_READS, which === 'all');
    this.fastPath.attend(FOR_TABLE_READS, which === 'tables');
    if (this.fastPath.attention !== before) this.fastPath.dropAll();
  }

  /** Shows `stops` the accesses that it watches. */
  watchFor(stops: Stops | null): void {
    this.stops = stops;
    this.translator.stops = stops;
    this.fastPath.watchFor(stops);
  }

  /** Calls `watch` for every read and write of these linear pages; null: none. */
  watchData(pages: ReadonlySet<number> | null, watch: DataWatch): void {
    if (pages === null && this.dataWatch === null) return;
    this.dataWatch = pages === null ? null : watch;
    this.fastPath.watchPages(pages);
  }

  setCr0(value: number): void {
    this.translator.setCr0(value);
    this.updateAlignment();
  }
  /** Updates after a change of CR0.AM or EFLAGS.AC. While both are set, all accesses at CPL 3 are slow and are checked here. */
  updateAlignment(): void {
    const on = this.cpu.checksAlignment ?? false;
    if (on === ((this.fastPath.attention & FOR_ALIGNMENT) !== 0)) return;
    this.fastPath.attend(FOR_ALIGNMENT, on);
    if (on) this.fastPath.dropAll();
  }

  /**
   * Faults if an operand that is to be aligned to `size` bytes, a power of two, is not. That comes before a page fault: the
   * SDM has both in one class (volume 3, table 6-2), and AMD's processors do so; but after the segment's limit.
   */
  checkAligned(linear: Linear, size: number, cpl: number): void {
    if ((this.fastPath.attention & FOR_ALIGNMENT) === 0 || cpl !== 3 || (linear & (size - 1)) === 0) return;
    if ((linear >>> 0) + size > LINEAR_END) this.cpu.operandWraps?.(linear);
    this.cpu.fault(ALIGNMENT_CHECK, 0);
  }

  setCr3(value: number): void {
    this.translator.setCr3(value);
  }
  setCr4(value: number): void {
    this.translator.setCr4(value);
  }
  invlpg(linear: Linear): void {
    this.translator.invlpg(linear);
  }
  /** True if reads of CR3 are recorded. */
  get recordsCr3(): boolean {
    return this.windows?.hasCr3 ?? false;
  }
  /** MOV from CR3 or CR4 (REG_…) has read `value`. */
  controlRead(register: number, value: number): void {
    this.windows?.register(WINDOW_CHECK, register, value, value);
  }

  /** Creates the short path for the CPU's hot loop, once there is a CPU that maintains CPU_STATE. */
  createShortPath(): ShortPath {
    const { mem, log, tlb, frames, fastPath, structures, windows } = this;
    const { recursiveSlot, alternateSlot, cpuRevision } = this;
    return createShortPath({
      mmu: this,
      mem,
      log,
      tlb,
      frames,
      fastPath,
      structures,
      windows,
      recursiveSlot,
      alternateSlot,
      cpuRevision,
    });
  }

  // --- Accesses ----------------------------------------------------------------------------------------------------

  readSlow(linear: Linear, size: number, cpl: number): number {
    this.checkAligned(linear, size, cpl);
    const offset = linear & (PAGE - 1);
    if (offset + size > PAGE) return this.readAcross(linear, size, cpl);
    this.dataWatch?.dataRead(linear, size);
    const vpn = linear >>> 12;
    if (!this.translator.paging) {
      const frame = vpn & this.translator.frameMask;
      if (frame >= this.frames.count) return this.loadBeyond(frame, offset, size);
      this.stops?.accesses(linear, (frame << 12) | offset, size, false, true);
      this.fastPath.grantIdentity(vpn);
      const value = this.load(RAM + (frame << 12) + offset, size);
      if (this.fastPath.recordsReads(frame)) this.recordRead(linear, (frame << 12) | offset, size, value);
      return value;
    }
    const entry = this.translator.translate(linear, READ, cpl);
    const frame = this.tlb.frame(entry) & this.translator.frameMask;
    if (frame >= this.frames.count) return this.loadBeyond(frame, offset, size);
    const value = this.load(RAM + (frame << 12) + offset, size);
    this.stops?.accesses(linear, (frame << 12) | offset, size, false, true);
    if (this.fastPath.recordsReads(frame)) this.recordRead(linear, (frame << 12) | offset, size, value);
    if (this.alternateSlot >= 0) {
      if (frame === this.translator.directory) this.structures!.directoryRead(linear, frame, offset, size);
      if (vpn >>> 10 === this.alternateSlot && (this.tlb.flags(entry) & TLB_WINDOW_READ) === 0) {
        this.tlb.setFlags(entry, this.tlb.flags(entry) | TLB_WINDOW_READ);
        this.recordAlternate(entry, linear, (frame << 12) | offset, APT_READ, value, size);
      }
    }
    if (this.windows !== null) this.windows.read(entry, linear, (frame << 12) | offset, value, size);
    this.fastPath.grant(entry, vpn);
    return value;
  }

  private recordRead(linear: Linear, physical: Physical, size: number, value: number): void {
    this.log?.add('reads', linear, physical, size, value);
  }

  /** True if `linear` is in a window of the profile, and each iteration of a repeated read is to be recorded. */
  countsReads(linear: Linear): boolean {
    if (this.windows !== null && this.windows.of(linear >>> 12) !== 0) return true;
    return linear >>> 22 === this.alternateSlot && this.recordsRepeats;
  }

  /** Like readSlow, but recorded even if it is not the first read since the page's translation was filled. */
  readCounted(linear: Linear, size: number, cpl: number): number {
    const entry = this.translator.paging ? this.tlb.find(linear >>> 12) : -1;
    if (entry >= 0) this.tlb.setFlags(entry, this.tlb.flags(entry) & ~TLB_WINDOW_READ);
    return this.readSlow(linear, size, cpl);
  }

  writeSlow(linear: Linear, size: number, value: number, cpl: number): void {
    this.checkAligned(linear, size, cpl);
    const offset = linear & (PAGE - 1);
    if (offset + size > PAGE) {
      this.writeAcross(linear, size, value, cpl);
      return;
    }
    this.dataWatch?.dataWritten(linear, size);
    const vpn = linear >>> 12;
    let entry = -1;
    let frame = vpn;
    let via = VIA_PHYSICAL;
    if (this.translator.paging) {
      entry = this.translator.translate(linear, WRITE, cpl);
      frame = this.tlb.frame(entry);
      const slot = vpn >>> 10;
      via =
        slot === this.recursiveSlot
          ? VIA_RECURSIVE
          : slot === this.alternateSlot
            ? VIA_ALTERNATE
            : VIA_DIRECT;
    }
    frame &= this.translator.frameMask;
    if (frame >= this.frames.count) return;
    this.stops?.accesses(linear, (frame << 12) | offset, size, true, true);
    const facts = this.frames.change(frame);
    const isWatched = entry >= 0 && this.windows !== null && this.windows.watches(vpn);
    if (facts === UNWATCHED && via <= VIA_DIRECT && !this.everyStore && !isWatched) {
      this.save(RAM + (frame << 12) + offset, size, value);
    } else {
      this.watchedStore(linear, entry, frame, offset, size, value, facts, via);
    }
    if (entry >= 0) this.fastPath.grant(entry, vpn);
    else this.fastPath.grantIdentity(vpn);
  }

  /** A store that needs attention. */
  private watchedStore(
    linear: Linear,
    entry: number,
    frame: Frame,
    offset: number,
    size: number,
    value: number,
    facts: number,
    via: number,
  ): void {
    if (facts & READ_ONLY) {
      this.shadow!.store(frame, offset, size, value);
      return;
    }
    const at = RAM + (frame << 12) + offset;
    const physical = (frame << 12) | offset;
    if (this.everyStore) this.recordStore(linear, at, size, value);
    if (via === VIA_ALTERNATE) this.recordAlternate(entry, linear, physical, APT_WRITE, value, size);
    if (entry >= 0 && this.windows !== null) this.windows.written(entry, linear, physical, value, size);
    if (facts & ROLES || via >= VIA_RECURSIVE) {
      // Through a window, the address determines the directory and slot, whether the translation is fresh or stale.
      let reached = BY_OWNER;
      if (via === VIA_RECURSIVE) reached = (this.translator.directory << 12) | ((linear >>> 12) & 1023);
      else if (via === VIA_ALTERNATE) reached = (this.tlb.pde(entry) & ~0xfff) | ((linear >>> 12) & 1023);
      this.structures!.store(linear, frame, offset, size, value, this.view, via, FROM_STORE, reached);
    } else {
      this.save(at, size, value);
    }
    if (facts & CODE) this.cpu.codeWritten(frame, offset, size);
  }

  /** A store of which the slot of its page lacks only the event (FAST_RECORD), at byte `at` of the machine's memory. */
  storeRecorded(linear: Linear, at: number, size: number, value: number): void {
    this.recordStore(linear, at, size, value);
    this.save(at, size, value);
  }

  private recordStore(linear: Linear, at: number, size: number, value: number): void {
    const low = size === 4 ? value : value & (size === 2 ? 0xffff : 0xff);
    this.log!.store(linear, at - RAM, size, this.load(at, size), low);
  }

  private recordAlternate(
    entry: number,
    linear: Linear,
    physical: Physical,
    access: number,
    value: number,
    size: number,
  ): void {
    const apt = this.translator.directoryEntry(this.alternateSlot);
    const low = size === 4 ? value : value & (size === 2 ? 0xffff : 0xff);
    this.log!.add('apt_accesses', linear, physical, access, apt, this.tlb.pde(entry), low, size);
  }

  /** Faults like writeSlow and sets A and D, without writing. */
  probeWrite(linear: Linear, size: number, cpl: number): void {
    this.checkAligned(linear, size, cpl);
    if ((linear >>> 0) + size > LINEAR_END) this.cpu.operandWraps?.(linear);
    if (!this.translator.paging) return;
    const last = linear + size - 1;
    this.translator.translate(linear, WRITE, cpl);
    if ((linear & (PAGE - 1)) + size > PAGE) this.translator.translate(last & ~(PAGE - 1), WRITE, cpl);
  }

  probeRead(linear: Linear, size: number, cpl: number): void {
    if (!this.translator.paging) return;
    const last = linear + size - 1;
    this.translator.translate(linear, READ, cpl);
    if ((linear & (PAGE - 1)) + size > PAGE) this.translator.translate(last & ~(PAGE - 1), READ, cpl);
  }

  /** Physical address of the instruction byte at `linear`. That of the BIOS below 4 GB is where its image lies after RAM. */
  fetchFrame(linear: Linear, cpl: number): Frame {
    let frame = linear >>> 12;
    if (this.translator.paging) {
      const entry = this.translator.translate(linear, EXECUTE, cpl);
      frame = this.tlb.frame(entry);
      this.fastPath.grantFetched(entry, linear >>> 12);
    }
    frame &= this.translator.frameMask;
    if (frame >= this.frames.count) {
      const high = RomShadow.highFrame(this.mem, frame * PAGE);
      if (high >= 0) frame = high;
    }
    return frame * PAGE + (linear & (PAGE - 1));
  }

  /** Bytes, each by its own page. Both pages are translated before anything is read or written. */
  private readAcross(linear: Linear, size: number, cpl: number): number {
    if ((linear >>> 0) + size > LINEAR_END) this.cpu.operandWraps?.(linear);
    this.probeRead(linear, size, cpl);
    let value = 0;
    for (let i = 0; i < size; i++) value |= this.readSlow((linear + i) | 0, 1, cpl) << (8 * i);
    return value;
  }

  private writeAcross(linear: Linear, size: number, value: number, cpl: number): void {
    this.probeWrite(linear, size, cpl);
    for (let i = 0; i < size; i++) this.writeSlow((linear + i) | 0, 1, (value >>> (8 * i)) & 0xff, cpl);
  }

  /** Beyond RAM: the BIOS, or an undriven bus. */
  private loadBeyond(frame: Frame, offset: number, size: number): number {
    const high = RomShadow.highFrame(this.mem, frame * PAGE);
    if (high >= 0) return this.load(RAM + high * PAGE + offset, size);
    return size === 4 ? -1 : size === 2 ? 0xffff : 0xff;
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

  physRead8(physical: Physical): number {
    return this.physRead(physical >>> 0, 1);
  }
  physRead16(physical: Physical): number {
    return this.physRead(physical >>> 0, 2);
  }
  physRead32(physical: Physical): number {
    return this.physRead(physical >>> 0, 4);
  }
  physWrite8(physical: Physical, value: number): void {
    this.physWrite(physical >>> 0, 1, value);
  }
  physWrite16(physical: Physical, value: number): void {
    this.physWrite(physical >>> 0, 2, value);
  }
  physWrite32(physical: Physical, value: number): void {
    this.physWrite(physical >>> 0, 4, value);
  }

  private physRead(physical: Physical, size: number): number {
    if (physical + size > this.mem.ramBytes) return size === 4 ? -1 : size === 2 ? 0xffff : 0xff;
    return this.load(RAM + physical, size);
  }

  /** A write from outside the machine, handled like a bus master's and recorded with its own source. */
  poke(physical: Physical, size: number, value: number): void {
    this.physWrite(physical >>> 0, size, value, FROM_POKE);
  }

  private physWrite(physical: Physical, size: number, value: number, source = FROM_DMA): void {
    if (physical + size > this.mem.ramBytes) return;
    const frame = physical >>> 12;
    const offset = physical & (PAGE - 1);
    if (offset + size > PAGE) {
      for (let i = 0; i < size; i++) this.physWrite(physical + i, 1, (value >>> (8 * i)) & 0xff, source);
      return;
    }
    this.stops?.accesses(-1, physical, size, true, false);
    this.onDeviceWrite?.(physical, size);
    const facts = this.frames.change(frame);
    if (facts & READ_ONLY) this.shadow!.store(frame, offset, size, value);
    else if (facts & ROLES) {
      this.structures!.store(0, frame, offset, size, value, this.view, VIA_PHYSICAL, source, BY_OWNER);
    } else {
      this.save(RAM + physical, size, value);
    }
    if (facts & CODE) this.cpu.codeWritten(frame, offset, size);
  }

  // --- Services ----------------------------------------------------------------------------------------------------

  /** `frame` now holds decoded code: every store to it is reported to the CPU until `unmarkCode`. */
  markCode(frame: Frame): void {
    if (frame >= this.frames.count || this.frames.facts(frame) & CODE) return;
    this.frames.addFacts(frame, CODE);
    this.fastPath.revoke(frame);
  }

  unmarkCode(frame: Frame): void {
    if (frame < this.frames.count) this.frames.removeFacts(frame, CODE);
  }

  /** Physical address that a fresh walk finds for `linear`; -1 if none. No side effects. */
  translateForDebug(linear: Linear): Physical {
    return this.translator.look(linear);
  }

  /** The command that TR6 gives the TLB (tlb-test.ts); returns TR7. */
  testTlb(tr6: number, tr7: number): number {
    if (tr6 & TR6_LOOKUP) return lookUp(this.tlb, tr6);
    this.cpu.dropFetchLatch();
    writeEntry(this.tlb, tr6, tr7);
    return tr7;
  }

  /** The translations that the TLB holds. */
  cachedTranslations(): CachedTranslation[] {
    return [...this.tlb.valid()];
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
