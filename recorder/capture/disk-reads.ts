import { BLOCK_BYTES } from '../../schemas/trace-checkpoint.ts';
import type { DiskImage } from '../machine/device.ts';

/** 128 MB. Of a run that reads more, the rest is not looked for in memory: what is looked for is held in memory. */
const MOST_SECTORS = 1 << 18;

/** Between a disk and the machine: remembers which sectors of the image were read, the first MOST_SECTORS of them. */
export class DiskReads implements DiskImage {
  readonly sectors: number;
  private readonly image: DiskImage;
  private readonly most: number;
  private readonly seen = new Set<number>();
  private fresh: number[] = [];

  constructor(image: DiskImage, most = MOST_SECTORS) {
    this.image = image;
    this.most = most;
    this.sectors = image.sectors;
  }

  read(sector: number, into: Uint8Array): void {
    const end = sector + into.length / BLOCK_BYTES;
    for (let n = sector; n < end; n++) {
      if (this.seen.size >= this.most || this.seen.has(n)) continue;
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
