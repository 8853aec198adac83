import {
  BIAS,
  C0,
  C2,
  C3,
  classOf,
  DE,
  DENORMAL,
  DOWN,
  EXPONENT,
  IE,
  INFINITE,
  INTEGER_BIT,
  isNormal,
  isSignaling,
  NAN,
  QUIET_BIT,
  SIGN,
  toBig,
  UNSUPPORTED,
  ZE,
  ZERO,
} from './float80.ts';
import { Rounding } from './rounding.ts';

/** The x87's arithmetic on 80-bit numbers: add, subtract, multiply, divide, square root, compare. */

/** Upper half of the 64-bit product of two unsigned words, as an int32. */
export function multiplyHigh(a: number, b: number): number {
  const a0 = a & 0xffff;
  const a1 = a >>> 16;
  const b0 = b & 0xffff;
  const b1 = b >>> 16;
  const first = a1 * b0 + ((a0 * b0) >>> 16);
  const second = a0 * b1 + (first & 0xffff);
  return (a1 * b1 + Math.floor(first / 65536) + Math.floor(second / 65536)) | 0;
}

const below = (ah: number, al: number, bh: number, bl: number): boolean =>
  ah === bh ? al >>> 0 < bl >>> 0 : ah >>> 0 < bh >>> 0;

/**
 * The four operations, square root and comparison on 80-bit numbers, by integers alone. Operands are (se, hi, lo);
 * results, exceptions and C1 are left in the fields (rounding.ts). When an exception that precedes the operation is not
 * masked (`unmasked() & BEFORE`), there is no result.
 */
export class Arithmetic extends Rounding {
  /** The source was a denormal of 32 or 64 bits in memory: the same exception as one in a register. */
  denormalSource = false;

  begin(cw: number): void {
    this.cw = cw;
    this.flags = 0;
    this.denormalSource = false;
  }

  /** The default answer to an invalid operation: the QNaN real indefinite. */
  invalid(): void {
    this.flags |= IE;
    this.result(0xffff, 0xc0000000 | 0, 0);
  }

  protected zero(sign: number): void {
    this.result(sign, 0, 0);
  }

  protected infinity(sign: number): void {
    this.result(sign | EXPONENT, INTEGER_BIT, 0);
  }

  /** A NaN operand, made quiet. */
  protected quiet(se: number, hi: number, lo: number): void {
    if (isSignaling(hi)) this.flags |= IE;
    this.result(se, hi | QUIET_BIT, lo);
  }

  /** Operands that decide the result of an operation on two: unsupported ones and NaNs (SDM volume 1, table 4-7). */
  protected decided(ase: number, ah: number, al: number, bse: number, bh: number, bl: number): boolean {
    const a = classOf(ase, ah, al);
    const b = classOf(bse, bh, bl);
    if (a === UNSUPPORTED || b === UNSUPPORTED) {
      this.invalid();
      return true;
    }
    if (a !== NAN && b !== NAN) return false;
    if (a !== NAN) this.quiet(bse, bh, bl);
    else if (b !== NAN) this.quiet(ase, ah, al);
    else this.chooseNan(ase, ah, al, bse, bh, bl);
    return true;
  }

  private chooseNan(ase: number, ah: number, al: number, bse: number, bh: number, bl: number): void {
    const a = isSignaling(ah);
    const b = isSignaling(bh);
    if (a || b) this.flags |= IE;
    // A quiet one goes before a signaling one; then the larger significand, then the positive one.
    const sameHi = ah === bh && al === bl;
    const first = a !== b ? b : sameHi ? (ase & SIGN) === 0 : below(bh, bl, ah, al);
    if (first) this.result(ase, ah | QUIET_BIT, al);
    else this.result(bse, bh | QUIET_BIT, bl);
  }

  /** One operand alone decides. */
  protected decidedAlone(se: number, hi: number, lo: number): boolean {
    const kind = classOf(se, hi, lo);
    if (kind === UNSUPPORTED) this.invalid();
    else if (kind === NAN) this.quiet(se, hi, lo);
    else return false;
    return true;
  }

  /** Denormal operands: true when the exception is not masked and the operation does not take place. */
  protected denormal(some: boolean): boolean {
    if (!some && !this.denormalSource) return false;
    this.flags |= DE;
    return (this.cw & DE) === 0;
  }

  /** Brings a finite number that is not 0 into `exp`, `hi`, `lo`, with its integer bit set. */
  protected unpack(se: number, hi: number, lo: number): void {
    const exponent = se & EXPONENT;
    if (hi < 0) {
      this.exp = exponent === 0 ? 1 : exponent;
      this.hi = hi;
      this.lo = lo;
    } else {
      this.normalise(1, hi, lo, 0);
    }
  }

  // --- Addition ----------------------------------------------------------------------------------------------------

  add(ase: number, ah: number, al: number, bse: number, bh: number, bl: number): void {
    if (isNormal(ase, ah) && isNormal(bse, bh) && !this.denormalSource) {
      this.addFinite(ase & SIGN, ase & EXPONENT, ah, al, bse & SIGN, bse & EXPONENT, bh, bl);
    } else if (!this.decided(ase, ah, al, bse, bh, bl)) {
      this.addSpecial(ase, ah, al, bse, bh, bl);
    }
  }

  subtract(ase: number, ah: number, al: number, bse: number, bh: number, bl: number): void {
    if (isNormal(ase, ah) && isNormal(bse, bh) && !this.denormalSource) {
      this.addFinite(ase & SIGN, ase & EXPONENT, ah, al, ~bse & SIGN, bse & EXPONENT, bh, bl);
    } else if (!this.decided(ase, ah, al, bse, bh, bl)) {
      this.addSpecial(ase, ah, al, bse ^ SIGN, bh, bl);
    }
  }

  private addSpecial(ase: number, ah: number, al: number, bse: number, bh: number, bl: number): void {
    const a = classOf(ase, ah, al);
    const b = classOf(bse, bh, bl);
    if (a === INFINITE && b === INFINITE && (ase ^ bse) & SIGN) {
      this.invalid();
      return;
    }
    if (this.denormal(a === DENORMAL || b === DENORMAL)) return;
    if (a === INFINITE) this.infinity(ase & SIGN);
    else if (b === INFINITE) this.infinity(bse & SIGN);
    else if (a === ZERO && b === ZERO) this.zero((ase ^ bse) & SIGN ? this.cancelled() : ase & SIGN);
    else if (a === ZERO || b === ZERO) {
      if (a === ZERO) this.unpack(bse, bh, bl);
      else this.unpack(ase, ah, al);
      this.pack((a === ZERO ? bse : ase) & SIGN, this.exp, this.hi, this.lo, 0);
    } else {
      this.unpack(ase, ah, al);
      const { exp, hi, lo } = this;
      this.unpack(bse, bh, bl);
      this.addFinite(ase & SIGN, exp, hi, lo, bse & SIGN, this.exp, this.hi, this.lo);
    }
  }

  /** Sign of an exact zero of two that cancel. */
  private cancelled(): number {
    return this.roundingControl === DOWN ? SIGN : 0;
  }

  private addFinite(
    sa: number,
    ea: number,
    ah: number,
    al: number,
    sb: number,
    eb: number,
    bh: number,
    bl: number,
  ): void {
    if (ea < eb || (ea === eb && below(ah, al, bh, bl))) this.addOrdered(sb, eb, bh, bl, sa, ea, ah, al);
    else this.addOrdered(sa, ea, ah, al, sb, eb, bh, bl);
  }

  /** |a| >= |b|. */
  private addOrdered(
    sa: number,
    ea: number,
    ah: number,
    al: number,
    sb: number,
    eb: number,
    bh: number,
    bl: number,
  ): void {
    this.shiftRight(bh, bl, 0, ea - eb);
    const { hi, lo, ext } = this;
    if (sa === sb) {
      const low = (al + lo) | 0;
      const sum = (ah >>> 0) + (hi >>> 0) + (low >>> 0 < al >>> 0 ? 1 : 0);
      const high = sum | 0;
      if (sum < 0x100000000) this.pack(sa, ea, high, low, ext);
      else {
        const out = (low << 31) | (ext >>> 1) | (ext & 1);
        this.pack(sa, ea + 1, (high >>> 1) | INTEGER_BIT, (high << 31) | (low >>> 1), out);
      }
      return;
    }
    const low1 = (al - lo) | 0;
    let borrow = al >>> 0 < lo >>> 0 ? 1 : 0;
    let low = low1;
    if (ext !== 0) {
      if (low1 === 0) borrow = 1;
      low = (low1 - 1) | 0;
    }
    const high = (ah - hi - borrow) | 0;
    const out = -ext | 0;
    if ((high | low | out) === 0) {
      this.zero(this.cancelled());
      return;
    }
    this.normalise(ea, high, low, out);
    this.pack(sa, this.exp, this.hi, this.lo, this.ext);
  }

  // --- Multiplication ----------------------------------------------------------------------------------------------

  multiply(ase: number, ah: number, al: number, bse: number, bh: number, bl: number): void {
    const sign = (ase ^ bse) & SIGN;
    if (isNormal(ase, ah) && isNormal(bse, bh) && !this.denormalSource) {
      this.multiplyFinite(sign, (ase & EXPONENT) + (bse & EXPONENT), ah, al, bh, bl);
      return;
    }
    if (this.decided(ase, ah, al, bse, bh, bl)) return;
    const a = classOf(ase, ah, al);
    const b = classOf(bse, bh, bl);
    if ((a === INFINITE && b === ZERO) || (a === ZERO && b === INFINITE)) this.invalid();
    else if (this.denormal(a === DENORMAL || b === DENORMAL)) return;
    else if (a === INFINITE || b === INFINITE) this.infinity(sign);
    else if (a === ZERO || b === ZERO) this.zero(sign);
    else {
      this.unpack(ase, ah, al);
      const { exp, hi, lo } = this;
      this.unpack(bse, bh, bl);
      this.multiplyFinite(sign, exp + this.exp, hi, lo, this.hi, this.lo);
    }
  }

  /** `exponents` is the sum of both, each with its bias. */
  private multiplyFinite(
    sign: number,
    exponents: number,
    ah: number,
    al: number,
    bh: number,
    bl: number,
  ): void {
    // Words of the product from the lowest: w0 w1 w2 w3.
    const w0 = Math.imul(al, bl);
    const crossA = Math.imul(ah, bl);
    const crossB = Math.imul(al, bh);
    const sum1 = (multiplyHigh(al, bl) >>> 0) + (crossA >>> 0) + (crossB >>> 0);
    const w1 = sum1 | 0;
    const sum2 =
      (multiplyHigh(ah, bl) >>> 0) +
      (multiplyHigh(al, bh) >>> 0) +
      (Math.imul(ah, bh) >>> 0) +
      Math.floor(sum1 / 0x100000000);
    const w2 = sum2 | 0;
    const w3 = ((multiplyHigh(ah, bh) >>> 0) + Math.floor(sum2 / 0x100000000)) | 0;
    const ext = w1 | (w0 !== 0 ? 1 : 0);
    if (w3 < 0) this.pack(sign, exponents - BIAS + 1, w3, w2, ext);
    else {
      const hi = (w3 << 1) | (w2 >>> 31);
      const lo = (w2 << 1) | (w1 >>> 31);
      this.pack(sign, exponents - BIAS, hi, lo, (w1 << 1) | (w0 !== 0 ? 1 : 0));
    }
  }

  // --- Division ----------------------------------------------------------------------------------------------------

  divide(ase: number, ah: number, al: number, bse: number, bh: number, bl: number): void {
    const sign = (ase ^ bse) & SIGN;
    if (isNormal(ase, ah) && isNormal(bse, bh) && !this.denormalSource) {
      this.divideFinite(sign, (ase & EXPONENT) - (bse & EXPONENT), ah, al, bh, bl);
      return;
    }
    if (this.decided(ase, ah, al, bse, bh, bl)) return;
    const a = classOf(ase, ah, al);
    const b = classOf(bse, bh, bl);
    if ((a === INFINITE && b === INFINITE) || (a === ZERO && b === ZERO)) this.invalid();
    else if (b === ZERO && a !== INFINITE) {
      this.flags |= ZE;
      this.infinity(sign);
    } else if (this.denormal(a === DENORMAL || b === DENORMAL)) return;
    else if (a === INFINITE) this.infinity(sign);
    else if (a === ZERO || b === INFINITE) this.zero(sign);
    else {
      this.unpack(ase, ah, al);
      const { exp, hi, lo } = this;
      this.unpack(bse, bh, bl);
      this.divideFinite(sign, exp - this.exp, hi, lo, this.hi, this.lo);
    }
  }

  /** Bit by bit: 64 bits of quotient, then half and rest by the remainder. */
  private divideFinite(
    sign: number,
    difference: number,
    ah: number,
    al: number,
    bh: number,
    bl: number,
  ): void {
    let rh = ah;
    let rl = al;
    let exp = difference + BIAS;
    let carry = 0;
    if (below(ah, al, bh, bl)) {
      exp--;
      carry = 1;
      rh = (ah << 1) | (al >>> 31);
      rl = al << 1;
    }
    let qh = 0;
    let ql = 0;
    for (let bit = 0; ; bit++) {
      let one = 0;
      if (carry || !below(rh, rl, bh, bl)) {
        const borrow = rl >>> 0 < bl >>> 0 ? 1 : 0;
        rl = (rl - bl) | 0;
        rh = (rh - bh - borrow) | 0;
        one = 1;
      }
      if (bit === 64) {
        this.pack(sign, exp, qh, ql, (one ? INTEGER_BIT : 0) | ((rh | rl) !== 0 ? 1 : 0));
        return;
      }
      if (bit < 32) qh = (qh << 1) | one;
      else ql = (ql << 1) | one;
      carry = rh >>> 31;
      rh = (rh << 1) | (rl >>> 31);
      rl <<= 1;
    }
  }

  // --- Square root -------------------------------------------------------------------------------------------------

  squareRoot(se: number, hi: number, lo: number): void {
    if (this.decidedAlone(se, hi, lo)) return;
    const kind = classOf(se, hi, lo);
    if (kind === ZERO) this.zero(se & SIGN);
    else if (se & SIGN) this.invalid();
    else if (this.denormal(kind === DENORMAL)) return;
    else if (kind === INFINITE) this.infinity(0);
    else {
      this.unpack(se, hi, lo);
      // The radicand with an even exponent: 127 or 128 bits, so that the root has 64.
      const odd = (this.exp - BIAS) & 1;
      const radicand = toBig(this.hi, this.lo) << (odd ? 64n : 63n);
      const root = integerRoot(radicand);
      const rest = radicand - root * root;
      const ext = (rest > root ? INTEGER_BIT : 0) | (rest !== 0n ? 1 : 0);
      const exp = ((this.exp - BIAS - odd) >> 1) + BIAS;
      this.pack(0, exp, Number(BigInt.asIntN(32, root >> 32n)), Number(BigInt.asIntN(32, root)), ext);
    }
  }

  // --- Comparison --------------------------------------------------------------------------------------------------

  /** Condition codes C3 C2 C0; a quiet NaN is invalid only if `ordered`. */
  compare(
    ase: number,
    ah: number,
    al: number,
    bse: number,
    bh: number,
    bl: number,
    ordered: boolean,
  ): number {
    if (!isNormal(ase, ah) || !isNormal(bse, bh) || this.denormalSource) {
      const a = classOf(ase, ah, al);
      const b = classOf(bse, bh, bl);
      if (a === UNSUPPORTED || b === UNSUPPORTED || a === NAN || b === NAN) {
        const signaling = (a === NAN && isSignaling(ah)) || (b === NAN && isSignaling(bh));
        if (ordered || signaling || a === UNSUPPORTED || b === UNSUPPORTED) this.flags |= IE;
        return C3 | C2 | C0;
      }
      this.denormal(a === DENORMAL || b === DENORMAL);
      if (a === ZERO && b === ZERO) return C3;
      if (a === ZERO) return bse & SIGN ? 0 : C0;
      if (b === ZERO) return ase & SIGN ? C0 : 0;
    }
    if ((ase ^ bse) & SIGN) return ase & SIGN ? C0 : 0;
    // A pseudo-denormal has the exponent 0 of the value with exponent 1.
    const ea = ase & EXPONENT || 1;
    const eb = bse & EXPONENT || 1;
    if (ea === eb && ah === bh && al === bl) return C3;
    const less = ea === eb ? below(ah, al, bh, bl) : ea < eb;
    return less === ((ase & SIGN) === 0) ? C0 : 0;
  }
}

/** Largest integer whose square is at most `n` (0 < n < 2^1000), by Newton's iteration from above. */
export function integerRoot(n: bigint): bigint {
  let x = 1n << BigInt((n.toString(16).length * 4) / 2 + 1);
  for (;;) {
    const next = (x + n / x) >> 1n;
    if (next >= x) return x;
    x = next;
  }
}
