import { SECTOR_BYTES, watchedDisk } from '../../schemas/guest/disk-image.ts';
import { FIRST_DISK } from '../../schemas/trace/checkpoint.ts';
import type { ChangedUnits } from '../../schemas/trace/state-changes.ts';
import type { DiskImage } from '../machine/device.ts';

/** Sectors that a run read from its first disk, so that a checkpoint can refer to them instead of holding them. */

/** 128 MB, the maximum held in memory. Further sectors that a run reads are not searched. */
const MOST_SECTORS = 1 << 18;

/** Remembers which sectors of the first disk's image were read, the first MOST_SECTORS of them. */
export class DiskReads {
  /** Wraps the disk for the machine. */
  readonly disk: DiskImage;
  private readonly image: DiskImage;
  private readonly seen = new Set<number>();
  private fresh: number[] = [];

  constructor(image: DiskImage, most = MOST_SECTORS) {
    this.image = image;
    this.disk = watchedDisk(image, (sector) => {
      if (this.seen.size >= most || this.seen.has(sector)) return;
      this.seen.add(sector);
      this.fresh.push(sector);
    });
  }

  /** The sectors first read since the last call, with their contents. */
  take(): ChangedUnits {
    const numbers = Uint32Array.from(this.fresh).sort();
    this.fresh = [];
    const bytes = new Uint8Array(numbers.length * SECTOR_BYTES);
    const units = Array.from(numbers, (_, i) => bytes.subarray(i * SECTOR_BYTES, (i + 1) * SECTOR_BYTES));
    for (let i = 0; i < numbers.length; i++) this.image.read(numbers[i], units[i]);
    return { name: FIRST_DISK, bytes: 0, numbers, units };
  }
}
