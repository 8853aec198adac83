import { Conversions } from './conversions.ts';
import {
  BIAS,
  C0,
  C1,
  C2,
  C3,
  classOf,
  DENORMAL,
  EXPONENT,
  highOf,
  INFINITE,
  INTEGER_BIT,
  lowOf,
  SIGN,
  toBig,
  ZE,
  ZERO,
} from './float80.ts';

/** The x87's exact work with exponents: FSCALE, FXTRACT, and the remainders of FPREM and FPREM1. */

/** More than any exponent can be scaled by. */
const FAR = 0x10000;

/** FSCALE, FXTRACT, FPREM and FPREM1 (SDM volume 2). None of them heeds the precision control. */
export class Scaling extends Conversions {
  /** The second result of FXTRACT, the exponent. */
  exponentSe = 0;
  exponentHi = 0;
  exponentLo = 0;

  /** A constant, known to 96 bits: rounded as the control word says, to 64 bits whatever its precision. */
  constant(se: number, hi: number, lo: number, below: number): void {
    this.roundAt(64, se & SIGN, hi, lo, below);
  }

  scale(ase: number, ah: number, al: number, bse: number, bh: number, bl: number): void {
    if (this.decided(ase, ah, al, bse, bh, bl)) return;
    const a = classOf(ase, ah, al);
    const b = classOf(bse, bh, bl);
    const sign = ase & SIGN;
    const down = (bse & SIGN) !== 0;
    if (b === INFINITE && a === (down ? INFINITE : ZERO)) this.invalid();
    else if (this.denormal(a === DENORMAL || b === DENORMAL)) return;
    else if (a === INFINITE || a === ZERO) this.result(ase, ah, al);
    else if (b === INFINITE) {
      if (down) this.zero(sign);
      else this.infinity(sign);
    } else {
      const size = (bse & EXPONENT) - BIAS;
      const count = size < 0 ? 0 : size > 15 ? FAR : bh >>> (31 - size);
      this.unpack(ase, ah, al);
      this.packAt(64, sign, this.exp + (down ? -count : count), this.hi, this.lo, 0);
    }
  }

  /** Leaves the significand as the result, the exponent beside it. */
  extract(se: number, hi: number, lo: number): void {
    if (this.decidedAlone(se, hi, lo)) {
      this.setExponent(this.se, this.hi, this.lo);
      return;
    }
    const kind = classOf(se, hi, lo);
    if (kind === ZERO) {
      this.flags |= ZE;
      this.setExponent(SIGN | EXPONENT, INTEGER_BIT, 0);
      this.result(se, hi, lo);
    } else if (kind === INFINITE) {
      this.setExponent(EXPONENT, INTEGER_BIT, 0);
      this.result(se, hi, lo);
    } else if (!this.denormal(kind === DENORMAL)) {
      this.unpack(se, hi, lo);
      const { exp, hi: high, lo: low } = this;
      const value = exp - BIAS;
      this.fromInteger(value >> 31, value);
      this.setExponent(this.se, this.hi, this.lo);
      this.result((se & SIGN) | BIAS, high, low);
    }
  }

  private setExponent(se: number, hi: number, lo: number): void {
    this.exponentSe = se;
    this.exponentHi = hi;
    this.exponentLo = lo;
  }

  /** Returns the condition codes: C2 when the reduction is not complete, else the quotient's last bits; -1 without one. */
  remainder(
    ase: number,
    ah: number,
    al: number,
    bse: number,
    bh: number,
    bl: number,
    nearest: boolean,
  ): number {
    if (this.decided(ase, ah, al, bse, bh, bl)) return -1;
    const a = classOf(ase, ah, al);
    const b = classOf(bse, bh, bl);
    if (a === INFINITE || b === ZERO) {
      this.invalid();
      return -1;
    }
    if (this.denormal(a === DENORMAL || b === DENORMAL)) return -1;
    if (a === ZERO) {
      this.result(ase, ah, al);
      return 0;
    }
    this.unpack(ase, ah, al);
    const exp = this.exp;
    const dividend = toBig(this.hi, this.lo);
    let difference = -2;
    let divisor = 0n;
    if (b !== INFINITE) {
      this.unpack(bse, bh, bl);
      difference = exp - this.exp;
      divisor = toBig(this.hi, this.lo);
    }
    if (difference < -1 || (difference < 0 && !nearest)) {
      this.packExact(ase & SIGN, exp, dividend);
      return 0;
    }
    if (difference >= 64) {
      // As much at once as the hardware does: a multiple of 32 is left.
      const step = (difference & 31) | 32;
      this.packExact(ase & SIGN, exp - step, (dividend << BigInt(step)) % divisor);
      return C2;
    }
    let unit = exp - difference;
    let scaled = dividend << BigInt(Math.max(difference, 0));
    if (difference < 0) {
      unit = exp;
      divisor <<= 1n;
      scaled = dividend;
    }
    let quotient = scaled / divisor;
    let rest = scaled - quotient * divisor;
    let sign = ase & SIGN;
    const twice = rest << 1n;
    if (nearest && (twice > divisor || (twice === divisor && quotient & 1n))) {
      quotient += 1n;
      rest = divisor - rest;
      sign ^= SIGN;
    }
    this.packExact(rest === 0n ? ase & SIGN : sign, unit, rest);
    const low = Number(quotient & 7n);
    return (low & 4 ? C0 : 0) | (low & 2 ? C3 : 0) | (low & 1 ? C1 : 0);
  }

  /** `significand` (up to 65 bits) in units of the last place of a number with exponent `exp`. */
  private packExact(sign: number, exp: number, significand: bigint): void {
    if (significand === 0n) {
      this.zero(sign);
      return;
    }
    const over = significand >> 64n === 0n ? 0 : 1;
    const ext = over && significand & 1n ? INTEGER_BIT : 0;
    const value = significand >> BigInt(over);
    this.normalise(exp + over, highOf(value), lowOf(value), ext);
    this.packAt(64, sign, this.exp, this.hi, this.lo, this.ext);
  }
}
