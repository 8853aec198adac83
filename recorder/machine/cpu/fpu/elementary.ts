/**
 * Elementary functions in fixed point: a bigint n stands for n * 2^-scale. Every function is good to a few units in the
 * last place of its scale; callers take 100 bits more than they need.
 */

/** pi and ln 2, to this many fraction bits. */
export const CONSTANT_SCALE = 400;

export const bitLength = (n: bigint): number => {
  const text = n.toString(16);
  return 4 * text.length - Math.clz32(Number.parseInt(text[0], 16)) + 28;
};

/** n * 2^-from as a number of `to` fraction bits. */
export const rescale = (n: bigint, from: number, to: number): bigint =>
  from > to ? n >> BigInt(from - to) : n << BigInt(to - from);

/** artanh(z) for |z| < 1/2: z + z^3/3 + z^5/5 + ... */
export function artanh(z: bigint, scale: number): bigint {
  const shift = BigInt(scale);
  const square = (z * z) >> shift;
  let power = z;
  let sum = z;
  for (let n = 3n; power !== 0n && power !== -1n; n += 2n) {
    power = (power * square) >> shift;
    sum += power / n;
  }
  return sum;
}

/** arctan(z) for |z| <= 1/8: z - z^3/3 + z^5/5 - ... */
function arctanSmall(z: bigint, scale: number): bigint {
  const shift = BigInt(scale);
  const square = (z * z) >> shift;
  let power = z;
  let sum = z;
  let sign = -1n;
  for (let n = 3n; power !== 0n && power !== -1n; n += 2n) {
    power = (power * square) >> shift;
    sum += (sign * power) / n;
    sign = -sign;
  }
  return sum;
}

const ONE = 1n << BigInt(CONSTANT_SCALE);

/** Machin's formula: pi/4 = 4 arctan(1/5) - arctan(1/239). */
export const PI = 4n * (4n * arctanSmall(ONE / 5n, CONSTANT_SCALE) - arctanSmall(ONE / 239n, CONSTANT_SCALE));
/** 2 artanh(1/3). */
export const LN2 = 2n * artanh(ONE / 3n, CONSTANT_SCALE);

/** arctan(n / 8), n from 0 to 8: each from the one before by arctan a - arctan b = arctan((a - b) / (1 + a b)). */
const EIGHTHS = [0n];
for (let n = 1n; n <= 8n; n++) {
  const step = (8n * ONE) / (64n + n * (n - 1n));
  EIGHTHS.push(EIGHTHS[EIGHTHS.length - 1] + arctanSmall(step, CONSTANT_SCALE));
}

/** arctan(z) for 0 <= z <= 1; `scale` is at most CONSTANT_SCALE unless z < 1/16. */
export function arctan(z: bigint, scale: number): bigint {
  const eighth = Number((z * 8n + (1n << BigInt(scale - 1))) >> BigInt(scale));
  if (eighth === 0) return arctanSmall(z, scale);
  const one = 1n << BigInt(scale);
  const n = BigInt(eighth);
  const rest = ((8n * z - n * one) << BigInt(scale)) / (8n * one + n * z);
  return rescale(EIGHTHS[eighth], CONSTANT_SCALE, scale) + arctanSmall(rest, scale);
}

/** e^t - 1 for |t| < 1. */
export function exponentialMinusOne(t: bigint, scale: number): bigint {
  const shift = BigInt(scale);
  let term = t;
  let sum = t;
  for (let n = 2n; term !== 0n && term !== -1n; n++) {
    term = ((term * t) >> shift) / n;
    sum += term;
  }
  return sum;
}

/** sin(r) for |r| < 1. */
export function sine(r: bigint, scale: number): bigint {
  return alternating(r, r, 2n, scale);
}

/** cos(r) for |r| < 1. */
export function cosine(r: bigint, scale: number): bigint {
  return alternating(1n << BigInt(scale), r, 1n, scale);
}

/** first - first r^2 / (k (k+1)) + ..., the factorials going on by two. */
function alternating(first: bigint, r: bigint, from: bigint, scale: number): bigint {
  const shift = BigInt(scale);
  const square = (r * r) >> shift;
  let term = first;
  let sum = first;
  for (let k = from; term !== 0n; k += 2n) {
    term = -((term * square) >> shift) / (k * (k + 1n));
    sum += term;
  }
  return sum;
}
