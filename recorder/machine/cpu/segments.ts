import { CR0_PE } from '../control-registers.ts';
import type { MachineMemory } from '../layout.ts';
import type { Access, RaiseFault } from './access.ts';
import {
  ACCESSED,
  APPLICATION,
  ATTRIBUTES,
  BIG,
  baseOf,
  CODE_SEGMENT,
  dplOf,
  EXPAND_DOWN,
  GRANULAR,
  isApplication,
  isCode,
  isConforming,
  isNull,
  isPresent,
  isReadable,
  isWritableData,
  limitOf,
  SEGMENT_PRESENT,
  SELECTOR_LDT,
  SELECTOR_RPL,
  selectorCode,
  WRITABLE,
} from './descriptors.ts';
import { GENERAL_PROTECTION, SEGMENT_NOT_PRESENT, STACK_FAULT } from './fault.ts';
import { VM } from './flags.ts';
import {
  CPL,
  CR0,
  CS,
  DS,
  ES,
  FS,
  GDT_BASE,
  GDT_LIMIT,
  GS,
  LDTR,
  SEGMENT_WORDS,
  SEGMENTS,
  SHADOW,
  SHADOW_SS,
  SS,
  SYSTEM_FLAGS,
} from './state.ts';

/** Segment registers: loads, checks and address computation. */

/** Attributes of a real-mode segment: present, writable data. */
const REAL_ATTRIBUTES = SEGMENT_PRESENT | APPLICATION | WRITABLE | ACCESSED;
/** The byte of the attributes with a segment's type and privilege. */
const TYPE_BYTE = 0xff00;
/** Of one in virtual-8086 mode: the same at DPL 3 (15.2). */
const VIRTUAL86_ATTRIBUTES = REAL_ATTRIBUTES | 0x6000;

/** Modes in which the code of a block was decoded, with its assumptions about segments. */
export const MODE_16 = 0;
export const MODE_32 = 1;
/** 32-bit, and CS, DS, ES and SS cover all linear addresses from 0 with every right: segmentation is invisible. */
export const MODE_FLAT = 2;

const FLAT_DATA = SEGMENT_PRESENT | APPLICATION | WRITABLE;
const FLAT_DATA_MASK = FLAT_DATA | CODE_SEGMENT | EXPAND_DOWN;

/** Segment registers and descriptors (80386 Programmer's Reference, chapters 5 and 6). */
export class Segments {
  /** The last descriptor read by `fetch`. */
  low = 0;
  high = 0;
  /** Its address. */
  private address = 0;
  /** 1 during the delivery of an external event: the EXT bit of error codes (9.7). */
  external = 0;
  /** DERIVED: the mode of the code at CS:EIP. */
  mode = MODE_16;

  private readonly i32: Int32Array;
  private readonly access: Access;
  private readonly fault: RaiseFault;
  private readonly resetsRealCs: boolean;

  constructor(mem: MachineMemory, access: Access, fault: RaiseFault, resetsRealCs: boolean) {
    this.resetsRealCs = resetsRealCs;
    this.i32 = mem.i32;
    this.access = access;
    this.fault = fault;
  }

  selector(segment: number): number {
    return this.i32[SEGMENTS + segment * SEGMENT_WORDS];
  }
  base(segment: number): number {
    return this.i32[SEGMENTS + segment * SEGMENT_WORDS + 1];
  }
  limit(segment: number): number {
    return this.i32[SEGMENTS + segment * SEGMENT_WORDS + 2];
  }
  attributes(segment: number): number {
    return this.i32[SEGMENTS + segment * SEGMENT_WORDS + 3];
  }

  /** CR0.PE: faults have error codes, and interrupts go through gates. */
  get protection(): boolean {
    return (this.i32[CR0] & CR0_PE) !== 0;
  }

  /** True if selectors name descriptors: protected mode without virtual-8086 mode. */
  get protected(): boolean {
    return (this.i32[CR0] & CR0_PE) !== 0 && (this.i32[SYSTEM_FLAGS] & VM) === 0;
  }

  /** Sets a segment cache directly. */
  set(segment: number, selector: number, base: number, limit: number, attributes: number): void {
    const cache = SEGMENTS + segment * SEGMENT_WORDS;
    this.i32[cache] = selector & 0xffff;
    this.i32[cache + 1] = base;
    this.i32[cache + 2] = limit;
    this.i32[cache + 3] = attributes & ATTRIBUTES;
    this.updateMode();
  }

  setFromDescriptor(segment: number, selector: number, low: number, high: number): void {
    this.set(segment, selector, baseOf(low, high), limitOf(low, high), high);
  }

  /**
   * As on an 8086. In real mode selector and base change and limits given in protected mode last ("unreal mode"); the segment becomes
   * writable, since code in real mode stores through CS. A 386 and 486 reset the limit of CS to 64 KB. In virtual-8086 mode everything is
   * fixed (80386 PRM, 14.1 and 15.2).
   */
  setReal(segment: number, selector: number): void {
    const base = (selector & 0xffff) << 4;
    if ((this.i32[SYSTEM_FLAGS] & VM) !== 0) {
      this.set(segment, selector, base, 0xffff, VIRTUAL86_ATTRIBUTES);
      return;
    }
    const attributes = this.attributes(segment);
    const lasts = (attributes & SEGMENT_PRESENT) !== 0 && !(segment === CS && this.resetsRealCs);
    this.set(
      segment,
      selector,
      base,
      lasts ? this.limit(segment) : 0xffff,
      lasts ? (attributes & ~TYPE_BYTE) | REAL_ATTRIBUTES : REAL_ATTRIBUTES,
    );
  }

  /** Called when PE was cleared: CS becomes writable; its limit and D remain until it is loaded. */
  leaveProtection(): void {
    const kept = this.attributes(CS) & (BIG | GRANULAR);
    this.set(CS, this.selector(CS), this.base(CS), this.limit(CS), REAL_ATTRIBUTES | kept);
  }

  resetReal(segment: number, selector: number, base: number): void {
    this.set(segment, selector, base, 0xffff, REAL_ATTRIBUTES);
  }

  private isFlat(segment: number): boolean {
    return this.base(segment) === 0 && this.limit(segment) === -1;
  }

  updateMode(): void {
    if ((this.attributes(CS) & BIG) === 0) {
      this.mode = MODE_16;
      return;
    }
    const flat =
      this.isFlat(CS) &&
      (this.attributes(SS) & BIG) !== 0 &&
      [DS, ES, SS].every((s) => this.isFlat(s) && (this.attributes(s) & FLAT_DATA_MASK) === FLAT_DATA);
    this.mode = flat ? MODE_FLAT : MODE_32;
  }

  // --- Descriptors -----------------------------------------------------------------------------------------------------

  /** Reads the descriptor of `selector` into `low` and `high`; false if it is outside its table. */
  tryFetch(selector: number): boolean {
    const { i32 } = this;
    const local = (selector & SELECTOR_LDT) !== 0;
    if (local && (this.attributes(LDTR) & SEGMENT_PRESENT) === 0) return false;
    const base = local ? this.base(LDTR) : i32[GDT_BASE];
    const limit = local ? this.limit(LDTR) >>> 0 : i32[GDT_LIMIT];
    const offset = selector & 0xfff8;
    if (offset + 7 > limit) return false;
    this.address = (base + offset) | 0;
    this.low = this.access.systemRead(this.address, 4);
    this.high = this.access.systemRead((this.address + 4) | 0, 4);
    return true;
  }

  /** Like `tryFetch`, but raises `vector` (#GP, #TS) with the selector. */
  fetch(selector: number, vector = GENERAL_PROTECTION): void {
    if (!this.tryFetch(selector)) this.refuse(vector, selector);
  }

  refuse(vector: number, selector: number): never {
    return this.fault(vector, selectorCode(selector) | this.external);
  }

  /** Sets the accessed bit of the descriptor fetched last (5.1.3). */
  markAccessed(): void {
    if ((this.high & ACCESSED) !== 0) return;
    this.high |= ACCESSED;
    this.access.systemWrite((this.address + 4) | 0, 4, this.high);
  }

  /** Writes the upper word of the descriptor fetched last (the busy bit of a TSS). */
  setHigh(high: number): void {
    this.high = high;
    this.access.systemWrite((this.address + 4) | 0, 4, high);
  }

  // --- Loads of segment registers -----------------------------------------------------------------------------------------

  /** MOV, POP, LDS and so on into ES, SS, DS, FS or GS (6.3.2; 17, MOV). */
  load(segment: number, selector: number): void {
    if (!this.protected) {
      this.setReal(segment, selector);
    } else if (segment === SS) {
      this.fetchStack(selector, this.i32[CPL], GENERAL_PROTECTION);
      this.markAccessed();
      this.setFromDescriptor(SS, selector, this.low, this.high);
    } else {
      this.loadData(segment, selector, this.i32[CPL], GENERAL_PROTECTION);
    }
    if (segment === SS) this.i32[SHADOW] = SHADOW_SS;
  }

  /** Checks `selector` as the stack segment of privilege `cpl`, and fetches its descriptor. `vector`: #GP or #TS. */
  fetchStack(selector: number, cpl: number, vector: number): void {
    if (isNull(selector))
      this.fault(
        vector,
        vector === GENERAL_PROTECTION ? this.external : selectorCode(selector) | this.external,
      );
    this.fetch(selector, vector);
    const { high } = this;
    if ((selector & SELECTOR_RPL) !== cpl || dplOf(high) !== cpl || !isWritableData(high))
      this.refuse(vector, selector);
    if (!isPresent(high)) this.refuse(STACK_FAULT, selector);
  }

  /** Loads ES, DS, FS or GS for code at `cpl`. */
  loadData(segment: number, selector: number, cpl: number, vector: number): void {
    if (isNull(selector)) {
      this.set(segment, selector, 0, 0, 0);
      return;
    }
    this.fetch(selector, vector);
    const { high } = this;
    if (!isReadable(high)) this.refuse(vector, selector);
    if (!(isCode(high) && isConforming(high)) && Math.max(cpl, selector & SELECTOR_RPL) > dplOf(high)) {
      this.refuse(vector, selector);
    }
    if (!isPresent(high)) this.refuse(SEGMENT_NOT_PRESENT, selector);
    this.markAccessed();
    this.setFromDescriptor(segment, selector, this.low, high | ACCESSED);
  }

  /** After a return to less privileged code: clears segment registers that it may not use (17, RET and IRET). */
  dropPrivileged(cpl: number): void {
    for (const segment of [ES, DS, FS, GS]) {
      const attributes = this.attributes(segment);
      const guarded = !(isApplication(attributes) && isCode(attributes) && isConforming(attributes));
      if (guarded && dplOf(attributes) < cpl) this.set(segment, 0, 0, 0, 0);
    }
  }
}
