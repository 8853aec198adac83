import { CR0_NE } from '../../control-registers.ts';
import type { CoprocessorLines } from '../../device.ts';
import {
  CR0,
  FPU_CONTROL,
  FPU_EMPTY,
  FPU_ERROR,
  FPU_INSTRUCTION_OFFSET,
  FPU_OPCODE,
  FPU_REGISTER_WORDS,
  FPU_REGISTERS,
  FPU_STATUS,
} from '../state.ts';
import { BEFORE, BUSY, C1, CONDITIONS, EXCEPTIONS, EXPONENT, IE, STACK_FAULT, SUMMARY } from './float80.ts';
import { Transcendental } from './transcendental.ts';

/** The x87's state: registers, tags, control and status, and its errors. */

/** A board without them: errors come as #MF or not at all. */
export const NO_LINES: CoprocessorLines = { error() {}, ignoreErrors: true };

/** Bits of the control word that can be written; bit 6 always reads 1. */
const CONTROL_BITS = 0x1f3f;
const CONTROL_ALWAYS = 0x40;
const TOP_SHIFT = 11;
const TOP = 7 << TOP_SHIFT;
/** Values of a tag (SDM volume 1, 8.1.7). */
const TAG_VALID = 0;
const TAG_ZERO = 1;
const TAG_SPECIAL = 2;
const TAG_EMPTY = 3;

/**
 * The x87 register stack and its words (SDM volume 1, 8.1), in CPU_STATE. Of a register's tag only "empty" is kept; the
 * rest is told from what it holds, as processors since the 486 do. The status word is kept without ES and B, which
 * follow from its flags and the masks.
 */
export class Fpu {
  readonly math = new Transcendental();
  /** False: a machine without a coprocessor, whose escapes do nothing. */
  present = true;
  /** FCMOVcc, FCOMI, FUCOMI: the P6 has them. */
  conditional = false;
  lines: CoprocessorLines = NO_LINES;
  private readonly i32: Int32Array;

  constructor(i32: Int32Array) {
    this.i32 = i32;
  }

  /** After RESET (SDM volume 3, table 9-1): registers +0, not empty. */
  reset(): void {
    const { i32 } = this;
    i32.fill(0, FPU_REGISTERS, FPU_ERROR + 1);
    i32[FPU_CONTROL] = CONTROL_ALWAYS;
  }

  /** FNINIT: the registers keep what they hold, but count as empty. */
  initialise(): void {
    const { i32 } = this;
    i32[FPU_CONTROL] = 0x037f;
    i32[FPU_STATUS] = 0;
    i32[FPU_EMPTY] = 0xff;
    for (let word = FPU_INSTRUCTION_OFFSET; word <= FPU_OPCODE; word++) i32[word] = 0;
    this.updateError();
  }

  // --- Words -------------------------------------------------------------------------------------------------------

  get control(): number {
    return this.i32[FPU_CONTROL];
  }
  set control(value: number) {
    this.i32[FPU_CONTROL] = (value & CONTROL_BITS) | CONTROL_ALWAYS;
    this.updateError();
  }

  /** An exception is flagged and not masked. */
  get pending(): boolean {
    return (this.i32[FPU_STATUS] & ~this.i32[FPU_CONTROL] & EXCEPTIONS) !== 0;
  }

  get status(): number {
    return this.i32[FPU_STATUS] | (this.pending ? SUMMARY | BUSY : 0);
  }
  set status(value: number) {
    this.i32[FPU_STATUS] = value & 0xffff & ~(SUMMARY | BUSY);
    this.updateError();
  }

  /** The tag word, two bits a register. */
  get tags(): number {
    let word = 0;
    for (let register = 7; register >= 0; register--) word = (word << 2) | this.tagOf(register);
    return word;
  }
  set tags(word: number) {
    let empty = 0;
    for (let register = 0; register < 8; register++)
      if (((word >> (2 * register)) & 3) === TAG_EMPTY) empty |= 1 << register;
    this.i32[FPU_EMPTY] = empty;
  }

  private tagOf(register: number): number {
    const { i32 } = this;
    if ((i32[FPU_EMPTY] >> register) & 1) return TAG_EMPTY;
    const at = FPU_REGISTERS + register * FPU_REGISTER_WORDS;
    const exponent = i32[at + 2] & EXPONENT;
    if (exponent === 0) return (i32[at] | i32[at + 1]) === 0 ? TAG_ZERO : TAG_SPECIAL;
    return exponent === EXPONENT || i32[at + 1] >= 0 ? TAG_SPECIAL : TAG_VALID;
  }

  // --- Exceptions --------------------------------------------------------------------------------------------------

  /** True if an instruction that waits may go on (`stop` otherwise: #MF, or to wait for IRQ 13). */
  mayProceed(): boolean {
    if (!this.pending) return true;
    return (this.i32[CR0] & CR0_NE) === 0 && this.lines.ignoreErrors;
  }

  /** CR0.NE: the exception is #MF. Otherwise FERR# goes up, and the processor waits for an interrupt. */
  get native(): boolean {
    return (this.i32[CR0] & CR0_NE) !== 0;
  }

  assertError(): void {
    if (this.i32[FPU_ERROR] !== 0) return;
    this.i32[FPU_ERROR] = 1;
    this.lines.error(true);
  }

  /** FERR# goes down with the exception. */
  updateError(): void {
    if (this.i32[FPU_ERROR] === 0 || this.pending) return;
    this.i32[FPU_ERROR] = 0;
    this.lines.error(false);
  }

  /** FNCLEX. */
  clearExceptions(): void {
    this.i32[FPU_STATUS] &= ~(EXCEPTIONS | STACK_FAULT);
    this.updateError();
  }

  /** Adds an instruction's exceptions; C1 is as it says. */
  report(flags: number): void {
    this.i32[FPU_STATUS] = (this.i32[FPU_STATUS] & ~C1) | flags;
  }

  setConditions(bits: number): void {
    this.i32[FPU_STATUS] = (this.i32[FPU_STATUS] & ~CONDITIONS) | bits;
  }

  isMasked(exception: number): boolean {
    return (this.i32[FPU_CONTROL] & exception) !== 0;
  }

  // --- Registers ---------------------------------------------------------------------------------------------------

  private physical(i: number): number {
    return ((this.i32[FPU_STATUS] >> TOP_SHIFT) + i) & 7;
  }

  /** Words of ST(i): significand low, high, then sign and exponent. */
  at(i: number): number {
    return FPU_REGISTERS + this.physical(i) * FPU_REGISTER_WORDS;
  }

  isEmpty(i: number): boolean {
    return ((this.i32[FPU_EMPTY] >> this.physical(i)) & 1) !== 0;
  }

  set(i: number, se: number, hi: number, lo: number): void {
    const { i32 } = this;
    const at = this.at(i);
    i32[at] = lo;
    i32[at + 1] = hi;
    i32[at + 2] = se;
    i32[FPU_EMPTY] &= ~(1 << this.physical(i));
  }

  setEmpty(i: number): void {
    this.i32[FPU_EMPTY] |= 1 << this.physical(i);
  }

  moveTop(by: number): void {
    const { i32 } = this;
    const status = i32[FPU_STATUS];
    i32[FPU_STATUS] = (status & ~TOP) | ((status + (by << TOP_SHIFT)) & TOP);
  }

  pop(count = 1): void {
    for (let n = 0; n < count; n++) {
      this.setEmpty(0);
      this.moveTop(1);
    }
  }

  push(se: number, hi: number, lo: number): void {
    this.moveTop(-1);
    this.set(0, se, hi, lo);
  }

  /** The real indefinite: what a masked stack fault leaves. */
  setIndefinite(i: number): void {
    this.set(i, 0xffff, 0xc0000000 | 0, 0);
  }

  /** A register that should not be empty is: masked, `i` becomes indefinite and `pops` are made. */
  underflow(i: number, pops = 0): void {
    this.report(IE | STACK_FAULT);
    if (!this.isMasked(IE)) return;
    this.setIndefinite(i);
    this.pop(pops);
  }

  /** True when there is no room for a push; the masked response is made. */
  overflows(): boolean {
    if (this.isEmpty(7)) return false;
    this.report(IE | STACK_FAULT | C1);
    if (this.isMasked(IE)) {
      this.moveTop(-1);
      this.setIndefinite(0);
    }
    return true;
  }

  /** Takes over the result of an operation, unless an exception prevents it; says whether it did. */
  deliver(i: number, pops = 0): boolean {
    const { math } = this;
    this.report(math.flags);
    if (math.unmasked() & BEFORE) return false;
    this.set(i, math.se, math.hi, math.lo);
    this.pop(pops);
    return true;
  }
}
