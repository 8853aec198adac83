import { readFileSync } from 'node:fs';
import { processorOf } from '../../../recorder/machine/cpu/decode/models.ts';
import type { DriveKind, Firmware } from '../../../recorder/machine/device.ts';
import { BadInput } from '../../../schemas/bad-input.ts';
import { BOOT_LETTERS } from '../../../schemas/trace/header.ts';
import type { Media } from './drives.ts';
import { readUserFile } from './user-file.ts';

/** The options of `record` for the BIOS. */
export interface FirmwareRequest {
  readonly bios?: string | undefined;
  readonly vgaBios?: string | undefined;
  readonly boot?: string | undefined;
  readonly isa?: boolean | undefined;
  readonly floppy?: readonly string[] | undefined;
  readonly cdrom?: string | undefined;
  readonly cpu?: string | undefined;
}

/** SeaBIOS comes with the tool. */
const bundled = (name: string): Uint8Array =>
  readFileSync(new URL(`../../../firmware/seabios/${name}`, import.meta.url));
const NO_VGA_BIOS = 'none';

/** True if a BIOS boots the guest although no bootable image was named as the guest. */
export const asksForFirmware = ({ bios, vgaBios, boot, isa, ...media }: FirmwareRequest): boolean =>
  [bios, vgaBios, boot, media.cdrom].some((given) => given !== undefined) ||
  isa === true ||
  (media.floppy ?? []).length > 0;

/** The requested ROM images, or SeaBIOS. */
export function openFirmware(request: FirmwareRequest, media: Media): Firmware {
  const { bios, vgaBios, boot, isa, cpu } = request;
  if (bios === undefined && cpu !== undefined && !processorOf(cpu).has.has('i486'))
    throw new BadInput(
      `--cpu ${cpu}: SeaBIOS executes BSWAP, which came with the 486`,
      `take --cpu ${cpu},+i486 or --cpu 486, or name another BIOS by --bios`,
    );
  return {
    bios: bios === undefined ? bundled('bios.bin') : readUserFile(bios, 'BIOS'),
    vgaBios: vgaBios === NO_VGA_BIOS ? new Uint8Array() : openVgaBios(vgaBios),
    bootOrder: bootOrder(boot, media),
    pci: !isa,
  };
}

const openVgaBios = (path: string | undefined): Uint8Array =>
  path === undefined ? bundled('vgabios-isavga.bin') : readUserFile(path, 'VGA BIOS');

/** The requested boot order, or every drive with a medium: the one named as the guest, then floppy, hard disk, CD. */
function bootOrder(asked: string | undefined, { disks, floppies, cdrom, first }: Media): DriveKind[] {
  const there = { floppy: floppies.length > 0, disk: disks.length > 0, cdrom: cdrom !== undefined };
  const present = Object.values(BOOT_LETTERS).filter((kind) => there[kind]);
  present.sort((a, b) => (b === first ? 1 : 0) - (a === first ? 1 : 0));
  if (asked === undefined) return present;
  if (!/^[acd]{1,3}$/.test(asked) || new Set(asked).size < asked.length)
    throw new BadInput(
      `--boot ${asked}: not a boot order`,
      'write the drives to try: a floppy, c hard disk, d CD; as --boot dc',
    );
  return [...asked].map((letter) => BOOT_LETTERS[letter as keyof typeof BOOT_LETTERS]);
}
