import type { DiskContents, DiskImage, WrittenSector } from '../device.ts';
import { sameBytes } from '../state/snapshot.ts';
import { type Hash64, WordHasher } from '../state/state-hash.ts';

/** A disk as changed by a machine: the image, overlaid by written sectors. */

export const SECTOR_BYTES = 512;
const SECTOR_WORDS = SECTOR_BYTES >>> 2;

/** Written sectors lie together in pieces of memory: one of its own would take longer to allocate, and to free, than to fill. */
const PIECE_WORDS = 16 * SECTOR_WORDS;

const hasher = new WordHasher();
let piece = new Int32Array(0);
/** Words in use. */
let used = 0;

/** A written sector with its hash; the bytes are copied. */
export function writtenSector(sector: number, bytes: Uint8Array): WrittenSector {
  if (used === piece.length) [piece, used] = [new Int32Array(PIECE_WORDS), 0];
  const copy = new Uint8Array(piece.buffer, used * 4, SECTOR_BYTES);
  copy.set(bytes);
  hasher.run(piece, used, SECTOR_WORDS, sector);
  used += SECTOR_WORDS;
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
    const before = this.written.get(sector);
    // File systems write much of their metadata as it was.
    if (before && sameBytes(before.bytes, bytes)) return;
    const now = writtenSector(sector, bytes);
    this.low = (this.low + now.hash.low - (before?.hash.low ?? 0)) | 0;
    this.high = (this.high + now.hash.high - (before?.hash.high ?? 0)) | 0;
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
