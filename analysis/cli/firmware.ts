import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Firmware } from '../../recorder/machine/device.ts';
import { BadInput } from '../../schemas/bad-input.ts';
import type { Media } from './drives.ts';
import { readUserFile } from './user-file.ts';

/** What of a `record` command line says how the BIOS starts the machine. */
export interface FirmwareRequest {
  readonly bios?: string | undefined;
  readonly vgaBios?: string | undefined;
  readonly boot?: string | undefined;
  readonly isa?: boolean | undefined;
  readonly floppy?: readonly string[] | undefined;
  readonly cdrom?: string | undefined;
}

/** Where distributions put SeaBIOS: Debian, Ubuntu; Fedora, openSUSE; Arch, Homebrew. */
const FOLDERS = [
  '/usr/share/seabios',
  '/usr/share/qemu',
  '/usr/share/qemu-kvm',
  '/usr/local/share/qemu',
  '/opt/homebrew/share/qemu',
];
const BIOS_NAMES = ['bios.bin', 'bios-256k.bin'];
const VGA_BIOS_NAMES = ['vgabios-isavga.bin', 'vgabios-stdvga.bin', 'vgabios.bin'];
const NO_VGA_BIOS = 'none';

/** Whether the guest is to be booted by a BIOS though no bootable image was named as the guest. */
export const asksForFirmware = ({ bios, vgaBios, boot, isa, ...media }: FirmwareRequest): boolean =>
  [bios, vgaBios, boot, media.cdrom].some((given) => given !== undefined) ||
  isa === true ||
  (media.floppy ?? []).length > 0;

/** Throws BadInput when there is no BIOS to be found. */
export function openFirmware(request: FirmwareRequest, media: Media): Firmware {
  const bios = request.bios ?? find(BIOS_NAMES);
  if (bios === undefined)
    throw new BadInput(
      `no BIOS found (${BIOS_NAMES.join(' or ')} in ${FOLDERS.join(', ')})`,
      'install SeaBIOS (Debian, Ubuntu: apt install seabios; Fedora: dnf install seabios-bin), or name one: --bios FILE',
    );
  const vgaBios = request.vgaBios ?? find(VGA_BIOS_NAMES) ?? NO_VGA_BIOS;
  return {
    bios: readUserFile(bios, 'BIOS'),
    vgaBios: vgaBios === NO_VGA_BIOS ? new Uint8Array() : readUserFile(vgaBios, 'VGA BIOS'),
    bootOrder: bootOrder(request.boot, media),
    pci: !request.isa,
  };
}

const find = (names: readonly string[]): string | undefined =>
  FOLDERS.flatMap((folder) => names.map((name) => join(folder, name))).find((path) => existsSync(path));

/** As asked; else every drive that has a medium: what was named as the guest, then floppy, hard disk, CD. */
function bootOrder(asked: string | undefined, { disks, floppies, cdrom, first }: Media): string {
  const present = [
    { kind: 'floppy', letter: 'a', there: floppies.length > 0 },
    { kind: 'disk', letter: 'c', there: disks.length > 0 },
    { kind: 'cdrom', letter: 'd', there: cdrom !== undefined },
  ].filter(({ there }) => there);
  present.sort((a, b) => (b.kind === first ? 1 : 0) - (a.kind === first ? 1 : 0));
  if (asked === undefined) return present.map(({ letter }) => letter).join('');
  if (!/^[acd]{1,3}$/.test(asked) || new Set(asked).size < asked.length)
    throw new BadInput(
      `--boot ${asked}: no boot order`,
      'write the drives to try: a floppy, c hard disk, d CD; as --boot dc',
    );
  return asked;
}
