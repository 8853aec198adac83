/**
 * The 80-bit extended format (Intel SDM volume 1, 4.2 and 8.2): sign and 15-bit exponent (`se`, 16 bits), and a 64-bit
 * significand with its integer bit, as two int32 (`hi`, `lo`).
 */
export const SIGN = 0x8000;
export const EXPONENT = 0x7fff;
export const BIAS = 16383;
/** Integer bit and quiet bit, in `hi`. */
export const INTEGER_BIT = 0x80000000 | 0;
export const QUIET_BIT = 0x40000000;

/** Exception flags of the status word, masks of the control word (8.1.3.3, 8.1.5). */
export const IE = 0x01;
export const DE = 0x02;
export const ZE = 0x04;
export const OE = 0x08;
export const UE = 0x10;
export const PE = 0x20;
export const EXCEPTIONS = 0x3f;
/** Exceptions that, unmasked, prevent the operation itself. */
export const BEFORE = IE | DE | ZE;
export const STACK_FAULT = 0x40;
export const SUMMARY = 0x80;
export const C0 = 0x0100;
export const C1 = 0x0200;
export const C2 = 0x0400;
export const C3 = 0x4000;
export const CONDITIONS = C0 | C1 | C2 | C3;
export const BUSY = 0x8000;

/** Rounding control. */
export const NEAREST = 0;
export const DOWN = 1;
export const UP = 2;

/** Classes of operand, in the order of FXAM's condition codes C3 C2 C0 (table 8-4; 3-43 of volume 2). */
export const UNSUPPORTED = 0;
export const NAN = 1;
export const NORMAL = 2;
export const INFINITE = 3;
export const ZERO = 4;
export const EMPTY = 5;
export const DENORMAL = 6;

/** A normal number: what the fast paths take. */
export const isNormal = (se: number, hi: number): boolean => hi < 0 && ((se + 1) & EXPONENT) > 1;

export function classOf(se: number, hi: number, lo: number): number {
  const exponent = se & EXPONENT;
  if (exponent === 0) return (hi | lo) === 0 ? ZERO : DENORMAL;
  if (hi >= 0) return UNSUPPORTED;
  if (exponent !== EXPONENT) return NORMAL;
  return (hi << 1) | lo ? NAN : INFINITE;
}

/** Of a NaN. */
export const isSignaling = (hi: number): boolean => (hi & QUIET_BIT) === 0;

/** The significand as an integer, and back: for what is not hot. */
export const toBig = (hi: number, lo: number): bigint => (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0);
export const highOf = (significand: bigint): number => Number(BigInt.asIntN(32, significand >> 32n));
export const lowOf = (significand: bigint): number => Number(BigInt.asIntN(32, significand));
