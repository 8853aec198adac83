import { BadInput } from '../bad-input.ts';
import { bounded, OutOfBounds } from '../bounded.ts';
import { fileLimit, type Packed } from './compression.ts';
import { checkedConfig } from './configuration-check.ts';
import { checkFacts } from './facts.ts';
import type { TraceDisk, TraceDrive, TraceHeader } from './header.ts';
import {
  MAX_DISK_SECTORS,
  MAX_DRIVES,
  MAX_EMBEDDED_BYTES,
  MAX_EXTENT_BYTES,
  MAX_LABELS,
  MAX_MODULES,
  MAX_NAME_BYTES,
  MAX_RAM_BYTES,
  MAX_WINDOW_NAME,
  MAX_WINDOW_PAGES,
} from './limits.ts';
import type { TraceWindow } from './profile.ts';

/**
 * Bounds of the fields of a trace's header, other than the machine's configuration (configuration-check.ts). They are checked on writing
 * and on reading.
 */

const SECTOR_BYTES = 512;
const MAX_ICOUNT = Number.MAX_SAFE_INTEGER;
/**
 * Names of the ATA drives by channel and position (the first is the first hard disk, which has a field of its own), and of the floppies.
 */
const UNITS = { disk: [1, 3], cdrom: [0, 3], floppy: [0, 1] } as const;
/** 80 cylinders, 2 heads, 36 sectors. */
const MAX_FLOPPY_SECTORS = 5760;
const SLOTS = 1024;
const ROM_BYTES = 256 << 10;
/** The number of boot devices that the CMOS can hold. */
const MAX_BOOT_DRIVES = 3;

/** Throws OutOfBounds, which names the field. */
export function checkHeader(header: TraceHeader): void {
  const { guest, profile, firmware, parent } = header;
  bounded('ladder_interval', header.ladderInterval, 1, MAX_ICOUNT);
  bounded('the number of labels', Object.keys(header.labels).length, 0, MAX_LABELS);
  bounded('profile.recursive_slot', profile.recursiveSlot, -1, SLOTS - 1);
  bounded('profile.alternate_slot', profile.alternateSlot, -1, SLOTS - 1);
  for (const window of profile.windows ?? []) checkWindow(window);
  checkFacts(header.facts ?? []);
  if (guest.image) checkSize('guest.image', guest.image.contents, fileLimit(guest.image.contents));
  if (guest.symbols) checkSize('guest.symbols', guest.symbols.contents, fileLimit(guest.symbols.contents));
  bounded('the number of modules', guest.modules.length, 0, MAX_MODULES);
  const room = Math.min(header.machine.ramBytes, MAX_RAM_BYTES);
  const modules = guest.modules.reduce((sum, { file }) => sum + file.contents.rawBytes, 0);
  if (modules > room)
    throw new OutOfBounds('the size of all modules', modules, `at most ${room}, the size of RAM`);
  if (firmware) {
    checkSize('firmware.bios', firmware.bios.contents, ROM_BYTES);
    checkSize('firmware.vga_bios', firmware.vgaBios.contents, ROM_BYTES);
    bounded('the number of drives to boot from', firmware.bootOrder.length, 0, MAX_BOOT_DRIVES);
  }
  if (parent) bounded('the length of parent.file', parent.file.raw.length, 0, MAX_NAME_BYTES * 16);
  checkDisks(header);
}

function checkWindow({ name, kind, linear, pages }: TraceWindow): void {
  if (!/^[\w.:-]+$/.test(name.raw) || name.raw.length > MAX_WINDOW_NAME)
    throw new OutOfBounds(
      'profile.windows.name',
      JSON.stringify(name.raw.slice(0, MAX_WINDOW_NAME)),
      `1 to ${MAX_WINDOW_NAME} letters, digits, - _ . or :`,
    );
  const [first, last, step] =
    kind === 'pages' ? [1, MAX_WINDOW_PAGES, 4096] : kind === 'slot' ? [0, 0, 2 ** 22] : [0, 0, 4];
  bounded('profile.windows.pages', pages, first, last);
  bounded('profile.windows.linear', linear, 0, 2 ** 32 - Math.max(4, pages * 4096));
  if (linear % step !== 0) throw new OutOfBounds('profile.windows.linear', linear, `a multiple of ${step}`);
}

/** Checks a header before it is written; throws BadInput. */
export function checkWritable(header: TraceHeader): void {
  try {
    checkedConfig(header.machine);
    checkHeader(header);
  } catch (error) {
    if (!(error instanceof OutOfBounds)) throw error;
    throw new BadInput(`the trace would be invalid: ${error.message}`, 'docs/trace-format.md, Limits');
  }
}

function checkSize(field: string, { rawBytes }: Packed, most: number): void {
  bounded(`the size of ${field}`, rawBytes, 0, most);
}

function checkDisks({ disk, drives = [] }: TraceHeader): void {
  bounded('the number of drives', drives.length, 0, MAX_DRIVES);
  for (const drive of drives) checkDrive(drive);
  const places = new Set(
    drives.map(({ kind, unit }) => (kind === 'floppy' ? `floppy ${unit}` : `ATA ${unit}`)),
  );
  if (disk) places.add('ATA 0');
  const count = drives.length + (disk ? 1 : 0);
  if (places.size < count) throw new OutOfBounds('drives.unit', 'given twice', 'different for each drive');
  const media = [...(disk ? [disk] : []), ...drives.map(({ medium }) => medium)];
  const embedded = media.reduce((sum, medium) => sum + checkDisk(medium), 0);
  bounded('the size of all embedded disks', embedded, 0, MAX_EMBEDDED_BYTES);
}

function checkDrive({ kind, unit, medium }: TraceDrive): void {
  const [first, last] = UNITS[kind];
  bounded(`the unit of a drive (${kind})`, unit, first, last);
  if (kind === 'floppy') bounded('the sectors of a floppy', medium.sectors, 0, MAX_FLOPPY_SECTORS);
}

/** Bytes of an embedded disk, whose extents must be in order and end before the disk does. */
function checkDisk({ sectors, base }: TraceDisk): number {
  bounded('disk.sectors', sectors, 0, MAX_DISK_SECTORS);
  if (base.kind !== 'embedded') return 0;
  let free = 0;
  for (const { firstSector, contents } of base.extents) {
    bounded('extents.first_sector', firstSector, free, sectors);
    bounded('the size of an extent', contents.rawBytes, 1, MAX_EXTENT_BYTES);
    free = firstSector + Math.ceil(contents.rawBytes / SECTOR_BYTES);
    bounded('the end of an extent', free, 0, sectors);
  }
  return sectors * SECTOR_BYTES;
}
