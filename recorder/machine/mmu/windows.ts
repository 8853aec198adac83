import type { Frame, Linear, Physical } from '../../../schemas/units.ts';
import type { WindowLayout } from '../config.ts';
import type { EventLog } from '../events/event-log.ts';
import { type MachineMemory, RAM } from '../layout.ts';
import { READ, REG_CR3, WINDOW_CHECK, WINDOW_WRITE, WRITE } from './bits.ts';
import type { FastPath } from './fast-path.ts';
import { type Frames, ROLE_DIRECTORY, ROLE_TABLE, ROLES } from './frames.ts';
import { TLB_WINDOW_READ, type Tlb } from './tlb.ts';

/** Windows declared by a guest profile: their pages, entries and events. */

const ENTRIES = 1024;

/** Bits of `Windows.slots`: the kinds of windows under a PDE slot. */
const PAGES = 1;
const SLOT = 2;
const WORDS = 4;

/**
 * The windows of the guest profile, except the alternate map: their pages and frames, and their events. They affect only
 * what is recorded: a machine with more windows makes the same events and additional ones.
 *
 * Only their own pages are observed, those of watched words, the tables that hold their PTEs and, for a PDE, the current
 * directory. Windows are numbered from 1, in the order of the profile; 0 stands for none.
 */
export class Windows {
  /** By PDE slot; 0 if no access under it matters. */
  readonly slots = new Uint8Array(ENTRIES);
  /** Windows of pages, by linear page. */
  private readonly pages = new Map<number, number>();
  /** Windows that are a PDE, by its slot. */
  private readonly bySlot = new Uint8Array(ENTRIES);
  private readonly hasSlots: boolean;
  /** Linear address and window of each watched word, by linear page. */
  private readonly words = new Map<number, { linear: Linear; window: number }[]>();
  private readonly cr3: number;
  private readonly cr4: number;
  private readonly i32: Int32Array;
  private readonly log: EventLog;
  private readonly tlb: Tlb;
  private readonly frames: Frames;

  private constructor(
    declared: readonly WindowLayout[],
    mem: MachineMemory,
    log: EventLog,
    tlb: Tlb,
    frames: Frames,
  ) {
    this.i32 = mem.i32;
    this.log = log;
    this.tlb = tlb;
    this.frames = frames;
    for (const [n, { kind, linear, pages }] of declared.entries()) {
      const vpn = linear >>> 12;
      if (kind === 'pages') for (let page = vpn; page < vpn + pages; page++) this.addPage(page, n + 1);
      else if (kind === 'slot') this.addSlot(linear >>> 22, n + 1);
      else if (kind === 'word') this.addWord(linear, n + 1);
    }
    this.hasSlots = this.bySlot.some((window) => window !== 0);
    this.cr3 = declared.findIndex(({ kind }) => kind === 'cr3') + 1;
    this.cr4 = declared.findIndex(({ kind }) => kind === 'cr4') + 1;
  }

  /** Null if the profile declares none. */
  static for(
    declared: readonly WindowLayout[] | undefined,
    mem: MachineMemory,
    log: EventLog,
    tlb: Tlb,
    frames: Frames,
  ): Windows | null {
    return declared && declared.length > 0 ? new Windows(declared, mem, log, tlb, frames) : null;
  }

  private addPage(vpn: number, window: number): void {
    this.slots[vpn >>> 10] |= PAGES;
    this.pages.set(vpn, window);
  }

  private addSlot(slot: number, window: number): void {
    this.slots[slot] |= SLOT;
    this.bySlot[slot] = window;
  }

  private addWord(linear: Linear, window: number): void {
    const vpn = linear >>> 12;
    this.slots[vpn >>> 10] |= WORDS;
    this.words.set(vpn, [...(this.words.get(vpn) ?? []), { linear, window }]);
  }

  /** The window that contains linear page `vpn`; 0 if none. */
  of(vpn: number): number {
    const under = this.slots[vpn >>> 10];
    if (under & SLOT) return this.bySlot[vpn >>> 10];
    return under & PAGES ? (this.pages.get(vpn) ?? 0) : 0;
  }

  private wordsOn(vpn: number): readonly { linear: Linear; window: number }[] | undefined {
    return this.slots[vpn >>> 10] & WORDS ? this.words.get(vpn) : undefined;
  }

  hasWord(vpn: number): boolean {
    return this.wordsOn(vpn) !== undefined;
  }

  /** True if each store to linear page `vpn` must be observed. */
  watches(vpn: number): boolean {
    return this.slots[vpn >>> 10] !== 0 && (this.of(vpn) !== 0 || this.hasWord(vpn));
  }

  /** True if a frame holds entries of windows while frame `directory` is the current directory: reads of it may be checks. */
  holdsEntries(frame: Frame, directory: number): boolean {
    if (this.hasSlots && frame === directory) return true;
    return this.isTable(frame);
  }

  /** True if a frame is a page table that can hold PTEs of windows. */
  isTable(frame: Frame): boolean {
    if ((this.frames.facts(frame) & (ROLE_TABLE | ROLE_DIRECTORY)) !== ROLE_TABLE) return false;
    return (this.slots[this.frames.owner(frame) & (ENTRIES - 1)] & PAGES) !== 0;
  }

  /** Records a store to entry `index` of the paging structure in `frame`. */
  entryWritten(linear: Linear, frame: Frame, index: number, old: number, value: number): void {
    const page = this.pageOf(frame, index);
    if (page < 0) return;
    this.switched(WINDOW_WRITE, this.of(page), linear, (frame << 12) | (index << 2), page << 12, old, value);
  }

  /** The first linear page that an entry maps, if the entry belongs to a window; otherwise -1. */
  private pageOf(frame: Frame, index: number): number {
    if (this.frames.facts(frame) & ROLE_DIRECTORY) return this.slots[index] & SLOT ? index * ENTRIES : -1;
    if (!this.isTable(frame)) return -1;
    const page = (this.frames.owner(frame) & (ENTRIES - 1)) * ENTRIES + index;
    return this.pages.has(page) ? page : -1;
  }

  /** Records a read that the MMU has made through TLB entry `entry`: `value`, of `size` bytes at `linear` and `physical`. */
  read(entry: number, linear: Linear, physical: Physical, value: number, size: number): void {
    const vpn = linear >>> 12;
    const isUnder = this.slots[vpn >>> 10] !== 0;
    if (isUnder && this.of(vpn) !== 0) this.firstRead(entry, linear, physical, value, size);
    const frame = physical >>> 12;
    if ((this.frames.facts(frame) & ROLES) !== 0 && this.holdsEntries(frame, this.log.context.cr3 >>> 12)) {
      const last = ((physical & 0xfff) + size - 1) >>> 2;
      for (let index = (physical & 0xfff) >>> 2; index <= last; index++) this.entryRead(linear, frame, index);
    }
    if (isUnder) this.wordAccessed(WINDOW_CHECK, linear, physical, size, 0);
  }

  private firstRead(entry: number, linear: Linear, physical: Physical, value: number, size: number): void {
    const flags = this.tlb.flags(entry);
    if (flags & TLB_WINDOW_READ) return;
    this.tlb.setFlags(entry, flags | TLB_WINDOW_READ);
    this.accessed(READ, entry, linear, physical, value, size);
  }

  private entryRead(linear: Linear, frame: Frame, index: number): void {
    const page = this.pageOf(frame, index);
    if (page < 0) return;
    const entry = this.i32[(RAM >>> 2) + (frame << 10) + index];
    this.switched(
      WINDOW_CHECK,
      this.of(page),
      linear,
      (frame << 12) | (index << 2),
      page << 12,
      entry,
      entry,
    );
  }

  /** Records a store that the MMU is about to make through TLB entry `entry`. */
  written(entry: number, linear: Linear, physical: Physical, value: number, size: number): void {
    if (this.of(linear >>> 12) !== 0) this.accessed(WRITE, entry, linear, physical, value, size);
    this.wordAccessed(WINDOW_WRITE, linear, physical, size, value);
  }

  private accessed(
    access: number,
    entry: number,
    linear: Linear,
    physical: Physical,
    value: number,
    size: number,
  ): void {
    const { tlb } = this;
    const vpn = linear >>> 12;
    const bySlot = (this.slots[vpn >>> 10] & SLOT) !== 0;
    const at = bySlot ? tlb.pdePhysical(entry) : tlb.ptePhysical(entry);
    const used = bySlot ? tlb.pde(entry) : tlb.pte(entry);
    // Where there is no memory, the bus reads as ones.
    const fresh = at >>> 12 < this.frames.count ? this.i32[(RAM + at) >>> 2] : -1;
    const low = size === 4 ? value : value & (size === 2 ? 0xffff : 0xff);
    this.log.add('window_accesses', this.of(vpn), linear, physical, access, at, fresh, used, low, size);
  }

  /** Records, for every word that an access overlaps, the value before it and, for a store, the value after it. */
  private wordAccessed(op: number, linear: Linear, physical: Physical, size: number, value: number): void {
    const words = this.wordsOn(linear >>> 12);
    if (words === undefined) return;
    for (const word of words) {
      const into = (linear - word.linear) | 0;
      if (into <= -size || into >= 4) continue;
      const at = (physical - into) & ~3;
      const old = this.i32[(RAM + at) >>> 2];
      const bits = size === 4 ? -1 : (1 << (8 * size)) - 1;
      const mask = into >= 0 ? bits << (8 * into) : bits >>> (-8 * into);
      const shifted = into >= 0 ? value << (8 * into) : value >>> (-8 * into);
      const now = op === WINDOW_WRITE ? (old & ~mask) | (shifted & mask) : old;
      this.switched(op, word.window, linear, at, word.linear, old, now);
    }
  }

  get hasCr3(): boolean {
    return this.cr3 !== 0;
  }

  /** Records a read of a control register (`value` is `old`) or a load of it. */
  register(op: number, register: number, old: number, value: number): void {
    const window = register === REG_CR3 ? this.cr3 : this.cr4;
    if (window !== 0) this.switched(op, window, 0, 0, 0, old, value);
  }

  private switched(
    op: number,
    window: number,
    linear: Linear,
    entry: number,
    page: number,
    old: number,
    value: number,
  ): void {
    this.log.add('window_switches', window, op, linear, entry, page, old, value);
  }

  /** Revokes the fast paths to a frame that has become a page table with entries of windows. */
  adopted(frame: Frame, fastPath: FastPath): void {
    if (this.isTable(frame)) fastPath.revoke(frame);
  }
}
