import { CR0_WP } from '../../control-registers.ts';
import { ATTENTION, FAST_PATH, FRAME_STATE, RAM } from '../../layout.ts';
import { DIRTY, USER, WRITABLE } from '../../mmu/bits.ts';
import {
  FAST_READ,
  FAST_RECORD,
  FAST_USER_READ,
  FAST_USER_RECORD,
  FAST_USER_WRITE,
  FAST_WRITE,
  FOR_STORES,
} from '../../mmu/fast-path.ts';
import { CHANGED, TABLE_ONLY, UNWATCHED } from '../../mmu/frames.ts';
import { BY_CALL, type FillFacts, WRITE_BY_CALL } from '../../mmu/short-path.ts';
import { TLB_LARGE, TLB_LAYOUT, TLB_SUSPECT, TLB_WINDOW_READ } from '../../mmu/tlb.ts';
import { CPL, CR0 } from '../state.ts';
import * as wasm from './assembler.ts';
import { Assembler, type Label } from './assembler.ts';
import {
  FLAGS,
  FRAME,
  type Parameters,
  PDE,
  PTE,
  PTE_PHYSICAL,
  TlbEmitter,
  WRITE_TABLE,
} from './emit-tlb.ts';
import type { Value } from './values.ts';

/**
 * The most common miss of the fast path, in WebAssembly: a call of JavaScript costs as much as all of its work, and a guest with more data
 * than its TLB covers misses every few instructions.
 */

const STORES = [
  [1, wasm.I32_STORE8],
  [2, wasm.I32_STORE16],
  [4, wasm.I32_STORE],
] as const;

/** FOR_STORES, shifted by it, is how far FAST_RECORD is from FAST_WRITE. */
const RECORDING_SHIFT = 2;

/** More ways are not searched by compiled code, nor are more windows told apart. */
const MAX_WAYS = 8;
const MAX_WINDOWS = 8;

/** Numbers of functions in the module of the helpers. */
export interface FillCalls {
  readonly usualFill: number;
  readonly marked: number;
  readonly tableStored: number;
  readonly recordedStore: number;
}

/**
 * The function (linear, write, eip, left) → what ShortPath.prepare returns, with its events, if the access is a common one: nothing asks
 * for attention, and the TLB holds the page or the walk is a usual one, which may set A or D of the PTE. Otherwise 0, with nothing done.
 * With WRITE_TABLE the page may be a page table, whose slot is for reads.
 */
export function usualFill(facts: FillFacts, calls: FillCalls): Assembler {
  const asm = new Assembler();
  const [linear, write, eip, left] = [0, 1, 2, 3];
  if (isServed(facts)) new FillEmitter(asm, facts, calls, { linear, write, eip, left }, 4).fillBody();
  asm.constant(0);
  return asm;
}

export const isServed = ({ ways, windowSlots }: FillFacts): boolean =>
  ways <= MAX_WAYS && windowSlots.length <= MAX_WINDOWS;

/** Begins `fill` (linear, write, eip, left): returns the slot if the fill is a usual one, whose body stands here too to spare a call. */
export function fillFirst(asm: Assembler, facts: FillFacts, calls: FillCalls): void {
  const [linear, write, eip, left] = [0, 1, 2, 3];
  if (!isServed(facts)) return;
  const emitter = new FillEmitter(asm, facts, calls, { linear, write, eip, left }, 4);
  if (facts.events) emitter.recordedFirst();
  emitter.fillBody();
}

/** Begins `store` (linear, value, size, eip, left): stores and returns 1 if the fill is a usual one, or the page a page table. */
export function storeFirst(asm: Assembler, facts: FillFacts, calls: FillCalls): void {
  const [linear, value, size, eip, left] = [0, 1, 2, 3, 4];
  if (!isServed(facts)) return;
  const emitter = new FillEmitter(asm, facts, calls, { linear, write: -1, eip, left }, 5);
  emitter.storeBody(value, size);
}

/** Begins `fetch` (next, left), which is called where the page has no slot: returns the address of the frame if the fill is a usual one. */
export function fetchFirst(asm: Assembler, facts: FillFacts, calls: FillCalls): void {
  const [next, left] = [0, 1];
  if (!isServed(facts)) return;
  new FillEmitter(asm, facts, calls, { linear: next, write: -1, eip: next, left }, 2).fetchBody();
}

class FillEmitter extends TlbEmitter {
  private readonly calls: FillCalls;

  constructor(asm: Assembler, facts: FillFacts, calls: FillCalls, parameters: Parameters, first: number) {
    super(asm, facts, parameters, first);
    this.calls = calls;
  }

  /** The place of a write by a call, if the slot says that only the event is missing. */
  recordedFirst(): void {
    const { get, and, or } = this;
    this.when(this.equal(this.isWrite, WRITE_BY_CALL), () => {
      this.loadSlot();
      this.when(and(get('slot'), this.canRecord), () => this.return(or(and(get('slot'), -4096), BY_CALL)));
    });
  }

  private loadSlot(): void {
    this.set('slotAt', this.and(this.shr(this.linear, 10), TLB_LAYOUT.VPN << 2));
    this.set('slot', this.load(FAST_PATH, this.get('slotAt')));
  }

  /** The bit of a slot for stores that are recorded. */
  private get canRecord(): Value {
    return this.choose(this.equal(this.load(CPL * 4, 0), 3), FAST_USER_RECORD, FAST_RECORD);
  }

  fillBody(): void {
    const { asm, refused, get } = this;
    asm.block(refused, () => {
      this.begin();
      if (this.facts.events) {
        // While every store is recorded, only those who make them by calls may write.
        this.when(this.isRecording, () => this.refuseIf(this.and(this.isWrite, ~WRITE_BY_CALL)));
      }
      const known: Label = {};
      asm.block(known, () => {
        const held: Label = {};
        asm.block(held, () => {
          this.findWay(get('tag'), held);
          this.walk();
          this.suits();
          this.mark();
          this.vacate();
          this.fill();
          asm.branch(known);
        });
        this.hit();
      });
      this.grant();
    });
  }

  /** The entry of a page table, or a plain page. */
  storeBody(value: number, size: number): void {
    const { asm, and, or } = this;
    const byHost: Label = {};
    asm.block(byHost, () => {
      if (this.facts.events) {
        this.loadSlot();
        this.when(this.isRecording, () => {
          this.recordedStore(value, size);
          asm.branch(byHost);
        });
        if (!this.facts.hasWindows) {
          const isWhole = this.equal(or(this.parameter(size), and(this.linear, 3)), 4);
          this.when(isWhole, () => this.wholeStore(value));
        }
      }
      this.whenFilled(1, () => {
        for (const [bytes, instruction] of STORES)
          this.when(this.equal(this.parameter(size), bytes), () => this.plainStore(value, instruction));
        this.return(1);
      });
    });
  }

  /** A store to a plain page, with its event. */
  private recordedStore(value: number, size: number): void {
    const { asm, get, and } = this;
    const { linear, eip, left } = this.parameters;
    const isReady = and(get('slot'), this.canRecord);
    this.when(this.isZero(isReady), () => this.usualFill(WRITE_BY_CALL));
    this.when(get('slot'), () => {
      asm.get(linear);
      this.push(this.sub(and(get('slot'), -4096), RAM));
      for (const parameter of [value, size, eip, left]) asm.get(parameter);
      asm.call(this.calls.recordedStore);
      asm.op(wasm.RETURN);
    });
  }

  /** Of an aligned word, which may be a PTE. */
  private wholeStore(value: number): void {
    const { asm, get, and, or, shr } = this;
    this.set('scratch', this.isZero(get('slot')));
    this.when(get('scratch'), () => this.usualFill(WRITE_TABLE));
    this.when(get('slot'), () => {
      this.set('frame', shr(this.sub(get('slot'), RAM), 12));
      this.set('facts', or(this.load(FRAME_STATE, this.wordsOfFrame(get('frame'))), CHANGED));
      this.when(and(get('scratch'), this.equal(get('facts'), UNWATCHED)), () => {
        this.plainStore(value, wasm.I32_STORE);
        this.return(1);
      });
      const isTable = this.equal(get('facts'), TABLE_ONLY);
      this.when(isTable, () => asm.block(this.refused, () => this.tableStore(value)));
    });
  }

  private plainStore(value: number, instruction: number): void {
    const { get, and, or } = this;
    this.push(or(and(get('slot'), -4096), and(this.linear, 0xfff)));
    this.asm.get(value);
    this.asm.memory(instruction);
  }

  fetchBody(): void {
    this.whenFilled(0, () => this.return(this.sub(this.and(this.get('slot'), -4096), RAM)));
  }

  /** `then` with `slot`, if the fill for a read (`write` 0) or write is a usual one. */
  private whenFilled(write: number, then: () => void): void {
    this.usualFill(write);
    this.when(this.get('slot'), then);
  }

  /** Sets `slot` to the result of `usualFill`. */
  private usualFill(write: number): void {
    const { eip, left } = this.parameters;
    for (const parameter of [this.linear, write, this.parameter(eip), this.parameter(left)])
      this.push(parameter);
    this.asm.call(this.calls.usualFill);
    this.asm.set(this.number('slot'));
  }

  private tableStore(value: number): void {
    const { asm, get, and, or, shl } = this;
    this.begin();
    this.refuseIf(this.isRecording);
    const held: Label = {};
    asm.block(held, () => {
      this.findWay(get('tag'), held);
      asm.branch(this.refused);
    });
    this.set('flags', this.load(FLAGS, get('entryAt')));
    const right = and(get('flags'), TLB_SUSPECT | WRITABLE | DIRTY);
    this.refuseIf(or(this.differ(right, WRITABLE | DIRTY), this.lacksUser(get('flags'))));
    this.set('pteAt', or(shl(get('frame'), 12), and(this.linear, 0xfff)));
    // The host grants the page that this PTE maps, stored to through itself, its slot again.
    this.refuseIf(this.equal(this.load(PTE_PHYSICAL, get('entryAt')), get('pteAt')));
    this.store(FRAME_STATE, this.wordsOfFrame(get('frame')), TABLE_ONLY);
    this.set('pte', this.load(RAM, get('pteAt')));
    this.store(RAM, get('pteAt'), this.parameter(value));
    this.record(this.calls.tableStored);
    this.return(1);
  }

  /** The entry of the TLB has the right; a write may have to set D first. */
  private hit(): void {
    const { asm, get, and, isWrite } = this;
    this.set('flags', this.load(FLAGS, get('entryAt')));
    this.refuseIf(and(get('flags'), TLB_SUSPECT));
    this.refuseIf(this.lacksUser(get('flags')));
    const usable: Label = {};
    asm.block(usable, () => {
      this.push(this.isZero(isWrite));
      asm.branchIf(usable);
      this.refuseIf(this.isZero(and(get('flags'), WRITABLE)));
      this.push(and(get('flags'), DIRTY));
      asm.branchIf(usable);
      this.renew();
    });
    this.set('frame', this.load(FRAME, get('entryAt')));
    this.suits();
  }

  /** Sets D of the PTE that an entry was filled from (Tlb.isOf, Tlb.renew). */
  private renew(): void {
    const { get, and, or } = this;
    const old = this.load(FLAGS, get('entryAt'));
    this.refuseIf(and(old, TLB_LARGE));
    this.walk();
    this.refuseIf(this.differ(this.load(FRAME, get('entryAt')), get('frame')));
    this.refuseIf(this.differ(this.load(PTE_PHYSICAL, get('entryAt')), get('pteAt')));
    this.suits();
    this.mark();
    this.set('flags', or(get('flags'), and(old, TLB_WINDOW_READ)));
    this.store(FLAGS, get('entryAt'), get('flags'));
    this.store(PTE, get('entryAt'), get('fresh'));
    this.store(PDE, get('entryAt'), get('pde'));
  }

  /** The accessed and dirty bits of the PTE. */
  private mark(): void {
    const { get, or, shr } = this;
    this.when(this.differ(get('fresh'), get('pte')), () => {
      this.store(RAM, get('pteAt'), get('fresh'));
      const table = this.wordsOfFrame(shr(get('pde'), 12));
      this.store(FRAME_STATE, table, or(this.load(FRAME_STATE, table), CHANGED));
      if (this.facts.events) this.record(this.calls.marked);
    });
  }

  /** Records that an entry of a page table has changed from `pte`. */
  private record(func: number): void {
    const { asm, get } = this;
    const { eip, left } = this.parameters;
    for (const value of [this.linear, get('pteAt'), get('pte'), this.parameter(eip), this.parameter(left)])
      this.push(value);
    asm.call(func);
    asm.op(wasm.DROP);
  }

  /** The slot that FastPath.grant would make, of a page without any reason for attention. */
  private grant(): void {
    const { get, and, or, shl, shr } = this;
    this.when(this.isWrite, () => {
      this.set('facts', or(get('facts'), CHANGED));
      this.store(FRAME_STATE, this.wordsOfFrame(get('frame')), get('facts'));
    });
    // The bits for privilege level 3 are those for the others, two places up, as USER is to PRESENT.
    const user = and(get('flags'), USER);
    this.set('slot', or(FAST_READ, user));
    const isDirty = this.equal(and(get('flags'), DIRTY), DIRTY);
    this.when(and(isDirty, this.equal(get('facts'), UNWATCHED)), () => {
      const writable = or(FAST_WRITE, shl(user, 1));
      const protectedBits = this.choose(and(this.load(CR0 * 4, 0), CR0_WP), 0, FAST_WRITE);
      const writes = this.choose(and(get('flags'), WRITABLE), writable, protectedBits);
      // Those of stores that are recorded lie RECORD_SHIFT further up.
      this.set('slot', or(get('slot'), shl(writes, shr(this.load(ATTENTION, 0), RECORDING_SHIFT))));
    });
    this.set('frame', this.add(shl(get('frame'), 12), RAM));
    this.set('slot', or(get('slot'), get('frame')));
    this.store(FAST_PATH, get('slotAt'), get('slot'));
    this.when(this.isRecording, () => this.when(this.isWrite, () => this.return(or(get('frame'), BY_CALL))));
    this.return(get('slot'));
  }

  /** FOR_STORES if every store is recorded; otherwise 0. */
  private get isRecording(): Value {
    return this.and(this.load(ATTENTION, 0), FOR_STORES);
  }
}

const haveMoved =
  FAST_USER_READ !== USER ||
  FAST_USER_WRITE !== USER << 1 ||
  FAST_RECORD !== FAST_WRITE << (FOR_STORES >>> RECORDING_SHIFT) ||
  FAST_USER_RECORD !== FAST_USER_WRITE << (FOR_STORES >>> RECORDING_SHIFT);
if (haveMoved) throw new Error('bits of FAST_PATH have moved');
