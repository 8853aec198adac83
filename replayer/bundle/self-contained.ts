import { basename } from 'node:path';
import type { DiskImage } from '../../recorder/machine/device.ts';
import { BadInput } from '../../schemas/bad-input.ts';
import { openTraceDisk, packSectors, SECTOR_BYTES, watchedDisk } from '../../schemas/guest/disk-image.ts';
import type { TraceDisk, TraceHeader } from '../../schemas/trace/header.ts';
import { untrusted } from '../../schemas/untrusted.ts';

/** Makes the header of a trace self-contained by embedding disks as extents. */

/** The sectors of each disk that the machine read, by the disks' numbers in ReplayOptions.watchDisk. */
export class SectorsRead {
  private readonly disks = new Map<number, Set<number>>();

  /** Wraps a disk before the machine gets it. */
  readonly watch = (image: DiskImage, disk: number): DiskImage => {
    const seen = new Set<number>();
    this.disks.set(disk, seen);
    return watchedDisk(image, (sector) => seen.add(sector));
  };

  of(disk: number): ReadonlySet<number> {
    return this.disks.get(disk) ?? new Set();
  }
}

/** Limit on the size, because an embedded disk is unpacked into memory for use. */
const LARGEST_DISK = 2 ** 30;

/** The header with every disk embedded; with `read`, only the sectors that were read. */
export function selfContained(
  header: TraceHeader,
  builtinDisk: (name: string) => Uint8Array,
  read?: SectorsRead,
): TraceHeader {
  const embed = (disk: TraceDisk, number: number) => embedded(disk, builtinDisk, read?.of(number));
  return {
    ...header,
    disk: header.disk && embed(header.disk, 0),
    ...(header.drives
      ? { drives: header.drives.map((drive, n) => ({ ...drive, medium: embed(drive.medium, n + 1) })) }
      : {}),
    // The path on the reporter's machine is private.
    ...(header.parent
      ? { parent: { ...header.parent, file: untrusted(basename(header.parent.file.raw)) } }
      : {}),
  };
}

function embedded(
  disk: TraceDisk,
  builtinDisk: (name: string) => Uint8Array,
  read: ReadonlySet<number> | undefined,
): TraceDisk {
  if (disk.base.kind === 'embedded' && !read) return disk;
  if (disk.sectors * SECTOR_BYTES > LARGEST_DISK)
    throw new BadInput(
      `a disk of ${disk.sectors} sectors is too large for a bundle`,
      'send the image along with the trace itself',
    );
  const { extents, sha256 } = packSectors(
    openTraceDisk(disk, builtinDisk),
    (sector) => read?.has(sector) ?? true,
  );
  const base = { kind: 'embedded', extents } as const;
  const original = disk.unredactedSha256 ?? disk.sha256;
  const redacted = read !== undefined && sha256 !== original;
  return { sectors: disk.sectors, sha256, base, ...(redacted ? { unredactedSha256: original } : {}) };
}
