import { BLOCK_BYTES } from '../../schemas/trace-checkpoint.ts';
import type { DiskImage } from '../machine/device.ts';

/** Between a disk and the machine: remembers which sectors of the image were read. */
export class DiskReads implements DiskImage {
  readonly sectors: number;
  private readonly image: DiskImage;
  private readonly seen = new Set<number>();
  private fresh: number[] = [];

  constructor(image: DiskImage) {
    this.image = image;
    this.sectors = image.sectors;
  }

  read(sector: number, into: Uint8Array): void {
    const end = sector + into.length / BLOCK_BYTES;
    for (let n = sector; n < end; n++) {
      if (this.seen.has(n)) continue;
      this.seen.add(n);
      this.fresh.push(n);
    }
    this.image.read(sector, into);
  }

  /** The sectors read for the first time since this was last called, ascending, and what is in them. */
  take(): { readonly numbers: Uint32Array; readonly units: Uint8Array[] } {
    const numbers = Uint32Array.from(this.fresh).sort();
    this.fresh = [];
    const bytes = new Uint8Array(numbers.length * BLOCK_BYTES);
    const units = Array.from(numbers, (_, i) => bytes.subarray(i * BLOCK_BYTES, (i + 1) * BLOCK_BYTES));
    for (let i = 0; i < numbers.length; i++) this.image.read(numbers[i], units[i]);
    return { numbers, units };
  }
}
