import {
  arctan,
  artanh,
  bitLength,
  CONSTANT_SCALE,
  cosine,
  exponentialMinusOne,
  LN2,
  PI,
  rescale,
  sine,
} from './elementary.ts';
import {
  BIAS,
  classOf,
  DENORMAL,
  EXPONENT,
  highOf,
  INFINITE,
  INTEGER_BIT,
  lowOf,
  PE,
  SIGN,
  toBig,
  UE,
  ZE,
  ZERO,
} from './float80.ts';
import { Scaling } from './scaling.ts';

/** The x87's transcendental instructions, computed with integers so that every host gets the same bits. */

/** Fraction bits of a result near 1; with an argument of 2^-k, k more. */
const SCALE = 200;
/** An argument below 2^-TINY: its function is its argument times a constant, to more than 64 bits. */
const TINY = 70;

/**
 * The pi by which Intel's processors reduce arguments: 66 bits (SDM volume 1, 8.3.8). In units of 2^-64.
 */
export const PI_66 = 0x3243f6a8885a308d3n;

/** A reduced argument, exactly: `n` * 2^-scale, in the quadrant `quadrant` (0 to 3). */
interface Reduced {
  readonly n: bigint;
  readonly scale: number;
  readonly quadrant: number;
}

/**
 * F2XM1, FYL2X, FYL2XP1, FSIN, FCOS, FSINCOS, FPTAN, FPATAN: the exact value of the function, rounded once as the control
 * word says (precision control does not apply). Processors come within one unit in the last place of that, each in its
 * own way (SDM volume 1, 8.3.10).
 */
export class Transcendental extends Scaling {
  /** Units of 2^-64 in the pi that arguments are reduced by. */
  pi = PI_66;
  piScale = 64;

  /** Rounds sign * n * 2^-scale, which is not exact: something below it is not 0. */
  private round(sign: number, n: bigint, scale: number): void {
    const bits = bitLength(n);
    const top = bits >= 96 ? n >> BigInt(bits - 96) : n << BigInt(96 - bits);
    const hi = highOf(top >> 32n);
    const lo = lowOf(top >> 32n);
    this.packAt(64, sign, BIAS + bits - 1 - scale, hi, lo, lowOf(top) | 1);
  }

  private roundSigned(sign: number, n: bigint, scale: number): void {
    if (n < 0n) this.round(sign ^ SIGN, -n, scale);
    else this.round(sign, n, scale);
  }

  /** The argument, unpacked, times 1 + an infinitely small amount (`more`) or 1 - it. */
  private nearly(sign: number, more: boolean): void {
    const { exp, hi, lo } = this;
    if (more) this.packAt(64, sign, exp, hi, lo, 1);
    else this.just(sign, exp, hi, lo);
  }

  private just(sign: number, exp: number, hi: number, lo: number): void {
    const below = toBig(hi, lo) - 1n;
    if (hi === INTEGER_BIT && lo === 0) this.packAt(64, sign, exp - 1, -1, -1, -1);
    else this.packAt(64, sign, exp, highOf(below), lowOf(below), -1);
  }

  // --- Exponential -------------------------------------------------------------------------------------------------

  /** 2^x - 1 for -1 <= x <= 1; beyond, x itself (undefined by the manual). */
  exponential(se: number, hi: number, lo: number): void {
    if (this.decidedAlone(se, hi, lo)) return;
    const kind = classOf(se, hi, lo);
    const sign = se & SIGN;
    if (kind === ZERO) this.zero(sign);
    else if (kind === INFINITE) {
      if (sign) this.result(SIGN | BIAS, INTEGER_BIT, 0);
      else this.infinity(0);
    } else if (!this.denormal(kind === DENORMAL)) {
      this.unpack(se, hi, lo);
      const k = BIAS - this.exp;
      if (k <= 0) {
        const one = k === 0 && hi === INTEGER_BIT && lo === 0;
        this.flags |= PE;
        this.result(one && sign ? SIGN | (BIAS - 1) : se, hi, lo);
        return;
      }
      const significand = toBig(this.hi, this.lo);
      if (k > TINY) {
        this.round(sign, significand * LN2, CONSTANT_SCALE + 63 + k);
        return;
      }
      const scale = SCALE + k;
      const t = rescale(significand * LN2, CONSTANT_SCALE + 63 + k, scale);
      this.roundSigned(0, exponentialMinusOne(sign ? -t : t, scale), scale);
    }
  }

  // --- Logarithms --------------------------------------------------------------------------------------------------

  /** b * log2(a). */
  logarithm(ase: number, ah: number, al: number, bse: number, bh: number, bl: number): void {
    if (this.decided(ase, ah, al, bse, bh, bl)) return;
    const a = classOf(ase, ah, al);
    const b = classOf(bse, bh, bl);
    const negative = (ase & SIGN) !== 0;
    const sign = bse & SIGN;
    const aboveOne = (ase & EXPONENT) >= BIAS;
    const isOne = ase === BIAS && ah === INTEGER_BIT && al === 0;
    if (negative && a !== ZERO) this.invalid();
    else if (b === INFINITE) {
      if (isOne) this.invalid();
      else if (!this.denormal(a === DENORMAL)) this.infinity(aboveOne ? sign : sign ^ SIGN);
    } else if (a === ZERO) {
      if (b === ZERO) this.invalid();
      else {
        this.flags |= ZE;
        this.infinity(sign ^ SIGN);
      }
    } else if (a === INFINITE) {
      if (b === ZERO) this.invalid();
      else if (!this.denormal(b === DENORMAL)) this.infinity(sign);
    } else if (this.denormal(a === DENORMAL || b === DENORMAL)) return;
    else if (b === ZERO) this.zero(aboveOne ? sign : sign ^ SIGN);
    else if (isOne) this.zero(sign);
    else {
      this.unpack(ase, ah, al);
      this.product(sign, this.binaryLogarithm(toBig(this.hi, this.lo), 63 + BIAS - this.exp), bse, bh, bl);
    }
  }

  /** log2(n * 2^-fraction) of n > 0, in SCALE + 64 fraction bits. */
  private binaryLogarithm(n: bigint, fraction: number): bigint {
    const scale = SCALE + 64;
    const bits = bitLength(n);
    // The factor within 1/sqrt 2 and sqrt 2, so that there is no cancellation.
    const high = rescale(n, bits, 64) > 0xb504f333f9de6484n;
    const whole = bits - fraction - (high ? 0 : 1);
    const one = 1n << BigInt(high ? bits : bits - 1);
    const quotient = ((n - one) << BigInt(scale)) / (n + one);
    // Of the 1 in 1 + x nothing is left here for a large x, but the sum is more than a power of two.
    const z = quotient === 0n && n !== one ? 1n : quotient;
    const natural = 2n * artanh(z, scale);
    return (BigInt(whole) << BigInt(scale)) + this.overLn2(natural);
  }

  private overLn2(n: bigint): bigint {
    return (n << BigInt(CONSTANT_SCALE)) / LN2;
  }

  /** Rounds b times a logarithm of `scale` fraction bits. Whole ones are exact, but are said to be inexact all the same. */
  private product(
    sign: number,
    logarithm: bigint,
    bse: number,
    bh: number,
    bl: number,
    scale = SCALE + 64,
  ): void {
    this.unpack(bse, bh, bl);
    const size = logarithm < 0n ? -logarithm : logarithm;
    const signed = logarithm < 0n ? sign ^ SIGN : sign;
    const n = size * toBig(this.hi, this.lo);
    const fraction = scale + 63 + BIAS - this.exp;
    const whole = size >> BigInt(scale);
    this.flags |= PE;
    if (whole << BigInt(scale) === size) {
      this.packProduct(signed, whole * toBig(this.hi, this.lo));
      if ((this.se & EXPONENT) === 0) this.flags |= UE;
    } else this.round(signed, n, fraction);
  }

  private packProduct(sign: number, n: bigint): void {
    const { exp } = this;
    const bits = bitLength(n);
    const top = n << BigInt(96 - bits);
    this.packAt(64, sign, exp + bits - 64, highOf(top >> 32n), lowOf(top >> 32n), lowOf(top));
  }

  /** b * log2(1 + a). */
  logarithmPlusOne(ase: number, ah: number, al: number, bse: number, bh: number, bl: number): void {
    if (this.decided(ase, ah, al, bse, bh, bl)) return;
    const a = classOf(ase, ah, al);
    const b = classOf(bse, bh, bl);
    const sign = (ase ^ bse) & SIGN;
    if (a === INFINITE) {
      if (ase & SIGN || b === ZERO) this.invalid();
      else if (!this.denormal(b === DENORMAL)) this.infinity(sign);
    } else if (b === INFINITE) {
      if (a === ZERO) this.invalid();
      else if (!this.denormal(a === DENORMAL)) this.infinity(sign);
    } else if (this.denormal(a === DENORMAL || b === DENORMAL)) return;
    else if (a === ZERO || b === ZERO) this.zero(sign);
    else {
      this.unpack(ase, ah, al);
      const k = BIAS - this.exp;
      const significand = toBig(this.hi, this.lo);
      if (k > TINY) {
        this.unpack(bse, bh, bl);
        const n = ((significand << BigInt(CONSTANT_SCALE + SCALE)) / LN2) * toBig(this.hi, this.lo);
        this.round(sign, n, SCALE + 126 + k + BIAS - this.exp);
        return;
      }
      this.moderate(ase & SIGN, k, significand, bse, bh, bl);
    }
  }

  private moderate(sign: number, k: number, significand: bigint, bse: number, bh: number, bl: number): void {
    // 1 + a, in units of 2^-(63 + k).
    const one = 1n << BigInt(Math.max(63 + k, 0));
    const a = 63 + k > 0 ? significand : significand << BigInt(-63 - k);
    const signed = sign ? -a : a;
    if (one + signed <= 0n) {
      // Undefined by the manual: the argument takes the place of the result.
      this.flags |= PE;
      this.result(sign | (BIAS - k), highOf(significand), lowOf(significand));
      return;
    }
    if (k > 1) {
      const scale = SCALE + k;
      const z = (signed << BigInt(scale)) / (2n * one + signed);
      this.product(bse & SIGN, this.overLn2(2n * artanh(z, scale)), bse, bh, bl, scale);
      return;
    }
    this.product(bse & SIGN, this.binaryLogarithm(one + signed, Math.max(63 + k, 0)), bse, bh, bl);
  }

  // --- Trigonometric functions -------------------------------------------------------------------------------------

  /** An argument that is too large (2^63 and more) is left alone, and C2 set. */
  inRange(se: number, hi: number): boolean {
    const exponent = se & EXPONENT;
    return exponent < BIAS + 63 || exponent === EXPONENT || hi >= 0;
  }

  /** Takes multiples of pi / 2 away from a positive argument, exactly. */
  private reduce(exp: number, significand: bigint): Reduced {
    // Both in units of 2^-scale.
    const scale = Math.max(63 + BIAS - exp, this.piScale + 1);
    const x = significand << BigInt(scale - (63 + BIAS - exp));
    const quarter = this.pi << BigInt(scale - this.piScale - 1);
    let count = x / quarter;
    let rest = x - count * quarter;
    if (2n * rest > quarter) {
      count += 1n;
      rest -= quarter;
    }
    return { n: rest, scale, quadrant: Number(count & 3n) };
  }

  /** Sine or cosine of a reduced argument in `quadrant` (0 to 3, counting from where it is the sine that is wanted). */
  private circular(sign: number, { n, scale }: Reduced, quadrant: number): void {
    const signed = quadrant & 2 ? sign ^ SIGN : sign;
    if (quadrant & 1) {
      const value = cosine(rescale(n, scale, SCALE), SCALE);
      if (n === 0n) this.result(signed | BIAS, INTEGER_BIT, 0);
      else this.round(signed, value, SCALE);
    } else if (n === 0n) this.zero(signed);
    else {
      const wide = SCALE + scale - bitLength(n < 0n ? -n : n);
      this.roundSigned(signed, sine(rescale(n, scale, wide), wide), wide);
    }
  }

  /** Sine (`shift` 0) or cosine (1). The argument is in range. */
  private trigonometric(se: number, hi: number, lo: number, shift: number): void {
    if (this.decidedAlone(se, hi, lo)) return;
    const kind = classOf(se, hi, lo);
    if (kind === INFINITE) this.invalid();
    else if (kind === ZERO) {
      if (shift) this.result(BIAS, INTEGER_BIT, 0);
      else this.zero(se & SIGN);
    } else if (!this.denormal(kind === DENORMAL)) {
      this.unpack(se, hi, lo);
      const sign = shift ? 0 : se & SIGN;
      if (BIAS - this.exp > TINY / 2) {
        if (shift) this.just(0, BIAS, INTEGER_BIT, 0);
        else this.nearly(sign, false);
        return;
      }
      const reduced = this.reduce(this.exp, toBig(this.hi, this.lo));
      this.circular(sign, reduced, (reduced.quadrant + shift) & 3);
    }
  }

  sine(se: number, hi: number, lo: number): void {
    this.trigonometric(se, hi, lo, 0);
  }

  cosine(se: number, hi: number, lo: number): void {
    this.trigonometric(se, hi, lo, 1);
  }

  tangent(se: number, hi: number, lo: number): void {
    if (this.decidedAlone(se, hi, lo)) return;
    const kind = classOf(se, hi, lo);
    if (kind === INFINITE) this.invalid();
    else if (kind === ZERO) this.zero(se & SIGN);
    else if (!this.denormal(kind === DENORMAL)) {
      this.unpack(se, hi, lo);
      const sign = se & SIGN;
      if (BIAS - this.exp > TINY / 2) {
        this.nearly(sign, true);
        return;
      }
      const { n, scale, quadrant } = this.reduce(this.exp, toBig(this.hi, this.lo));
      const wide = SCALE + scale - (n === 0n ? 0 : bitLength(n < 0n ? -n : n));
      const r = rescale(n, scale, wide);
      const s = sine(r, wide);
      const c = cosine(r, wide);
      if (n === 0n) {
        if (quadrant & 1) this.infinity(sign);
        else this.zero(sign);
      } else if (quadrant & 1) this.roundSigned(sign, -(c << BigInt(wide)) / s, wide);
      else this.roundSigned(sign, (s << BigInt(wide)) / c, wide);
    }
  }

  /** The angle of the point (a, b): arctan(b / a), in the quadrant of both. */
  arctangent(ase: number, ah: number, al: number, bse: number, bh: number, bl: number): void {
    if (this.decided(ase, ah, al, bse, bh, bl)) return;
    const a = classOf(ase, ah, al);
    const b = classOf(bse, bh, bl);
    const left = (ase & SIGN) !== 0;
    const sign = bse & SIGN;
    if (this.denormal(a === DENORMAL || b === DENORMAL)) return;
    if (b === ZERO || (a === INFINITE && b !== INFINITE)) {
      if (left) this.eighths(sign, 8n);
      else this.zero(sign);
    } else if (b === INFINITE) this.eighths(sign, a !== INFINITE ? 4n : left ? 6n : 2n);
    else if (a === ZERO) this.eighths(sign, 4n);
    else {
      this.unpack(bse, bh, bl);
      const { exp } = this;
      const y = toBig(this.hi, this.lo);
      this.unpack(ase, ah, al);
      this.angle(sign, left, exp - this.exp, y, toBig(this.hi, this.lo));
    }
  }

  /** n * pi / 8. */
  private eighths(sign: number, n: bigint): void {
    this.round(sign, n * PI, CONSTANT_SCALE + 3);
  }

  /** y * 2^difference / x, both from 2^63 to 2^64. */
  private angle(sign: number, left: boolean, difference: number, y: bigint, x: bigint): void {
    const steep = difference > 0 || (difference === 0 && y > x);
    const k = Math.abs(difference);
    const [small, large] = steep ? [x, y] : [y, x];
    if (!steep && !left) {
      // The result may be as small as numbers are.
      if (k > TINY) {
        const exact = (small << BigInt(SCALE)) % large === 0n;
        const quotient = (small << BigInt(SCALE)) / large;
        this.round(sign, exact ? (quotient << 1n) - 1n : quotient << 1n, SCALE + k + 1);
      } else {
        const scale = SCALE + k;
        const quotient = (small << BigInt(SCALE)) / large;
        this.round(sign, arctan(quotient, scale), scale);
      }
      return;
    }
    const scale = SCALE;
    const quotient = k > scale + 64 ? 0n : (small << BigInt(Math.max(scale - k, 0))) / large;
    const flat = arctan(quotient, scale);
    const half = rescale(PI, CONSTANT_SCALE + 1, scale);
    const angle = steep ? (left ? half + flat : half - flat) : 2n * half - flat;
    this.round(sign, angle, scale);
  }
}
