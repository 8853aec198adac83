import type { DiskContents, DiskImage, WrittenSector } from '../device.ts';
import { type Hash64, WordHasher } from '../state/state-hash.ts';

/** A disk as changed by a machine: the image, overlaid by written sectors. */

export const SECTOR_BYTES = 512;
const SECTOR_WORDS = SECTOR_BYTES >>> 2;

const hasher = new WordHasher();

/** A written sector with its hash; the bytes are copied. */
export function writtenSector(sector: number, bytes: Uint8Array): WrittenSector {
  const words = new Int32Array(SECTOR_WORDS);
  const copy = new Uint8Array(words.buffer);
  copy.set(bytes);
  hasher.run(words, 0, SECTOR_WORDS, sector);
  return { bytes: copy, hash: hasher.result() };
}

/** A disk whose image is never modified; sectors written by the guest are kept here. */
export class DiskOverlay {
  readonly sectors: number;
  private readonly image: DiskImage;
  private written = new Map<number, WrittenSector>();
  /** The value returned by `save`, while it is current. */
  private saved: DiskContents | undefined;
  /** Sum over written sectors of a hash of number and contents, so that one can be taken out and put back. */
  private low = 0;
  private high = 0;

  constructor(image: DiskImage) {
    this.image = image;
    this.sectors = image.sectors;
  }

  read(sector: number, into: Uint8Array): void {
    const written = this.written.get(sector);
    if (written) into.set(written.bytes);
    else this.image.read(sector, into);
  }

  write(sector: number, bytes: Uint8Array): void {
    const before = this.written.get(sector)?.hash ?? { low: 0, high: 0 };
    const now = writtenSector(sector, bytes);
    this.low = (this.low + now.hash.low - before.low) | 0;
    this.high = (this.high + now.hash.high - before.high) | 0;
    this.written.set(sector, now);
    this.saved = undefined;
  }

  hash(): Hash64 {
    return { low: this.low, high: this.high };
  }

  /** The sectors written by the guest. Sectors are shared, not copied. */
  save(): DiskContents {
    this.saved ??= new Map(this.written);
    return this.saved;
  }

  restore(contents: DiskContents): void {
    if (contents === this.saved) return;
    this.written = new Map(contents);
    this.saved = contents;
    this.low = 0;
    this.high = 0;
    for (const { hash } of contents.values()) {
      this.low = (this.low + hash.low) | 0;
      this.high = (this.high + hash.high) | 0;
    }
  }
}
