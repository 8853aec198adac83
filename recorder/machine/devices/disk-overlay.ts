import type { DiskImage } from '../device.ts';
import { type Hash64, WordHasher } from '../state-hash.ts';

const SECTOR_BYTES = 512;
const SECTOR_WORDS = SECTOR_BYTES >>> 2;

interface Written {
  readonly words: Int32Array;
  readonly hash: Hash64;
}

/** A disk whose image is never written to: what the guest writes is kept here, sector by sector. */
export class DiskOverlay {
  readonly sectors: number;
  private readonly image: DiskImage;
  private readonly written = new Map<number, Written>();
  private readonly hasher = new WordHasher();
  /** Sum over written sectors of a hash of number and contents, so that one can be taken out and put back. */
  private low = 0;
  private high = 0;

  constructor(image: DiskImage) {
    this.image = image;
    this.sectors = image.sectors;
  }

  read(sector: number, into: Uint8Array): void {
    const written = this.written.get(sector);
    if (written) into.set(new Uint8Array(written.words.buffer));
    else this.image.read(sector, into);
  }

  write(sector: number, bytes: Uint8Array): void {
    const words = new Int32Array(SECTOR_WORDS);
    new Uint8Array(words.buffer).set(bytes);
    this.hasher.run(words, 0, SECTOR_WORDS, sector);
    const hash = this.hasher.result();
    const before = this.written.get(sector)?.hash ?? { low: 0, high: 0 };
    this.low = (this.low + hash.low - before.low) | 0;
    this.high = (this.high + hash.high - before.high) | 0;
    this.written.set(sector, { words, hash });
  }

  hash(): Hash64 {
    return { low: this.low, high: this.high };
  }

  /** Records of 4 bytes sector number and 512 bytes of contents, in sector order. */
  save(): Uint8Array {
    const sectors = [...this.written.keys()].sort((a, b) => a - b);
    const bytes = new Uint8Array(sectors.length * (4 + SECTOR_BYTES));
    const view = new DataView(bytes.buffer);
    sectors.forEach((sector, n) => {
      const at = n * (4 + SECTOR_BYTES);
      view.setUint32(at, sector, true);
      bytes.set(new Uint8Array((this.written.get(sector) as Written).words.buffer), at + 4);
    });
    return bytes;
  }

  restore(bytes: Uint8Array): void {
    this.written.clear();
    this.low = 0;
    this.high = 0;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    for (let at = 0; at < bytes.length; at += 4 + SECTOR_BYTES)
      this.write(view.getUint32(at, true), bytes.subarray(at + 4, at + 4 + SECTOR_BYTES));
  }
}
