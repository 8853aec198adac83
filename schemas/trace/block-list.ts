import { BLOCK_BYTES, BLOCK_WORDS } from './checkpoint.ts';

/** Copies of many small blocks, consecutive in one growing array. */
export class BlockList {
  words = new Int32Array(BLOCK_WORDS * 2048);
  count = 0;
  private bytes = new Uint8Array(this.words.buffer);

  /** Appends a block and returns its number. */
  add(block: Uint8Array): number {
    this.makeRoom();
    this.bytes.set(block, this.count * BLOCK_BYTES);
    return this.count++;
  }

  /** Appends the block at `from[start]` and returns its number. */
  addWords(from: Int32Array, start: number): number {
    this.makeRoom();
    const { words, count } = this;
    for (let i = 0; i < BLOCK_WORDS; i++) words[count * BLOCK_WORDS + i] = from[start + i];
    return this.count++;
  }

  /** A view of a block, valid until the next one is added. */
  block(number: number): Uint8Array {
    return this.bytes.subarray(number * BLOCK_BYTES, (number + 1) * BLOCK_BYTES);
  }

  /** True if block `number` equals the block at `from[start]`. */
  holds(number: number, from: Int32Array, start: number): boolean {
    return sameBlock(this.words, number * BLOCK_WORDS, from, start);
  }

  clear(): void {
    this.count = 0;
  }

  private makeRoom(): void {
    if ((this.count + 1) * BLOCK_WORDS <= this.words.length) return;
    const words = new Int32Array(this.words.length * 2);
    words.set(this.words);
    this.words = words;
    this.bytes = new Uint8Array(words.buffer);
  }
}

/** True if the blocks at `a[from]` and `b[start]` are equal. */
export function sameBlock(a: Int32Array, from: number, b: Int32Array, start: number): boolean {
  for (let i = 0; i < BLOCK_WORDS; i++) if (a[from + i] !== b[start + i]) return false;
  return true;
}
