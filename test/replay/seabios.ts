import { openFirmware } from '../../analysis/cli/options/firmware.ts';
import type { DriveSource } from '../../recorder/capture/recording.ts';
import { DEFAULT_CONFIG, NO_PROFILE } from '../../recorder/machine/config.ts';
import type { Firmware } from '../../recorder/machine/device.ts';
import { TraceReader } from '../../replayer/trace/trace-reader.ts';
import { columnIndex } from '../../schemas/events.ts';
import { BOOT_LETTERS } from '../../schemas/trace/header.ts';
import { bootCd, bootDisk } from './boot-sector.ts';

/** Shared by the tests of booting by SeaBIOS. */

export const FLOPPY_SECTORS = 2880;
export const DISK_SECTORS = 1008;

/** SeaBIOS, as it comes with the tool. */
/** `order`: letters, as of `--boot`. */
export const firmware = (order: string, pci = true): Firmware => ({
  ...openFirmware({}, { disks: [], floppies: [], cdrom: undefined }),
  bootOrder: [...order].map((letter) => BOOT_LETTERS[letter as keyof typeof BOOT_LETTERS]),
  pci,
});

/** Everything of a recording but what it boots from. */
export const PLAN = {
  toolVersion: 'test',
  guestName: 'boot sector',
  boot: { kind: 'disk_boot', name: 'boot sector', image: new Uint8Array(), commandLine: '', modules: [] },
  config: { ...DEFAULT_CONFIG, ramBytes: 4 << 20 },
  profile: NO_PROFILE,
  seed: 7n,
  ladderInterval: 1_000_000,
} as const;

export const memory = (image: Uint8Array) => ({ kind: 'image', image }) as const;
export const bootFloppy = (): DriveSource => ({
  ...{ kind: 'floppy', unit: 0, medium: memory(bootDisk(FLOPPY_SECTORS)) },
});
export const bootCdrom = (): DriveSource => ({ kind: 'cdrom', unit: 2, medium: memory(bootCd()) });

const [PORT, BYTE] = ['port', 'byte'].map((name) => columnIndex('console', name));

/** Text that went to a console port of the recording (0 COM1, 2 the BIOS's own). */
export function said(path: string, port: number): string {
  const reader = TraceReader.open(path);
  let text = '';
  for (let chunk = 0; chunk < reader.chunks.length; chunk++) {
    const { count, columns } = reader.readChunk(chunk).table('console');
    for (let i = 0; i < count; i++)
      if (columns[PORT][i] === port) text += String.fromCharCode(columns[BYTE][i]);
  }
  reader.close();
  return text;
}
