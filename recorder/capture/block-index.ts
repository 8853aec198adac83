import { BLOCK_WORDS } from '../../schemas/trace/checkpoint.ts';

/** Finds blocks of state by their contents: a hash table without an object for each block. */

/** An odd multiplier with well-spread bits (2^32 divided by the golden ratio). */
const SPREAD = 0x9e3779b1 | 0;

/**
 * Hash for finding a block; 0 for a block of zeros, and for other blocks only by accident. It is short, because it runs on the writer's
 * thread before anything is compiled, and callers compare the block that they find.
 */
export function blockHash(words: Int32Array, start = 0): number {
  let any = 0;
  let hash = 0;
  for (let i = start; i < start + BLOCK_WORDS; i++) {
    const word = words[i];
    any |= word;
    hash = Math.imul(((hash << 5) | (hash >>> 27)) ^ word, SPREAD);
  }
  return any === 0 ? 0 : hash ^ (hash >>> 15);
}

/** Finds the number of a block by its hash, in an open-addressing table. The caller must compare the block. */
export class BlockIndex {
  private hashes: Int32Array;
  /** Number + 1; 0 for an empty slot. */
  private numbers: Int32Array;
  private count = 0;

  /** The expected number of blocks; the table grows. */
  constructor(blocks: number) {
    const slots = 2 ** Math.ceil(Math.log2(Math.max(64, blocks * 2)));
    this.hashes = new Int32Array(slots);
    this.numbers = new Int32Array(slots);
  }

  clear(): void {
    this.numbers.fill(0);
    this.count = 0;
  }

  /** Adds a block, unless its hash is already present. */
  add(hash: number, number: number): void {
    if (hash === 0) return;
    if (this.count * 2 >= this.numbers.length) this.grow();
    const slot = this.slotOf(hash);
    if (this.numbers[slot] !== 0) return;
    this.hashes[slot] = hash;
    this.numbers[slot] = number + 1;
    this.count++;
  }

  /** -1 when there is none. */
  find(hash: number): number {
    return this.numbers[this.slotOf(hash)] - 1;
  }

  private slotOf(hash: number): number {
    const { hashes, numbers } = this;
    const mask = numbers.length - 1;
    let slot = Math.imul(hash, SPREAD) & mask;
    while (numbers[slot] !== 0 && hashes[slot] !== hash) slot = (slot + 1) & mask;
    return slot;
  }

  private grow(): void {
    const { hashes, numbers } = this;
    this.hashes = new Int32Array(numbers.length * 2);
    this.numbers = new Int32Array(numbers.length * 2);
    this.count = 0;
    for (let slot = 0; slot < numbers.length; slot++)
      if (numbers[slot] !== 0) this.add(hashes[slot], numbers[slot] - 1);
  }
}
