import { BadInput } from '../bad-input.ts';
import { type ByteSource, host } from '../host.ts';
import { pack, sha256Hex } from '../trace/compression.ts';
import type { TraceDisk, TraceDiskBase, TraceExtent } from '../trace/header.ts';
import { printable } from '../untrusted.ts';
import { ExtentDisk } from './extent-disk.ts';

/** Disk images for the machine and the trace: 512-byte sectors, read only; the guest's writes stay in the machine. */

export const SECTOR_BYTES = 512;

/** Compatible with the machine's DiskImage. */
export interface SectorSource {
  readonly sectors: number;
  read(sector: number, into: Uint8Array): void;
}

/** The same disk; calls `heard` with each sector before it is read. */
export const watchedDisk = (disk: SectorSource, heard: (sector: number) => void): SectorSource => ({
  sectors: disk.sectors,
  read(sector, into) {
    for (let n = 0; n * SECTOR_BYTES < into.length; n++) heard(sector + n);
    disk.read(sector, into);
  },
});

/** An image in memory; an incomplete last sector is filled with zeros. */
export class MemoryDisk implements SectorSource {
  readonly sectors: number;
  private readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.sectors = Math.ceil(bytes.length / SECTOR_BYTES);
  }

  /** The image with its last sector filled with zeros. */
  whole(): Uint8Array {
    if (this.bytes.length === this.sectors * SECTOR_BYTES) return this.bytes;
    const whole = new Uint8Array(this.sectors * SECTOR_BYTES);
    whole.set(this.bytes);
    return whole;
  }

  read(sector: number, into: Uint8Array): void {
    const at = sector * SECTOR_BYTES;
    const part = this.bytes.subarray(at, at + into.length);
    into.set(part);
    into.fill(0, part.length);
  }
}

/** An image too large for memory. The file must not change while it is in use; its hash detects changes between runs. */
export class FileDisk implements SectorSource {
  readonly sectors: number;
  private readonly file: ByteSource;

  /** Throws BadInput if it is not a regular file. */
  constructor(path: string) {
    this.file = host().openFile(path, 'disk image');
    this.sectors = Math.ceil(this.file.bytes / SECTOR_BYTES);
  }

  /** SHA-256 of the file, hexadecimal. */
  sha256(): string {
    return hashFile(this.file);
  }

  read(sector: number, into: Uint8Array): void {
    into.fill(0, this.file.read(into, sector * SECTOR_BYTES));
  }

  close(): void {
    this.file.close();
  }
}

function hashFile(file: ByteSource): string {
  const hash = host().sha256();
  const block = new Uint8Array(1 << 20);
  for (let at = 0; ; ) {
    const n = file.read(block, at);
    if (n === 0) return hash.hex();
    hash.update(block.subarray(0, n));
    at += n;
  }
}

/** Granularity of the search for extents: small enough to skip most holes, large enough to compress. */
const BLOCK_BYTES = 64 << 10;

const isZero = (bytes: Uint8Array) => bytes.every((byte) => byte === 0);

/** The parts of an image that are not zeros, for the header of a trace. */
export const packExtents = (image: Uint8Array): TraceExtent[] =>
  packSectors(new MemoryDisk(image), () => true).extents;

/**
 * A disk for the header of a trace: the sectors kept, and zeros for the others. It is read piece by piece, whatever its size. `sha256` is
 * the hash of the resulting image.
 */
export function packSectors(
  disk: SectorSource,
  keep: (sector: number) => boolean,
): { readonly extents: TraceExtent[]; readonly sha256: string } {
  const extents: TraceExtent[] = [];
  const hash = host().sha256();
  for (let first = 0; first < disk.sectors; first += BLOCK_BYTES / SECTOR_BYTES) {
    const sectors = Math.min(BLOCK_BYTES / SECTOR_BYTES, disk.sectors - first);
    const block = new Uint8Array(sectors * SECTOR_BYTES);
    for (let n = 0; n < sectors; n++)
      if (keep(first + n)) disk.read(first + n, block.subarray(n * SECTOR_BYTES, (n + 1) * SECTOR_BYTES));
    hash.update(block);
    if (!isZero(block)) extents.push({ firstSector: first, contents: pack(block) });
  }
  return { extents, sha256: hash.hex() };
}

/** The given disk differs from the one that the trace was recorded with. */
export class DiskMismatch extends BadInput {
  override readonly name = 'DiskMismatch';
  readonly expected: string;
  readonly actual: string;

  constructor(what: string, expected: string, actual: string, next?: string) {
    super(`${what} is not the disk of the recording: SHA-256 ${actual} instead of ${expected}`, next);
    this.expected = expected;
    this.actual = actual;
  }
}

/** Opens the disk of a recording. `builtin` finds the images that come with the tool. */
export function openTraceDisk(disk: TraceDisk, builtin: (name: string) => Uint8Array): SectorSource {
  const { base } = disk;
  switch (base.kind) {
    case 'embedded': {
      const image = new ExtentDisk(disk.sectors, base.extents);
      return checked(disk, image, image.sha256(), 'the embedded image');
    }
    case 'builtin': {
      const image = new MemoryDisk(builtin(base.name.raw));
      return checked(disk, image, sha256Hex(image.whole()), `the built-in image ${base.name}`);
    }
    case 'path':
      return openDiskFile(disk, base);
  }
}

function checked({ sha256 }: TraceDisk, image: SectorSource, actual: string, what: string): SectorSource {
  if (actual !== sha256) throw new DiskMismatch(what, sha256, actual);
  return image;
}

/** The file name in a path of any system. The folders in it are private to whoever recorded, and are dropped. */
export const diskFileName = (path: string): string => path.split(/[\\/]/).at(-1) ?? '';

/**
 * Finds the image among candidate files. The path in a trace is never opened, because whoever made the trace chose it. The hash of a
 * user's file is never shown.
 */
function openDiskFile(
  disk: TraceDisk,
  { path, files = [] }: Extract<TraceDiskBase, { kind: 'path' }>,
): FileDisk {
  const reasons: string[] = [];
  for (const name of files) {
    try {
      const file = new FileDisk(name);
      const reason =
        file.sectors === disk.sectors
          ? file.sha256() === disk.sha256
            ? undefined
            : 'its contents differ'
          : `it has ${file.sectors} sectors, not ${disk.sectors}`;
      if (reason === undefined) return file;
      file.close();
      reasons.push(`${name} does not match: ${reason}`);
    } catch (error) {
      if (!(error instanceof BadInput)) throw error;
      reasons.push(error.message);
    }
  }
  const why = reasons.length > 0 ? reasons.join('; ') : 'no file was given';
  throw new BadInput(
    `the disk of the recording, ${printable(diskFileName(path.raw))}, is not in the trace: ${why}`,
    'put its image beside the trace, or give it: --disk FILE',
  );
}
