import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { DiskSource, DriveSource } from '../../../recorder/capture/recording.ts';
import type { DriveKind } from '../../../recorder/machine/device.ts';
import { isFloppySize, MAX_FLOPPY_SECTORS } from '../../../recorder/machine/devices/floppy-format.ts';
import { BadInput } from '../../../schemas/bad-input.ts';
import { SECTOR_BYTES } from '../../../schemas/guest/disk-image.ts';
import { readUserFile } from './user-file.ts';

/** Opens the images that the user names and assigns them to drives. */

/** Paths of the images in a machine's drives. */
export interface Media {
  readonly disks: readonly string[];
  readonly floppies: readonly string[];
  readonly cdrom: string | undefined;
  /** The kind of the image named as the guest, which is booted first. */
  readonly first?: DriveKind;
}

/** Offsets of the signature of an ISO 9660 volume (ECMA-119, 8.1: sector 16) and of a boot sector. */
const ISO_AT = 16 * 2048 + 1;
const ISO_MARK = 'CD001';
const BOOT_MARK_AT = 510;

/** The kind of drive for a bootable image, by its size and contents; undefined if it does not look like one. */
export function mediumKind(image: Uint8Array): DriveKind | undefined {
  const boots = image[BOOT_MARK_AT] === 0x55 && image[BOOT_MARK_AT + 1] === 0xaa;
  const isIso = Buffer.from(image.subarray(ISO_AT, ISO_AT + ISO_MARK.length)).toString('latin1') === ISO_MARK;
  if (isIso) return 'cdrom';
  if (!boots) return undefined;
  return isFloppySize(image.length / SECTOR_BYTES) ? 'floppy' : 'disk';
}

/** Adds a medium to the first free drive of its kind. */
export function withMedium(media: Media, kind: DriveKind, path: string): Media {
  const first = kind;
  if (kind === 'floppy') return { ...media, first, floppies: [path, ...media.floppies] };
  if (kind === 'disk') return { ...media, first, disks: [path, ...media.disks] };
  if (media.cdrom !== undefined) throw new BadInput(`two CDs for one CD drive: ${path}, ${media.cdrom}`);
  return { ...media, first, cdrom: path };
}

/** The CD drive is master of the second channel. */
const CDROM_UNIT = 2;
const ATA_UNITS = 4;
const FLOPPY_UNITS = 2;

export function openDrives({ disks, floppies, cdrom }: Media): {
  disk: DiskSource | undefined;
  drives: DriveSource[];
} {
  const units = Array.from({ length: ATA_UNITS }, (_, unit) => unit).filter(
    (unit) => cdrom === undefined || unit !== CDROM_UNIT,
  );
  if (disks.length > units.length)
    throw new BadInput(`${disks.length} hard disks, but the machine has room for ${units.length}`);
  if (floppies.length > FLOPPY_UNITS)
    throw new BadInput(`${floppies.length} floppies, but the machine has two floppy drives`);
  const [disk, ...others] = disks.map((path) => userDisk(path, 'disk image'));
  const drives: DriveSource[] = others.map((medium, n) => ({ kind: 'disk', unit: units[n + 1], medium }));
  if (cdrom !== undefined)
    drives.push({ kind: 'cdrom', unit: CDROM_UNIT, medium: userDisk(cdrom, 'CD image') });
  floppies.forEach((path, unit) => {
    drives.push({ kind: 'floppy', unit, medium: userFloppy(path) });
  });
  return { disk, drives };
}

/** 1.44 MB, the floppy size assumed for an image of another size that fits. */
const HIGH_DENSITY_SECTORS = 2880;

function userFloppy(path: string): DiskSource {
  const image = readUserFile(path, 'floppy image');
  if (image.length > MAX_FLOPPY_SECTORS * SECTOR_BYTES)
    throw new BadInput(
      `${path} (${image.length} bytes) is larger than any floppy`,
      'give it as --disk or --cdrom',
    );
  return { kind: 'image', image: wholeFloppy(image) };
}

/** Pads a short floppy image with zeros, as builds of boot floppies leave them. */
function wholeFloppy(image: Uint8Array): Uint8Array {
  if (isFloppySize(image.length / SECTOR_BYTES)) return image;
  const sectors =
    image.length <= HIGH_DENSITY_SECTORS * SECTOR_BYTES ? HIGH_DENSITY_SECTORS : MAX_FLOPPY_SECTORS;
  const whole = new Uint8Array(sectors * SECTOR_BYTES);
  whole.set(image);
  return whole;
}

/** Images up to this size are embedded in the trace; larger ones are referred to by name and hash. */
const EMBED_BYTES = 256 * 2 ** 20;

function userDisk(path: string, what: string): DiskSource {
  const bytes = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  return bytes > EMBED_BYTES
    ? { kind: 'path', path: resolve(path) }
    : { kind: 'image', image: readUserFile(path, what) };
}
