import { BLOCK_BYTES, BLOCK_WORDS } from '../../schemas/trace-checkpoint.ts';

/** Copies of blocks, one after the other in one array that grows: they are many and small. */
export class BlockList {
  words = new Int32Array(BLOCK_WORDS * 2048);
  count = 0;
  private bytes = new Uint8Array(this.words.buffer);

  /** Returns where it begins in `words`. */
  add(block: Uint8Array): number {
    if ((this.count + 1) * BLOCK_WORDS > this.words.length) this.grow();
    const number = this.count++;
    this.bytes.set(block, number * BLOCK_BYTES);
    return number * BLOCK_WORDS;
  }

  holds(number: number, block: Int32Array): boolean {
    return sameBlock(this.words, number * BLOCK_WORDS, block);
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
