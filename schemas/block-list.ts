import { BLOCK_BYTES, BLOCK_WORDS } from './trace-checkpoint.ts';

/** Copies of blocks, one after the other in one array that grows: they are many and small. */
export class BlockList {
  words = new Int32Array(BLOCK_WORDS * 2048);
  count = 0;
  private bytes = new Uint8Array(this.words.buffer);

  /** Returns its number. */
  add(block: Uint8Array): number {
    if ((this.count + 1) * BLOCK_WORDS > this.words.length) this.grow();
    this.bytes.set(block, this.count * BLOCK_BYTES);
    return this.count++;
  }

  /** A view, until the next one is added. */
  block(number: number): Uint8Array {
    return this.bytes.subarray(number * BLOCK_BYTES, (number + 1) * BLOCK_BYTES);
  }

  holds(number: number, block: Int32Array): boolean {
    return sameBlock(this.words, number * BLOCK_WORDS, block);
  }

  clear(): void {
    this.count = 0;
  }

  private grow(): void {
    const words = new Int32Array(this.words.length * 2);
    words.set(this.words);
    this.words = words;
    this.bytes = new Uint8Array(words.buffer);
  }
}

/** Whether the block is at `words[start]`. */
export function sameBlock(words: Int32Array, start: number, block: Int32Array): boolean {
  for (let i = 0; i < BLOCK_WORDS; i++) if (words[start + i] !== block[i]) return false;
  return true;
}
