import { C1, DOWN, EXPONENT, INTEGER_BIT, NEAREST, OE, PE, SIGN, UE, UP } from './float80.ts';

/** Rounding of x87 results, with the exceptions that it raises. */

/** Added to the exponent of an underflow that is not masked, taken from that of an overflow (SDM volume 1, 8.5.4). */
export const UNMASKED_BIAS = 24576;

/**
 * Rounding, once for all operations. Significands are 96 bits in three int32, `hi` `lo` `ext`, the lowest bit of `ext`
 * standing for all the ones below it. Results are left in the fields: nothing is allocated.
 */
export class Rounding {
  /** Control word in force: set before each operation. */
  cw = 0x037f;
  /** Exceptions that the operation raised; with them C1, when it rounded up. */
  flags = 0;

  /** The result: sign and exponent, significand. */
  se = 0;
  hi = 0;
  lo = 0;
  protected ext = 0;
  /** Exponent of a normalised operand, or of what was rounded to a range. */
  exp = 0;
  /** Results of `roundAt`: a carry out of the integer bit, whether bits were lost, whether it rounded up. */
  protected carry = 0;
  protected inexact = false;
  protected up = false;

  /** Exceptions so far that are not masked. */
  unmasked(): number {
    return this.flags & ~this.cw & 0x3f;
  }

  protected get roundingControl(): number {
    return (this.cw >> 10) & 3;
  }

  /** Significand bits by precision control: 24, 53, 64; the reserved value acts as 64. */
  protected get precision(): number {
    const control = (this.cw >> 8) & 3;
    return control === 0 ? 24 : control === 2 ? 53 : 64;
  }

  protected set3(hi: number, lo: number, ext: number): void {
    this.hi = hi;
    this.lo = lo;
    this.ext = ext;
  }

  /** Shifts right; ones that fall out stay as the lowest bit. */
  protected shiftRight(hi: number, lo: number, ext: number, count: number): void {
    let n = Math.min(count, 128);
    let h = hi;
    let l = lo;
    let e = ext;
    for (; n >= 32; n -= 32) {
      e = l | (e !== 0 ? 1 : 0);
      l = h;
      h = 0;
    }
    if (n > 0) {
      const lost = e << (32 - n);
      e = (l << (32 - n)) | (e >>> n) | (lost !== 0 ? 1 : 0);
      l = (h << (32 - n)) | (l >>> n);
      h >>>= n;
    }
    this.hi = h | 0;
    this.lo = l | 0;
    this.ext = e | 0;
  }

  /** Shifts a significand that is not 0 left until its integer bit is set; `exp` is the exponent then. */
  protected normalise(exp: number, hi: number, lo: number, ext: number): void {
    let h = hi;
    let l = lo;
    let e = ext;
    let x = exp;
    while (h === 0) {
      h = l;
      l = e;
      e = 0;
      x -= 32;
    }
    const n = Math.clz32(h);
    if (n > 0) {
      h = (h << n) | (l >>> (32 - n));
      l = (l << n) | (e >>> (32 - n));
      e <<= n;
      x -= n;
    }
    this.exp = x;
    this.hi = h;
    this.lo = l;
    this.ext = e;
  }

  /** Rounds to the uppermost `precision` (24, 53, 64) bits, the carry out of them apart. */
  protected roundAt(precision: number, sign: number, hi: number, lo: number, ext: number): void {
    let last: number;
    let half: boolean;
    let rest: boolean;
    let h = hi;
    let l = lo;
    if (precision === 64) {
      last = lo & 1;
      half = ext < 0;
      rest = ext << 1 !== 0;
    } else if (precision === 53) {
      last = lo & 0x800;
      half = (lo & 0x400) !== 0;
      rest = ((lo & 0x3ff) | ext) !== 0;
      l &= ~0x7ff;
    } else {
      last = hi & 0x100;
      half = (hi & 0x80) !== 0;
      rest = ((hi & 0x7f) | lo | ext) !== 0;
      h &= ~0xff;
      l = 0;
    }
    const inexact = half || rest;
    const control = (this.cw >> 10) & 3;
    let up = false;
    if (inexact) {
      if (control === NEAREST) up = half && (rest || last !== 0);
      else if (control === DOWN) up = sign !== 0;
      else if (control === UP) up = sign === 0;
    }
    this.carry = 0;
    if (up) {
      if (precision === 24) {
        h = (h + 0x100) | 0;
        if (h >>> 8 === 0) this.carry = 1;
      } else {
        const before = l;
        l = (l + (precision === 64 ? 1 : 0x800)) | 0;
        if (l >>> 0 < before >>> 0) {
          h = (h + 1) | 0;
          if (h === 0) this.carry = 1;
        }
      }
      if (this.carry) h = INTEGER_BIT;
    }
    this.hi = h;
    this.lo = l;
    this.inexact = inexact;
    this.up = up;
  }

  /**
   * Rounds a normalised value to `precision` bits and an exponent below `limit` (its infinity), with the masked
   * responses and, for results that are not masked, the exponent wrapped by `wrap`. Leaves `exp`, `hi`, `lo`; flags.
   * Tininess is judged after rounding (SDM volume 1, 4.9.1.5).
   */
  protected toRange(
    sign: number,
    exp: number,
    hi: number,
    lo: number,
    ext: number,
    precision: number,
    limit: number,
    wrap: number,
  ): void {
    this.roundAt(precision, sign, hi, lo, ext);
    let result = exp + this.carry;
    if (exp <= 0) {
      const tiny = result < 1;
      if (tiny && (this.cw & UE) === 0) {
        this.flags |= UE;
        result += wrap;
        if (result < 1 && wrap > 0) {
          // FSCALE by far: beyond what the exponent can be wrapped by.
          this.flags |= PE;
          this.exp = 0;
          this.hi = 0;
          this.lo = 0;
          return;
        }
      } else {
        this.shiftRight(hi, lo, ext, 1 - exp);
        this.roundAt(precision, sign, this.hi, this.lo, this.ext);
        if (this.carry) this.hi = INTEGER_BIT;
        result = this.hi < 0 ? 1 + this.carry : 0;
        if (tiny && this.inexact) this.flags |= UE;
      }
    } else if (result >= limit) {
      if ((this.cw & OE) === 0) {
        this.flags |= OE;
        result -= wrap;
        if (result >= limit && wrap > 0) {
          this.flags |= PE | C1;
          this.exp = limit;
          this.hi = INTEGER_BIT;
          this.lo = 0;
          return;
        }
      } else {
        this.overflow(sign, precision, limit);
        return;
      }
    }
    this.exp = result;
    if (this.inexact) this.flags |= this.up ? PE | C1 : PE;
  }

  /** Infinity, or the largest number where rounding is away from it. */
  private overflow(sign: number, precision: number, limit: number): void {
    const control = this.roundingControl;
    const infinite = control === NEAREST || (control === DOWN ? sign !== 0 : control === UP && sign === 0);
    this.flags |= infinite ? OE | PE | C1 : OE | PE;
    this.exp = infinite ? limit : limit - 1;
    this.hi = infinite ? INTEGER_BIT : precision === 24 ? ~0xff : -1;
    this.lo = infinite || precision === 24 ? 0 : precision === 53 ? ~0x7ff : -1;
  }

  /** The result of an arithmetic operation, rounded as the control word says. `sign` is 0 or SIGN. */
  protected pack(sign: number, exp: number, hi: number, lo: number, ext: number): void {
    this.packAt(this.precision, sign, exp, hi, lo, ext);
  }

  protected packAt(precision: number, sign: number, exp: number, hi: number, lo: number, ext: number): void {
    this.toRange(sign, exp, hi, lo, ext, precision, EXPONENT, UNMASKED_BIAS);
    this.se = (sign & SIGN) | this.exp;
  }

  protected result(se: number, hi: number, lo: number): void {
    this.se = se;
    this.hi = hi;
    this.lo = lo;
  }
}
