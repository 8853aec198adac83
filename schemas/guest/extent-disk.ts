import { host } from '../host.ts';
import { unpack } from '../trace/compression.ts';
import type { TraceExtent } from '../trace/header.ts';
import { MAX_EXTENT_BYTES } from '../trace/limits.ts';

/** Disk images stored in a trace. */

const SECTOR_BYTES = 512;
/** Maximum number of extents kept unpacked, most recently used last. An extent is usually 64 KB. */
const KEPT = 256;
/** Bytes hashed at a time. */
const PIECE_BYTES = 64 << 10;

/**
 * A disk image stored in a trace as compressed extents, ordered by first sector, with zeros between them. Extents are unpacked when they
 * are read.
 */
export class ExtentDisk {
  readonly sectors: number;
  private readonly extents: readonly TraceExtent[];
  private readonly kept = new Map<number, Uint8Array>();

  constructor(sectors: number, extents: readonly TraceExtent[]) {
    this.sectors = sectors;
    this.extents = extents;
  }

  /** Fills `into` with sectors from `sector` on; zeros beyond the end. */
  read(sector: number, into: Uint8Array): void {
    into.fill(0);
    const end = sector + Math.ceil(into.length / SECTOR_BYTES);
    for (let n = this.lastAt(sector); n < this.extents.length; n++) {
      if (n < 0) continue;
      const { firstSector } = this.extents[n];
      if (firstSector >= end) return;
      // Position of the extent's begin in `into`; negative if it lies before.
      const at = (firstSector - sector) * SECTOR_BYTES;
      const part = this.unpacked(n).subarray(Math.max(0, -at), Math.max(0, into.length - at));
      into.set(part, Math.max(0, at));
    }
  }

  /** SHA-256 of the whole image, hexadecimal. */
  sha256(): string {
    const hash = host().sha256();
    const piece = new Uint8Array(PIECE_BYTES);
    const perPiece = PIECE_BYTES / SECTOR_BYTES;
    for (let sector = 0; sector < this.sectors; sector += perPiece) {
      this.read(sector, piece);
      hash.update(piece.subarray(0, Math.min(perPiece, this.sectors - sector) * SECTOR_BYTES));
    }
    return hash.hex();
  }

  /** Number of the last extent that begins at or before a sector; -1 if all begin later. */
  private lastAt(sector: number): number {
    let low = 0;
    let high = this.extents.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.extents[middle].firstSector <= sector) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  private unpacked(n: number): Uint8Array {
    const bytes = this.kept.get(n) ?? unpack(this.extents[n].contents, MAX_EXTENT_BYTES);
    this.kept.delete(n);
    this.kept.set(n, bytes);
    if (this.kept.size > KEPT) this.kept.delete(this.kept.keys().next().value as number);
    return bytes;
  }
}
