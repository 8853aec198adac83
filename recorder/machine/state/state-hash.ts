/**
 * Hashes for the state ladder, safe against accidents but not against attackers. 64 bits, as two words.
 *
 * Each of eight lanes takes every eighth word of the input by the round of xxHash32: lane = rotl(lane + word * P2, 13)
 * * P1. This is a bijection of the lane for a given word and of the word for a given lane, so no single change is lost,
 * and the two multiplications with a rotation between leave no sparse difference that the next word could cancel (with
 * one, bit 31 of a word and a single bit of the next cancelled: the test that flips every bit found it). Eight lanes
 * hide the multiplier's latency. They are then folded into two words by murmur3's 32-bit steps and finaliser.
 */

/**
 * Version of the layout of the state hashes, in the header of every trace. Increase it if an unchanged machine would hash to another
 * value (a field of CPU_STATE moves, a device's block changes its size or meaning, the hash function changes). Hashes of another layout
 * are not compared, everything else is (docs/ARCHITECTURE.md, "Old traces"). The golden bundles (test/replay/golden.test.ts) fail if it
 * has to be increased.
 */
export const STATE_LAYOUT = 1;

export interface Hash64 {
  readonly low: number;
  readonly high: number;
}

export const hashHex = ({ low, high }: Hash64): string =>
  (high >>> 0).toString(16).padStart(8, '0') + (low >>> 0).toString(16).padStart(8, '0');

export const sameHash = (a: Hash64, b: Hash64): boolean => (a.low ^ b.low) === 0 && (a.high ^ b.high) === 0;

/** Odd multipliers with well-spread bits (from xxHash32, whose constants are primes). */
const P1 = 0x9e3779b1 | 0;
const P2 = 0x85ebca77 | 0;
const P3 = 0xc2b2ae3d | 0;
const P4 = 0x27d4eb2f | 0;

/** Of a page frame. */
const FRAME_WORDS = 1024;

/** Hashes runs of words. The result of the last call is in `low` and `high`, to avoid allocation. */
export class WordHasher {
  low = 0;
  high = 0;

  /** `count` words of `words` from `start`; `seed` separates inputs that differ in kind or place. */
  run(words: Int32Array, start: number, count: number, seed: number): void {
    let a = seed + P1;
    let b = seed ^ P2;
    let c = seed + P3;
    let d = seed ^ P4;
    let e = Math.imul(seed, P1) ^ P3;
    let f = Math.imul(seed, P2) ^ P4;
    let g = Math.imul(seed, P3) ^ P1;
    let h = Math.imul(seed, P4) ^ P2;
    const end = start + (count & ~7);
    let i = start;
    for (; i < end; i += 8) {
      a = (a + Math.imul(words[i], P2)) | 0;
      b = (b + Math.imul(words[i + 1], P2)) | 0;
      c = (c + Math.imul(words[i + 2], P2)) | 0;
      d = (d + Math.imul(words[i + 3], P2)) | 0;
      e = (e + Math.imul(words[i + 4], P2)) | 0;
      f = (f + Math.imul(words[i + 5], P2)) | 0;
      g = (g + Math.imul(words[i + 6], P2)) | 0;
      h = (h + Math.imul(words[i + 7], P2)) | 0;
      a = Math.imul((a << 13) | (a >>> 19), P1);
      b = Math.imul((b << 13) | (b >>> 19), P1);
      c = Math.imul((c << 13) | (c >>> 19), P1);
      d = Math.imul((d << 13) | (d >>> 19), P1);
      e = Math.imul((e << 13) | (e >>> 19), P1);
      f = Math.imul((f << 13) | (f >>> 19), P1);
      g = Math.imul((g << 13) | (g >>> 19), P1);
      h = Math.imul((h << 13) | (h >>> 19), P1);
    }
    for (const tail = start + count; i < tail; i++) {
      a = (a + Math.imul(words[i], P2)) | 0;
      a = Math.imul((a << 13) | (a >>> 19), P1);
    }
    const x = fold(fold(fold(fold(count, a), b), c), d);
    const y = fold(fold(fold(fold(x ^ P4, e), f), g), h);
    const z = fold(fold(y ^ P3, a + c + e + g), b ^ d ^ f ^ h);
    this.low = finish(y);
    this.high = finish(z ^ x);
  }

  result(): Hash64 {
    return { low: this.low, high: this.high };
  }
}

function fold(hash: number, lane: number): number {
  let k = Math.imul(lane, 0xcc9e2d51);
  k = (k << 15) | (k >>> 17);
  const h = hash ^ Math.imul(k, 0x1b873593);
  return (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0;
}

function finish(hash: number): number {
  let h = hash ^ (hash >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** Hash of bytes: of their words, the last one padded with zeros, and their number. */
export function hashBytes(bytes: Uint8Array): Hash64 {
  const words = new Int32Array((bytes.length + 3) >>> 2);
  new Uint8Array(words.buffer).set(bytes);
  const hasher = new WordHasher();
  hasher.run(words, 0, words.length, Math.imul(bytes.length, P2));
  return hasher.result();
}

/** The hashes of frames of zeros, by their numbers: the same in every machine. */
class ZeroFrames {
  low = new Int32Array(0);
  high = new Int32Array(0);

  /** Those of frames 0 to `count` - 1. */
  upTo(count: number): { readonly low: Int32Array; readonly high: Int32Array } {
    if (this.low.length < count) {
      const [zeros, hasher] = [new Int32Array(FRAME_WORDS), new WordHasher()];
      const [low, high] = [new Int32Array(count), new Int32Array(count)];
      for (let frame = 0; frame < count; frame++) {
        hasher.run(zeros, 0, FRAME_WORDS, frame);
        low[frame] = hasher.low;
        high[frame] = hasher.high;
      }
      [this.low, this.high] = [low, high];
    }
    return { low: this.low.subarray(0, count), high: this.high.subarray(0, count) };
  }
}

const zeroFrames = new ZeroFrames();

/**
 * The hash of RAM, updated by changed frames: the sum over frames of a hash of frame number and
 * contents (modulo 2^32 in each half), so that a frame's contribution can be replaced.
 */
export class RamHash {
  private readonly words: Int32Array;
  private readonly firstWord: number;
  private readonly low: Int32Array;
  private readonly high: Int32Array;
  private readonly hasher = new WordHasher();
  private totalLow = 0;
  private totalHigh = 0;
  private zeros = false;

  /** RAM of `frames` pages from byte `offset` of `words`. */
  constructor(words: Int32Array, offset: number, frames: number) {
    this.words = words;
    this.firstWord = offset >>> 2;
    this.low = new Int32Array(frames);
    this.high = new Int32Array(frames);
  }

  /** Before the first call of `update`: every frame is zeros. */
  beginAsZeros(): void {
    this.zeros = true;
  }

  /** Updates the hash for changed frames. Before the first call every frame counts as changed, unless all are zeros. */
  update(changed: Uint32Array): Hash64 {
    const { hasher, low, high } = this;
    if (this.zeros) this.addZeros();
    for (let i = 0; i < changed.length; i++) {
      const frame = changed[i];
      hasher.run(this.words, this.firstWord + frame * FRAME_WORDS, FRAME_WORDS, frame);
      this.totalLow = (this.totalLow + hasher.low - low[frame]) | 0;
      this.totalHigh = (this.totalHigh + hasher.high - high[frame]) | 0;
      low[frame] = hasher.low;
      high[frame] = hasher.high;
    }
    return { low: this.totalLow, high: this.totalHigh };
  }

  private addZeros(): void {
    const { low, high } = this;
    const zeros = zeroFrames.upTo(low.length);
    low.set(zeros.low);
    high.set(zeros.high);
    for (let frame = 0; frame < low.length; frame++) {
      this.totalLow = (this.totalLow + low[frame]) | 0;
      this.totalHigh = (this.totalHigh + high[frame]) | 0;
    }
    this.zeros = false;
  }
}
