import { CR0_WP, CR4_PGE } from '../../control-registers.ts';
import { ATTENTION, FAST_PATH, FRAME_STATE, RAM } from '../../layout.ts';
import { ACCESSED, DIRTY, PAGE_SIZE_4M, PRESENT, USER, WRITABLE } from '../../mmu/bits.ts';
import { FAST_READ, FAST_USER_READ, FAST_USER_WRITE, FAST_WRITE } from '../../mmu/fast-path.ts';
import { CHANGED, FRAME_WORDS, OWNER, ROLE_TABLE, ROLES, UNWATCHED } from '../../mmu/frames.ts';
import type { FillFacts } from '../../mmu/short-path.ts';
import { OWNED } from '../../mmu/structures.ts';
import { TLB_LARGE, TLB_LAYOUT, TLB_SUSPECT } from '../../mmu/tlb.ts';
import { CPL, CR0, CR3, CR4 } from '../state.ts';
import * as wasm from './assembler.ts';
import { Assembler, type Label } from './assembler.ts';
import { type Value, Values } from './values.ts';

/**
 * The most common miss of the fast path, in WebAssembly: a call of JavaScript costs as much as all of its work, and a guest with more data
 * than its TLB covers misses every few instructions.
 */

const { VALID, VPN, ENTRY_SHIFT } = TLB_LAYOUT;
const ENTRY_BYTES = 4 << ENTRY_SHIFT;
/** Byte offsets of the TLB's areas, and of the words of its first entry. */
const NEXT = TLB_LAYOUT.NEXT * 4;
const LIVE = TLB_LAYOUT.LIVE * 4;
const FRAGMENTS = TLB_LAYOUT.FRAGMENTS * 4;
const FILTER = TLB_LAYOUT.FILTER * 4;
const wordOfEntry = (word: number): number => (TLB_LAYOUT.ENTRIES + word) * 4;
const TAG = wordOfEntry(TLB_LAYOUT.TAG);
const FLAGS = wordOfEntry(TLB_LAYOUT.FLAGS);
const FRAME = wordOfEntry(TLB_LAYOUT.FRAME);
const PTE = wordOfEntry(TLB_LAYOUT.PTE);
const PDE = wordOfEntry(TLB_LAYOUT.PDE);
const PTE_PHYSICAL = wordOfEntry(TLB_LAYOUT.PTE_PHYSICAL);
const PDE_PHYSICAL = wordOfEntry(TLB_LAYOUT.PDE_PHYSICAL);

/** More ways are not searched here, nor are more windows told apart. */
const MAX_WAYS = 8;
const MAX_WINDOWS = 8;

const [LINEAR, WRITE] = [0, 1];
const PARAMETERS = 2;
/** `…At`: a byte offset from the first entry, slot, word of RAM or other element of an area. */
const NAMES = [
  'slotAt',
  'tag',
  'set',
  'entryAt',
  'pdeAt',
  'pde',
  'pteAt',
  'pte',
  'flags',
  'frame',
  'facts',
  'old',
];
export const FILL_LOCALS = NAMES.length;

/**
 * The function (linear, write) → what ShortPath.prepare returns, if the access is a very common one: nothing asks for attention, and the
 * TLB holds the page, or the PTE has its accessed bit, for a write also the dirty bit. Otherwise 0, with nothing done.
 */
export function usualFill(facts: FillFacts): Assembler {
  const asm = new Assembler();
  if (facts.ways <= MAX_WAYS && facts.windowSlots.length <= MAX_WINDOWS) new FillEmitter(asm, facts).body();
  else asm.constant(0);
  return asm;
}

/** Begins `fill` (linear, write, eip, left): returns the slot if the fill is a usual one. */
export function fillFirst(asm: Assembler, usualFill: number): void {
  const slot = 4;
  for (const parameter of [LINEAR, WRITE]) asm.get(parameter);
  asm.call(usualFill);
  asm.tee(slot);
  asm.when(() => {
    asm.get(slot);
    asm.op(wasm.RETURN);
  });
}

/** Begins `store` (linear, value, size, eip, left): stores and returns 1 if the fill is a usual one. */
export function storeFirst(asm: Assembler, usualFill: number): void {
  const [value, size, slot] = [1, 2, 5];
  asm.get(LINEAR);
  asm.constant(1);
  asm.call(usualFill);
  asm.tee(slot);
  asm.when(() => {
    const place = new Values(asm, 0, []);
    place.push(place.or(place.and(place.parameter(slot), -4096), place.and(place.parameter(LINEAR), 0xfff)));
    asm.set(slot);
    const store = (instruction: number) => {
      asm.get(slot);
      asm.get(value);
      asm.memory(instruction);
    };
    place.when(place.equal(place.parameter(size), 4), () => store(wasm.I32_STORE));
    place.when(place.equal(place.parameter(size), 2), () => store(wasm.I32_STORE16));
    place.when(place.equal(place.parameter(size), 1), () => store(wasm.I32_STORE8));
    asm.constant(1);
    asm.op(wasm.RETURN);
  });
}

class FillEmitter extends Values {
  private readonly facts: FillFacts;
  private readonly refused: Label = {};

  constructor(asm: Assembler, facts: FillFacts) {
    super(asm, PARAMETERS, NAMES);
    this.facts = facts;
  }

  body(): void {
    const { asm, refused, get, and, or, shr } = this;
    asm.block(refused, () => {
      this.refuseIf(this.load(ATTENTION, 0));
      this.refuseIf(this.isZero(this.isNegative(this.load(CR0 * 4, 0))));
      const linear = this.parameter(LINEAR);
      for (const slot of this.facts.windowSlots) this.refuseIf(this.equal(shr(linear, 22), slot));
      this.set('slotAt', and(shr(linear, 10), VPN << 2));
      this.set('tag', or(shr(linear, 12), VALID));
      this.set('set', and(get('tag'), this.facts.entries / this.facts.ways - 1));
      const known: Label = {};
      asm.block(known, () => {
        const held: Label = {};
        asm.block(held, () => {
          this.findWay(get('tag'), held);
          this.walk();
          this.vacate();
          this.fill();
          asm.branch(known);
        });
        this.hit();
      });
      this.grant();
    });
    asm.constant(0);
  }

  private refuseIf(test: Value): void {
    this.push(test);
    this.asm.branchIf(this.refused);
  }

  private get isWrite(): Value {
    return this.parameter(WRITE);
  }

  /** Branches to `found`, with `entryAt` set, if a way of the set has the tag. */
  private findWay(tag: Value, found: Label): void {
    const { asm, get } = this;
    const { ways } = this.facts;
    const setAt = this.multiply(get('set'), ways * ENTRY_BYTES);
    for (let way = 0; way < ways; way++) {
      this.set('entryAt', this.add(setAt, way * ENTRY_BYTES));
      this.push(this.equal(this.load(TAG, get('entryAt')), tag));
      asm.branchIf(found);
    }
  }

  /** The entry of the TLB has the right. */
  private hit(): void {
    const { get, and } = this;
    this.set('flags', this.load(FLAGS, get('entryAt')));
    this.refuseIf(and(get('flags'), TLB_SUSPECT));
    this.refuseIf(this.lacksUser(get('flags')));
    const needed = WRITABLE | DIRTY;
    this.when(this.isWrite, () => this.refuseIf(this.differ(and(get('flags'), needed), needed)));
    this.set('frame', this.load(FRAME, get('entryAt')));
    this.suits();
  }

  private lacksUser(rights: Value): Value {
    return this.and(this.equal(this.load(CPL * 4, 0), 3), this.isZero(this.and(rights, USER)));
  }

  private walk(): void {
    const { get, and, or, shr, shl, facts } = this;
    this.refuseIf(and(this.load(CR4 * 4, 0), CR4_PGE));
    const directory = and(this.load(CR3 * 4, 0), -4096);
    this.refuseIf(this.atLeast(shr(directory, 12), facts.frames));
    const slot = shr(this.parameter(LINEAR), 22);
    this.set('pdeAt', or(directory, shl(slot, 2)));
    this.set('pde', this.load(RAM, get('pdeAt')));
    this.refuseIf(this.differ(and(get('pde'), PRESENT | ACCESSED | PAGE_SIZE_4M), PRESENT | ACCESSED));
    this.refuseIf(this.atLeast(shr(get('pde'), 12), facts.frames));
    const table = this.wordsOfFrame(shr(get('pde'), 12));
    this.refuseIf(this.differ(and(this.load(FRAME_STATE, table), ~CHANGED), facts.tracks ? ROLE_TABLE : 0));
    if (facts.tracks) {
      const owner = or(or(directory, slot), OWNED);
      this.refuseIf(this.differ(this.load(FRAME_STATE + OWNER * 4, table), owner));
    }
    this.set('pteAt', or(and(get('pde'), -4096), and(get('slotAt'), 0xffc)));
    this.set('pte', this.load(RAM, get('pteAt')));
    const rights = and(get('pde'), get('pte'));
    const bits = this.choose(this.isWrite, PRESENT | WRITABLE | ACCESSED | DIRTY, PRESENT | ACCESSED);
    this.set('old', bits);
    this.refuseIf(this.differ(and(get('pte'), get('old')), get('old')));
    this.when(this.isWrite, () => this.refuseIf(this.isZero(and(get('pde'), WRITABLE))));
    this.refuseIf(this.lacksUser(rights));
    this.set('flags', or(and(rights, WRITABLE | USER), and(get('pte'), DIRTY)));
    this.set('frame', shr(get('pte'), 12));
    this.suits();
  }

  /** The byte offset of a frame's words in FRAME_STATE. */
  private wordsOfFrame(frame: Value): Value {
    return this.multiply(frame, FRAME_WORDS * 4);
  }

  /** Refuses frames that need the MMU; sets `facts`. */
  private suits(): void {
    const { get, and, or, facts } = this;
    this.refuseIf(this.atLeast(get('frame'), facts.frames));
    if (facts.hasAlternate) this.refuseIf(this.equal(get('frame'), this.shr(this.load(CR3 * 4, 0), 12)));
    this.set('facts', this.load(FRAME_STATE, this.wordsOfFrame(get('frame'))));
    if (facts.hasWindows) this.refuseIf(and(get('facts'), ROLES));
    this.when(this.isWrite, () => this.refuseIf(this.differ(or(get('facts'), CHANGED), UNWATCHED)));
  }

  /** Sets `entryAt` to an entry that is free, or is from now on (Tlb.vacate). */
  private vacate(): void {
    const { asm, get, or, add, shl, shr, facts } = this;
    const vacant: Label = {};
    const free: Label = {};
    asm.block(vacant, () => {
      asm.block(free, () => {
        this.findWay(0, free);
        const nextAt = shl(get('set'), 2);
        this.set('old', this.load(NEXT, nextAt));
        const entry = add(this.multiply(get('set'), facts.ways), get('old'));
        this.set('entryAt', shl(entry, ENTRY_SHIFT + 2));
        const isLast = this.equal(get('old'), facts.ways - 1);
        this.store(NEXT, nextAt, this.choose(isLast, 0, add(get('old'), 1)));
        this.drop();
        asm.branch(vacant);
      });
      const number = shr(get('entryAt'), ENTRY_SHIFT + 2);
      const liveAt = shl(shr(number, 5), 2);
      this.store(LIVE, liveAt, or(this.load(LIVE, liveAt), shl(1, number)));
    });
  }

  /** Takes the evicted entry out of everything derived from it. It stays one of the valid ones. */
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

  /** Counts entries filled from the PTE at a physical address. */
  private count(physical: Value, by: number): void {
    const { and, xor, shr, shl } = this;
    const bucket = and(xor(shr(physical, 2), shr(physical, 13)), TLB_LAYOUT.FILTER_SIZE - 1);
    this.set('old', shl(bucket, 2));
    this.store(FILTER, this.get('old'), this.add(this.load(FILTER, this.get('old')), by));
  }

  private fill(): void {
    const { get } = this;
    this.store(TAG, get('entryAt'), get('tag'));
    this.store(FLAGS, get('entryAt'), get('flags'));
    this.store(FRAME, get('entryAt'), get('frame'));
    this.store(PTE, get('entryAt'), get('pte'));
    this.store(PDE, get('entryAt'), get('pde'));
    this.store(PTE_PHYSICAL, get('entryAt'), get('pteAt'));
    this.store(PDE_PHYSICAL, get('entryAt'), get('pdeAt'));
    this.count(get('pteAt'), 1);
  }

  /** The slot that FastPath.grant would make, of a page without any reason for attention. */
  private grant(): void {
    const { asm, get, and, or, shl } = this;
    this.when(this.isWrite, () => {
      this.set('facts', UNWATCHED);
      this.store(FRAME_STATE, this.wordsOfFrame(get('frame')), UNWATCHED);
    });
    // The bits for privilege level 3 are those for the others, two places up, as USER is to PRESENT.
    const user = and(get('flags'), USER);
    this.set('old', or(FAST_READ, user));
    const isDirty = this.equal(and(get('flags'), DIRTY), DIRTY);
    this.when(and(isDirty, this.equal(get('facts'), UNWATCHED)), () => {
      const writable = or(FAST_WRITE, shl(user, 1));
      const protectedBits = this.choose(and(this.load(CR0 * 4, 0), CR0_WP), 0, FAST_WRITE);
      this.set('old', or(get('old'), this.choose(and(get('flags'), WRITABLE), writable, protectedBits)));
    });
    this.set('old', or(get('old'), this.add(shl(get('frame'), 12), RAM)));
    this.store(FAST_PATH, get('slotAt'), get('old'));
    this.push(get('old'));
    asm.op(wasm.RETURN);
  }
}

if (FAST_USER_READ !== USER || FAST_USER_WRITE !== USER << 1) throw new Error('bits of FAST_PATH have moved');
