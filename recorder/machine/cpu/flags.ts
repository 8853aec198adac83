import type { Processor } from './decode/models.ts';
import { CPL, FLAG_A, FLAG_B, FLAG_KIND, FLAG_RESULT, SYSTEM_FLAGS } from './state.ts';

/** EFLAGS, computed lazily from the last result and operands. */

/** EFLAGS (80386 Programmer's Reference, 2.3.4; AC, ID: Pentium manual, volume 3, 10.1.1). */
export const CF = 0x0001;
export const PF = 0x0004;
export const AF = 0x0010;
export const ZF = 0x0040;
export const SF = 0x0080;
export const TF = 0x0100;
export const IF = 0x0200;
export const DF = 0x0400;
export const OF = 0x0800;
export const IOPL = 0x3000;
export const NT = 0x4000;
export const RF = 0x10000;
export const VM = 0x20000;
export const AC = 0x40000;
export const VIF = 0x80000;
export const VIP = 0x100000;
export const ID = 0x200000;

export const ARITHMETIC = CF | PF | AF | ZF | SF | OF;
/** Bit 1 always reads 1. */
export const ALWAYS = 0x0002;

/**
 * Lazy flags: an instruction stores its result, its operands and the kind of operation; a flag is computed when it is needed. Operands
 * narrower than 32 bits are stored shifted to the top, so that one formula serves all sizes; the kind holds that shift in its upper bits
 * for PF and AF, which concern the low byte.
 *
 * - ADD: RESULT = A + B (+ carry). SUB: RESULT = A - B. A logical operation is SUB of 0.
 * - SBB: as SUB, with a borrow: comparing A and B does not tell the conditions.
 * - INC, DEC: A is the operand, B the carry, which they preserve.
 * - RAW: A is CF and AF in their places, B is OF (0 or 1).
 * - ALL: A holds all six flags in their places; RESULT is 0 exactly when ZF is set.
 */
export const KIND_SUB = 0;
export const KIND_ADD = 1;
export const KIND_SBB = 2;
export const KIND_INC = 3;
export const KIND_DEC = 4;
export const KIND_RAW = 5;
export const KIND_ALL = 6;
export const KIND_MASK = 7;
export const KIND_SHIFT = 3;

/** The bits by which operands of 1, 2 and 4 bytes are shifted up. */
export const topShift = (size: number): number => 32 - 8 * size;
export const kindOf = (kind: number, size: number): number => kind | (topShift(size) << KIND_SHIFT);

/** Bit n is the even parity of n's byte, 0-15. */
const NIBBLE_PARITY = 0x9669;

export class Flags {
  private readonly i32: Int32Array;
  /** Every flag that this processor has and software can change. */
  private readonly known: number;
  /** AF where undefined flags are those of a 286 or 386 (models.ts), which often set it; else 0. */
  readonly adjust: number;
  /** AF on a 386, whose shifts to the left always set it; on a 286 it is bit 4 of the result. Else 0. */
  readonly adjustLeft: number;
  /** Called when AC has changed. */
  alignmentChanged: () => void = () => {};

  constructor(i32: Int32Array, { eflags, undefinedFlags }: Processor) {
    this.i32 = i32;
    this.known = eflags;
    this.adjust = undefinedFlags === 'as a Pentium' ? 0 : AF;
    this.adjustLeft = undefinedFlags === 'as a 386' ? AF : 0;
  }

  cf(): number {
    const { i32 } = this;
    const a = i32[FLAG_A];
    const b = i32[FLAG_B];
    switch (i32[FLAG_KIND] & KIND_MASK) {
      case KIND_SUB:
        return a >>> 0 < b >>> 0 ? 1 : 0;
      case KIND_ADD:
        return ((a & b) | ((a | b) & ~i32[FLAG_RESULT])) >>> 31;
      case KIND_SBB:
        return ((~a & b) | ((~a | b) & i32[FLAG_RESULT])) >>> 31;
      case KIND_INC:
      case KIND_DEC:
        return b;
      default:
        return a & 1;
    }
  }

  zf(): boolean {
    return this.i32[FLAG_RESULT] === 0;
  }

  sf(): boolean {
    const { i32 } = this;
    if (i32[FLAG_KIND] === KIND_ALL) return (i32[FLAG_A] & SF) !== 0;
    return i32[FLAG_RESULT] < 0;
  }

  of(): boolean {
    const { i32 } = this;
    const a = i32[FLAG_A];
    const b = i32[FLAG_B];
    const result = i32[FLAG_RESULT];
    const kind = i32[FLAG_KIND];
    switch (kind & KIND_MASK) {
      case KIND_SUB:
      case KIND_SBB:
        return ((a ^ b) & (a ^ result)) < 0;
      case KIND_ADD:
        return ((a ^ result) & (b ^ result)) < 0;
      case KIND_INC:
        return result === -0x80000000;
      case KIND_DEC:
        return a === -0x80000000;
      case KIND_RAW:
        return b !== 0;
      default:
        return (a & OF) !== 0;
    }
  }

  pf(): boolean {
    const { i32 } = this;
    const kind = i32[FLAG_KIND];
    if (kind === KIND_ALL) return (i32[FLAG_A] & PF) !== 0;
    const byte = i32[FLAG_RESULT] >>> (kind >>> KIND_SHIFT);
    return ((NIBBLE_PARITY >>> ((byte ^ (byte >>> 4)) & 15)) & 1) !== 0;
  }

  af(): boolean {
    const { i32 } = this;
    const kind = i32[FLAG_KIND];
    const shift = kind >>> KIND_SHIFT;
    switch (kind & KIND_MASK) {
      case KIND_SUB:
      case KIND_ADD:
      case KIND_SBB:
        return (((i32[FLAG_A] ^ i32[FLAG_B] ^ i32[FLAG_RESULT]) >>> shift) & AF) !== 0;
      case KIND_INC:
      case KIND_DEC:
        return (((i32[FLAG_A] ^ i32[FLAG_RESULT]) >>> shift) & AF) !== 0;
      default:
        return (i32[FLAG_A] & AF) !== 0;
    }
  }

  /** Condition 0-15 of Jcc, SETcc (80386 Programmer's Reference, appendix D). */
  condition(code: number): boolean {
    let holds: boolean;
    switch (code >>> 1) {
      case 0:
        holds = this.of();
        break;
      case 1:
        holds = this.cf() !== 0;
        break;
      case 2:
        holds = this.zf();
        break;
      case 3:
        holds = this.cf() !== 0 || this.zf();
        break;
      case 4:
        holds = this.sf();
        break;
      case 5:
        holds = this.pf();
        break;
      case 6:
        holds = this.sf() !== this.of();
        break;
      default:
        holds = this.zf() || this.sf() !== this.of();
    }
    return (code & 1) === 0 ? holds : !holds;
  }

  /** The six arithmetic flags in their places. */
  arithmetic(): number {
    return (
      this.cf() |
      (this.pf() ? PF : 0) |
      (this.af() ? AF : 0) |
      (this.zf() ? ZF : 0) |
      (this.sf() ? SF : 0) |
      (this.of() ? OF : 0)
    );
  }

  setArithmetic(flags: number): void {
    const { i32 } = this;
    i32[FLAG_KIND] = KIND_ALL;
    i32[FLAG_RESULT] = flags & ZF ? 0 : 1;
    i32[FLAG_A] = flags & ARITHMETIC;
    i32[FLAG_B] = 0;
  }

  /** Changes the flags of `mask` alone. */
  change(mask: number, flags: number): void {
    this.setArithmetic((this.arithmetic() & ~mask) | (flags & mask));
  }

  /** Normalises the lazy fields to a form that depends only on the flags, for snapshots and hashes. */
  settle(): void {
    if (this.i32[FLAG_KIND] !== KIND_ALL) this.setArithmetic(this.arithmetic());
  }

  get eflags(): number {
    return this.i32[SYSTEM_FLAGS] | this.arithmetic() | ALWAYS;
  }

  /** Loads the flags of `mask`; the others keep their values. */
  setEflags(value: number, mask: number): void {
    const { i32 } = this;
    const system = mask & this.known & ~ARITHMETIC;
    const before = i32[SYSTEM_FLAGS];
    i32[SYSTEM_FLAGS] = (before & ~system) | (value & system);
    if ((before ^ i32[SYSTEM_FLAGS]) & AC) this.alignmentChanged();
    if (mask & ARITHMETIC) this.change(mask & ARITHMETIC, value);
  }

  /** Flags that POPF and IRET at the current privilege may change (80386 Programmer's Reference, 2.3.4 and 17, POPF). */
  popMask(): number {
    const { i32 } = this;
    const cpl = i32[CPL];
    const iopl = (i32[SYSTEM_FLAGS] & IOPL) >>> 12;
    let mask = ARITHMETIC | TF | DF | NT | AC | ID;
    if (cpl === 0) mask |= IOPL;
    if (cpl <= iopl) mask |= IF;
    return mask;
  }

  logic(result: number, size: number): void {
    const { i32 } = this;
    const top = result << topShift(size);
    i32[FLAG_KIND] = kindOf(KIND_SUB, size);
    i32[FLAG_RESULT] = top;
    i32[FLAG_A] = top;
    i32[FLAG_B] = 0;
  }

  /** `kind` with operands and result of `size` bytes. */
  set(kind: number, size: number, result: number, a: number, b: number): void {
    const { i32 } = this;
    const shift = topShift(size);
    i32[FLAG_KIND] = kind | (shift << KIND_SHIFT);
    i32[FLAG_RESULT] = result << shift;
    i32[FLAG_A] = a << shift;
    i32[FLAG_B] = b << shift;
  }

  /** Sets the flags of a result with computed CF and OF (0 or 1), and AF in `carry`. */
  raw(size: number, result: number, carry: number, overflow: number): void {
    const { i32 } = this;
    const shift = topShift(size);
    i32[FLAG_KIND] = KIND_RAW | (shift << KIND_SHIFT);
    i32[FLAG_RESULT] = result << shift;
    i32[FLAG_A] = carry;
    i32[FLAG_B] = overflow;
  }
}
