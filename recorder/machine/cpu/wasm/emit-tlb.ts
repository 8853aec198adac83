import { CR4_PGE } from '../../control-registers.ts';
import { ATTENTION, FAST_PATH, FRAME_STATE, RAM } from '../../layout.ts';
import { ACCESSED, DIRTY, PAGE_SIZE_4M, PRESENT, USER, WRITABLE } from '../../mmu/bits.ts';
import { FOR_STORES } from '../../mmu/fast-path.ts';
import { CHANGED, FRAME_WORDS, OWNER, ROLE_TABLE, ROLES, TABLE_ONLY, UNWATCHED } from '../../mmu/frames.ts';
import type { FillFacts } from '../../mmu/short-path.ts';
import { OWNED } from '../../mmu/structures.ts';
import { TLB_LARGE, TLB_LAYOUT, TLB_SUSPECT } from '../../mmu/tlb.ts';
import { CPL, CR0, CR3, CR4 } from '../state.ts';
import type { Assembler, Label } from './assembler.ts';
import { type Value, Values } from './values.ts';

/** The TLB in WebAssembly: finding an entry, the walk, and filling an entry with its result (mmu/tlb.ts, mmu/short-path.ts). */

const { VALID, VPN, ENTRY_SHIFT } = TLB_LAYOUT;
const ENTRY_BYTES = 4 << ENTRY_SHIFT;
/** Byte offsets of the TLB's areas, and of the words of its first entry. */
const NEXT = TLB_LAYOUT.NEXT * 4;
const LIVE = TLB_LAYOUT.LIVE * 4;
const FRAGMENTS = TLB_LAYOUT.FRAGMENTS * 4;
const FILTER = TLB_LAYOUT.FILTER * 4;
const wordOfEntry = (word: number): number => (TLB_LAYOUT.ENTRIES + word) * 4;
const TAG = wordOfEntry(TLB_LAYOUT.TAG);
export const FLAGS = wordOfEntry(TLB_LAYOUT.FLAGS);
export const FRAME = wordOfEntry(TLB_LAYOUT.FRAME);
export const PTE = wordOfEntry(TLB_LAYOUT.PTE);
export const PDE = wordOfEntry(TLB_LAYOUT.PDE);
export const PTE_PHYSICAL = wordOfEntry(TLB_LAYOUT.PTE_PHYSICAL);
const PDE_PHYSICAL = wordOfEntry(TLB_LAYOUT.PDE_PHYSICAL);

/** For `usualFill`: a write, of a plain page or of a whole PTE. */
export const WRITE_TABLE = 4;

/** `…At`: a byte offset from the first entry, slot, word of RAM or other element of an area. */
const NAMES = [
  ...['slotAt', 'tag', 'set', 'entryAt', 'pdeAt', 'pde', 'pteAt', 'pte', 'fresh', 'flags', 'frame', 'facts'],
  ...['scratch', 'slot', 'row', 'rowAt', 'word', 'live', 'place'],
];
export const TLB_LOCALS = NAMES.length;

/** The numbers of the parameters that a function's body uses. */
export interface Parameters {
  readonly linear: number;
  readonly write: number;
  readonly eip: number;
  readonly left: number;
}

/** Each step sets locals, and leaves by a branch to `refused` where the access is not a common one; nothing has been changed then. */
export class TlbEmitter extends Values {
  protected readonly facts: FillFacts;
  protected readonly parameters: Parameters;
  protected readonly linear: Value;
  protected readonly refused: Label = {};

  /** The locals begin at number `first`. */
  constructor(asm: Assembler, facts: FillFacts, parameters: Parameters, first: number) {
    super(asm, first, NAMES);
    this.facts = facts;
    this.parameters = parameters;
    this.linear = this.parameter(parameters.linear);
  }

  /** Refuses what asks for attention, but for stores that are recorded; `slotAt`, `tag` and `set` of the page. */
  protected begin(): void {
    const { and, shr, linear } = this;
    this.refuseIf(and(this.load(ATTENTION, 0), ~FOR_STORES));
    this.refuseIf(this.isZero(this.isNegative(this.load(CR0 * 4, 0))));
    for (const slot of this.facts.windowSlots) this.refuseIf(this.equal(shr(linear, 22), slot));
    this.set('slotAt', and(shr(linear, 10), VPN << 2));
    this.page();
  }

  /** `tag` and `set` of the page. */
  protected page(): void {
    const { get, and, or, shr, linear } = this;
    this.set('tag', or(shr(linear, 12), VALID));
    this.set('set', and(get('tag'), this.facts.entries / this.facts.ways - 1));
  }

  protected refuseIf(test: Value): void {
    this.push(test);
    this.asm.branchIf(this.refused);
  }

  protected get isWrite(): Value {
    return this.parameter(this.parameters.write);
  }

  /** Branches to `found`, with `entryAt` set, if a way of the set has the tag. */
  protected findWay(tag: Value, found: Label): void {
    const { asm, get } = this;
    const { ways } = this.facts;
    const setAt = this.multiply(get('set'), ways * ENTRY_BYTES);
    for (let way = 0; way < ways; way++) {
      this.set('entryAt', this.add(setAt, way * ENTRY_BYTES));
      this.push(this.equal(this.load(TAG, get('entryAt')), tag));
      asm.branchIf(found);
    }
  }

  protected lacksUser(rights: Value): Value {
    return this.and(this.equal(this.load(CPL * 4, 0), 3), this.isZero(this.and(rights, USER)));
  }

  protected walk(): void {
    const { get, and, or, shr, shl, facts } = this;
    this.refuseIf(and(this.load(CR4 * 4, 0), CR4_PGE));
    const directory = and(this.load(CR3 * 4, 0), -4096);
    this.refuseIf(this.atLeast(shr(directory, 12), facts.frames));
    const slot = shr(this.linear, 22);
    this.set('pdeAt', or(directory, shl(slot, 2)));
    this.set('pde', this.load(RAM, get('pdeAt')));
    this.refuseIf(this.differ(and(get('pde'), PRESENT | ACCESSED | PAGE_SIZE_4M), PRESENT | ACCESSED));
    this.refuseIf(this.atLeast(shr(get('pde'), 12), facts.frames));
    const table = this.wordsOfFrame(shr(get('pde'), 12));
    this.refuseIf(this.differ(and(this.load(FRAME_STATE, table), ~CHANGED), facts.events ? ROLE_TABLE : 0));
    if (facts.events) {
      const owner = or(or(directory, slot), OWNED);
      this.refuseIf(this.differ(this.load(FRAME_STATE + OWNER * 4, table), owner));
    }
    this.set('pteAt', or(and(get('pde'), -4096), and(get('slotAt'), 0xffc)));
    this.set('pte', this.load(RAM, get('pteAt')));
    const rights = and(get('pde'), get('pte'));
    this.refuseIf(this.isZero(and(get('pte'), PRESENT)));
    this.when(this.isWrite, () => this.refuseIf(this.isZero(and(rights, WRITABLE))));
    this.refuseIf(this.lacksUser(rights));
    this.set('fresh', or(get('pte'), this.choose(this.isWrite, ACCESSED | DIRTY, ACCESSED)));
    this.set('flags', or(and(rights, WRITABLE | USER), and(get('fresh'), DIRTY)));
    this.set('frame', shr(get('pte'), 12));
  }

  /** The byte offset of a frame's words in FRAME_STATE. */
  protected wordsOfFrame(frame: Value): Value {
    return this.multiply(frame, FRAME_WORDS * 4);
  }

  /** Refuses frames that need the MMU; sets `facts`. */
  protected suits(): void {
    const { get, and, or, facts } = this;
    this.refuseIf(this.atLeast(get('frame'), facts.frames));
    if (facts.hasAlternate) this.refuseIf(this.equal(get('frame'), this.shr(this.load(CR3 * 4, 0), 12)));
    this.set('facts', this.load(FRAME_STATE, this.wordsOfFrame(get('frame'))));
    if (facts.hasWindows) this.refuseIf(and(get('facts'), ROLES));
    this.when(this.isWrite, () => {
      this.set('scratch', or(get('facts'), CHANGED));
      const isTable = and(this.equal(this.isWrite, WRITE_TABLE), this.equal(get('scratch'), TABLE_ONLY));
      this.refuseIf(and(this.differ(get('scratch'), UNWATCHED), this.isZero(isTable)));
    });
  }

  /** Sets `entryAt` to an entry that is free, or is from now on (Tlb.vacate). */
  protected vacate(): void {
    const { asm, get, or, add, shl, shr, facts } = this;
    const vacant: Label = {};
    const free: Label = {};
    asm.block(vacant, () => {
      asm.block(free, () => {
        this.findWay(0, free);
        const nextAt = shl(get('set'), 2);
        this.set('scratch', this.load(NEXT, nextAt));
        const entry = add(this.multiply(get('set'), facts.ways), get('scratch'));
        this.set('entryAt', shl(entry, ENTRY_SHIFT + 2));
        const isLast = this.equal(get('scratch'), facts.ways - 1);
        this.store(NEXT, nextAt, this.choose(isLast, 0, add(get('scratch'), 1)));
        this.drop();
        asm.branch(vacant);
      });
      const number = shr(get('entryAt'), ENTRY_SHIFT + 2);
      const liveAt = shl(shr(number, 5), 2);
      this.store(LIVE, liveAt, or(this.load(LIVE, liveAt), shl(1, number)));
    });
  }

  /** Takes the entry out of everything derived from it. It stays one of the valid ones. */
  private drop(): void {
    const { get, and } = this;
    const vpn = and(this.load(TAG, get('entryAt')), VPN);
    this.store(FAST_PATH, this.shl(vpn, 2), 0);
    this.count(this.load(PTE_PHYSICAL, get('entryAt')), -1);
    this.when(and(this.load(FLAGS, get('entryAt')), TLB_LARGE), () => {
      const fragmentsAt = this.shl(this.shr(vpn, 10), 2);
      this.store(FRAGMENTS, fragmentsAt, this.sub(this.load(FRAGMENTS, fragmentsAt), 1));
    });
  }

  /** `each` with `entryAt` of every valid entry, and `number`, the entry's own. */
  protected eachLive(each: () => void): void {
    const { asm, get, shl, add } = this;
    const words: Label = {};
    this.set('word', 0);
    asm.loop(words, () => {
      this.set('live', this.load(LIVE, get('word')));
      const entries: Label = {};
      asm.loop(entries, () =>
        this.when(get('live'), () => {
          const number = add(shl(get('word'), 3), this.trailingZeros(get('live')));
          this.set('entryAt', shl(number, ENTRY_SHIFT + 2));
          each();
          this.set('live', this.and(get('live'), this.sub(get('live'), 1)));
          asm.branch(entries);
        }),
      );
      this.set('word', add(get('word'), 4));
      this.push(this.differ(get('word'), ((this.facts.entries + 31) >>> 5) << 2));
      asm.branchIf(words);
    });
  }

  /** Byte offset of the number of entries filled from the PTE at a physical address, or from another in the same bucket. */
  private bucketAt(physical: Value): Value {
    const { and, xor, shr, shl } = this;
    return shl(and(xor(shr(physical, 2), shr(physical, 13)), TLB_LAYOUT.FILTER_SIZE - 1), 2);
  }

  /** Tlb.tableEntryChanged. */
  protected tableEntryChanged(physical: Value): void {
    const { get } = this;
    this.when(this.load(FILTER, this.bucketAt(physical)), () =>
      this.eachLive(() =>
        this.when(this.equal(this.load(PTE_PHYSICAL, get('entryAt')), physical), () => {
          this.store(FLAGS, get('entryAt'), this.or(this.load(FLAGS, get('entryAt')), TLB_SUSPECT));
          this.store(FAST_PATH, this.shl(this.and(this.load(TAG, get('entryAt')), VPN), 2), 0);
        }),
      ),
    );
  }

  /** Tlb.drop. */
  protected dropEntry(): void {
    const { get, and, xor, shr, shl } = this;
    this.drop();
    this.store(TAG, get('entryAt'), 0);
    const number = shr(get('entryAt'), ENTRY_SHIFT + 2);
    const liveAt = shl(shr(number, 5), 2);
    this.set('scratch', liveAt);
    this.store(LIVE, get('scratch'), and(this.load(LIVE, get('scratch')), xor(shl(1, number), -1)));
  }

  /** Tlb.flush, of global pages too. */
  protected dropAll(): void {
    this.eachLive(() => {
      this.drop();
      this.store(TAG, this.get('entryAt'), 0);
    });
    for (let word = 0; word < (this.facts.entries + 31) >>> 5; word++) this.store(LIVE, word * 4, 0);
  }

  protected hasFragments(): Value {
    return this.load(FRAGMENTS, this.shl(this.shr(this.linear, 22), 2));
  }

  /** Counts entries filled from the PTE at a physical address. */
  private count(physical: Value, by: number): void {
    this.set('scratch', this.bucketAt(physical));
    this.store(FILTER, this.get('scratch'), this.add(this.load(FILTER, this.get('scratch')), by));
  }

  protected fill(): void {
    const { get } = this;
    this.store(TAG, get('entryAt'), get('tag'));
    this.store(FLAGS, get('entryAt'), get('flags'));
    this.store(FRAME, get('entryAt'), get('frame'));
    this.store(PTE, get('entryAt'), get('fresh'));
    this.store(PDE, get('entryAt'), get('pde'));
    this.store(PTE_PHYSICAL, get('entryAt'), get('pteAt'));
    this.store(PDE_PHYSICAL, get('entryAt'), get('pdeAt'));
    this.count(get('pteAt'), 1);
  }
}
