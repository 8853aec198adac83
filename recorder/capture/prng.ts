/**
 * xoshiro128** 1.1 (Blackman and Vigna, 2018), seeded by splitmix64 as its authors advise. Both are defined by their papers, so a seed
 * gives the same run in every version of the recorder.
 */
export class Prng {
  private a: number;
  private b: number;
  private c: number;
  private d: number;

  /** `stream` separates generators of one seed. */
  constructor(seed: bigint, stream: number) {
    const next = splitmix64(seed ^ (BigInt(stream) << 32n));
    const low = next();
    const high = next();
    this.a = Number(BigInt.asIntN(32, low));
    this.b = Number(BigInt.asIntN(32, low >> 32n));
    this.c = Number(BigInt.asIntN(32, high));
    this.d = Number(BigInt.asIntN(32, high >> 32n));
  }

  /** A copy in the same state. */
  copy(): Prng {
    const copy = new Prng(0n, 0);
    copy.a = this.a;
    copy.b = this.b;
    copy.c = this.c;
    copy.d = this.d;
    return copy;
  }

  /** A u32. */
  next(): number {
    const result = Math.imul(rotateLeft(Math.imul(this.b, 5), 7), 9);
    const t = this.b << 9;
    this.c ^= this.a;
    this.d ^= this.b;
    this.b ^= this.c;
    this.a ^= this.d;
    this.c ^= t;
    this.d = rotateLeft(this.d, 11);
    return result >>> 0;
  }

  /** An integer of low..high, both inclusive, each as likely to within 2^-32 of the span. */
  within(low: number, high: number): number {
    return low + Math.floor((this.next() / 2 ** 32) * (high - low + 1));
  }
}

const rotateLeft = (x: number, k: number) => (x << k) | (x >>> (32 - k));

/** Steele, Lea and Flood, 2014. */
function splitmix64(seed: bigint): () => bigint {
  let state = BigInt.asUintN(64, seed);
  return () => {
    state = BigInt.asUintN(64, state + 0x9e3779b97f4a7c15n);
    let z = state;
    z = BigInt.asUintN(64, (z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n);
    z = BigInt.asUintN(64, (z ^ (z >> 27n)) * 0x94d049bb133111ebn);
    return z ^ (z >> 31n);
  };
}
