import { Arithmetic } from './arithmetic.ts';
import {
  BIAS,
  C1,
  classOf,
  DE,
  DENORMAL,
  EXPONENT,
  highOf,
  IE,
  INFINITE,
  INTEGER_BIT,
  isSignaling,
  lowOf,
  NAN,
  NORMAL,
  OE,
  PE,
  QUIET_BIT,
  SIGN,
  toBig,
  UE,
  UNSUPPORTED,
  ZERO,
} from './float80.ts';

/** Conversions between the x87's registers and the formats of memory. */

const BCD_LIMIT = 10n ** 18n;
const BCD_DIGITS = 18;

/** Between the registers' format and the seven of memory (SDM volume 1, 4.2, 4.7, 8.1.2), and rounding to an integer. */
export class Conversions extends Arithmetic {
  // --- Into 80 bits: exact. A denormal sets `denormalSource`; a signaling NaN stays one. ---------------------------

  fromSingle(bits: number): void {
    const se = (bits >>> 16) & SIGN;
    const exp = (bits >>> 23) & 0xff;
    const fraction = (bits << 9) >>> 1;
    if (exp === 0xff) this.result(se | EXPONENT, INTEGER_BIT | fraction, 0);
    else if (exp !== 0) this.result(se | (exp + BIAS - 127), INTEGER_BIT | fraction, 0);
    else this.fromTiny(se, BIAS - 126, fraction, 0);
  }

  fromDouble(high: number, low: number): void {
    const se = (high >>> 16) & SIGN;
    const exp = (high >>> 20) & 0x7ff;
    const hi = ((high & 0xfffff) << 11) | (low >>> 21);
    const lo = low << 11;
    if (exp === 0x7ff) this.result(se | EXPONENT, INTEGER_BIT | hi, lo);
    else if (exp !== 0) this.result(se | (exp + BIAS - 1023), INTEGER_BIT | hi, lo);
    else this.fromTiny(se, BIAS - 1022, hi, lo);
  }

  private fromTiny(sign: number, exp: number, hi: number, lo: number): void {
    if ((hi | lo) === 0) {
      this.zero(sign);
      return;
    }
    this.denormalSource = true;
    this.normalise(exp, hi, lo, 0);
    this.se = sign | this.exp;
  }

  /** Raises the exceptions that FLD of 32 or 64 bits adds to the conversion. */
  loaded(): void {
    if (this.denormalSource) this.flags |= DE;
    else if (classOf(this.se, this.hi, this.lo) === NAN) this.quiet(this.se, this.hi, this.lo);
  }

  fromInteger(high: number, low: number): void {
    if ((high | low) === 0) {
      this.zero(0);
      return;
    }
    const negative = high < 0;
    const lo = negative ? -low | 0 : low;
    const hi = negative ? (~high + (low === 0 ? 1 : 0)) | 0 : high;
    this.normalise(BIAS + 63, hi, lo, 0);
    this.se = (negative ? SIGN : 0) | this.exp;
  }

  /** Ten bytes, 18 decimal digits and a sign. What digits above 9 mean is not documented: their value counts. */
  fromBcd(low: number, middle: number, top: number): void {
    const digits = (BigInt(top & 0xff) << 64n) | toBig(middle, low);
    let value = 0n;
    for (let n = BCD_DIGITS - 1; n >= 0; n--) value = value * 10n + ((digits >> BigInt(4 * n)) & 15n);
    const sign = top & SIGN;
    if (value === 0n) this.zero(sign);
    else {
      this.normalise(BIAS + 63, highOf(value), lowOf(value), 0);
      this.se = sign | this.exp;
    }
  }

  // --- Out of 80 bits -------------------------------------------------------------------------------------------------

  /** Leaves the single in `lo`. */
  toSingle(se: number, hi: number, lo: number): void {
    this.narrow(se, hi, lo, 24, 127, 0xff);
    this.lo = ((se & SIGN) << 16) | (this.exp << 23) | ((this.hi >>> 8) & 0x7fffff);
    if (this.flags & IE && this.se === 0xffff) this.lo |= INTEGER_BIT;
  }

  /** Leaves the double in `hi`, `lo`. */
  toDouble(se: number, hi: number, lo: number): void {
    this.narrow(se, hi, lo, 53, 1023, 0x7ff);
    this.lo = (this.hi << 21) | (this.lo >>> 11);
    this.hi = ((se & SIGN) << 16) | (this.exp << 20) | ((this.hi >>> 11) & 0xfffff);
    if (this.flags & IE && this.se === 0xffff) this.hi |= INTEGER_BIT;
  }

  /** Leaves `exp` with the format's bias and the significand at the top of `hi`, `lo`. */
  private narrow(se: number, hi: number, lo: number, precision: number, bias: number, limit: number): void {
    this.se = se & SIGN;
    this.hi = hi;
    this.lo = lo;
    switch (classOf(se, hi, lo)) {
      case UNSUPPORTED:
        this.invalid();
        this.exp = limit;
        return;
      case NAN:
        if (isSignaling(hi)) this.flags |= IE;
        this.hi = hi | QUIET_BIT;
        this.exp = limit;
        return;
      case INFINITE:
        this.exp = limit;
        return;
      case ZERO:
        this.exp = 0;
        return;
      default:
        this.unpack(se, hi, lo);
        this.toRange(se & SIGN, this.exp - BIAS + bias, this.hi, this.lo, 0, precision, limit, 0);
        // An overflow or underflow that is not masked stores nothing, so nothing is inexact.
        if (this.unmasked() & (OE | UE)) this.flags &= ~(PE | C1);
    }
  }

  /** The magnitude of a finite number that is not 0, rounded to an integer, in `hi`, `lo`; false beyond 64 bits. */
  private integral(se: number, hi: number, lo: number): boolean {
    this.unpack(se, hi, lo);
    const shift = BIAS + 63 - this.exp;
    if (shift < 0) return false;
    this.shiftRight(this.hi, this.lo, 0, shift);
    this.roundAt(64, se & SIGN, this.hi, this.lo, this.ext);
    return true;
  }

  private noteInexact(): void {
    if (this.inexact) this.flags |= this.up ? PE | C1 : PE;
  }

  /** Leaves a two's complement integer of `bits` (16, 32, 64) in `hi`, `lo`; out of range is invalid. */
  toInteger(se: number, hi: number, lo: number, bits: number): void {
    const kind = classOf(se, hi, lo);
    if (kind === ZERO) {
      this.hi = 0;
      this.lo = 0;
      return;
    }
    if ((kind !== DENORMAL && kind !== NORMAL) || !this.integral(se, hi, lo)) {
      this.integerIndefinite(bits);
      return;
    }
    const negative = (se & SIGN) !== 0;
    const top = bits === 64 ? this.hi : this.lo;
    const half = bits === 16 ? 0x8000 : INTEGER_BIT;
    const above = bits === 64 ? this.hi >>> 0 >= 0x80000000 : this.hi !== 0 || this.lo >>> 0 >= half >>> 0;
    const least = top === half && (bits === 64 ? this.lo === 0 : this.hi === 0);
    if (above && !(negative && least)) {
      this.integerIndefinite(bits);
      return;
    }
    if (negative) {
      this.hi = (~this.hi + (this.lo === 0 ? 1 : 0)) | 0;
      this.lo = -this.lo | 0;
    }
    this.noteInexact();
  }

  private integerIndefinite(bits: number): void {
    this.flags |= IE;
    this.hi = bits === 64 ? INTEGER_BIT : 0;
    this.lo = bits === 64 ? 0 : bits === 32 ? INTEGER_BIT : 0x8000;
  }

  /** FBSTP: leaves the digits in `lo`, `hi` and bytes 8 and 9 in `se`. */
  toBcd(se: number, hi: number, lo: number): void {
    const kind = classOf(se, hi, lo);
    let value = 0n;
    if (kind !== ZERO) {
      const finite = kind === DENORMAL || kind === NORMAL;
      if (finite && this.integral(se, hi, lo)) value = toBig(this.hi, this.lo);
      else value = BCD_LIMIT;
    }
    if (value >= BCD_LIMIT) {
      this.flags |= IE;
      this.result(0xffff, 0xc0000000 | 0, 0);
      return;
    }
    if (kind !== ZERO) this.noteInexact();
    const digits = BigInt(`0x${value}`);
    this.result((se & SIGN) | Number(digits >> 64n), highOf(digits), lowOf(digits));
  }

  /** FRNDINT. */
  roundToInteger(se: number, hi: number, lo: number): void {
    if (this.decidedAlone(se, hi, lo)) return;
    const kind = classOf(se, hi, lo);
    if (this.denormal(kind === DENORMAL)) return;
    this.result(se, hi, lo);
    if (kind === ZERO || (se & EXPONENT) >= BIAS + 63) return;
    this.integral(se, hi, lo);
    this.noteInexact();
    if ((this.hi | this.lo) === 0) this.zero(se & SIGN);
    else {
      this.normalise(BIAS + 63, this.hi, this.lo, 0);
      this.se = (se & SIGN) | this.exp;
    }
  }
}
