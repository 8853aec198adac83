import type { BootImage } from '../../recorder/machine/build.ts';
import type { Drive, Firmware } from '../../recorder/machine/device.ts';
import type { MachineOptions } from '../../recorder/machine/parts.ts';
import { BadInput } from '../../schemas/bad-input.ts';
import { DiskMismatch, openTraceDisk, type SectorSource } from '../../schemas/guest/disk-image.ts';
import { PackedError, type PackedFile, sha256Hex } from '../../schemas/trace/compression.ts';
import { TraceDamage } from '../../schemas/trace/framing.ts';
import type { TraceDisk, TraceHeader } from '../../schemas/trace/header.ts';
import { unpackFile } from '../../schemas/trace/packed-file.ts';
import { DivergenceFound } from './divergence.ts';

/** The files of a recording, from its header; a file that changed is a divergence. */

export function recordedBoot({ guest }: TraceHeader): BootImage {
  return {
    kind: guest.kind,
    name: String(guest.name),
    image: guest.image ? recordedFile(guest.image, 'image') : new Uint8Array(),
    commandLine: guest.commandLine.raw,
    modules: guest.modules.map(({ commandLine, file }, i) => ({
      commandLine: commandLine.raw,
      bytes: recordedFile(file, `module ${i + 1}`),
    })),
  };
}

function recordedFile(file: PackedFile, subsystem: string): Uint8Array {
  const bytes = unpackFile(file, subsystem);
  const actual = sha256Hex(bytes);
  if (actual === file.sha256) return bytes;
  throw new DivergenceFound({
    icount: 0,
    subsystem,
    expected: `SHA-256 ${file.sha256}`,
    actual: `SHA-256 ${actual}`,
  });
}

export type RecordedOptions = Omit<MachineOptions, 'nondet' | 'sink'>;

/** The options of the recorded machine, without its outside world. */
export function recordedOptions(
  header: TraceHeader,
  builtinDisk: (name: string) => Uint8Array,
): RecordedOptions {
  return {
    config: header.machine,
    profile: recordedProfile(header),
    facts: header.facts ?? [],
    disk: recordedDisk(header.disk, builtinDisk) ?? null,
    drives: recordedDrives(header, builtinDisk),
    firmware: recordedFirmware(header),
  };
}

function recordedProfile({ profile }: TraceHeader): MachineOptions['profile'] {
  const { windows = [] } = profile;
  return {
    ...profile,
    name: profile.name.raw,
    windows: windows.map((one) => ({ ...one, name: one.name.raw })),
  };
}

const recordedFirmware = ({ firmware }: TraceHeader): Firmware | undefined =>
  firmware && {
    bios: recordedFile(firmware.bios, 'BIOS'),
    vgaBios: recordedFile(firmware.vgaBios, 'VGA BIOS'),
    bootOrder: firmware.bootOrder,
    pci: firmware.pci,
  };

const recordedDrives = ({ drives = [] }: TraceHeader, builtinDisk: (name: string) => Uint8Array): Drive[] =>
  drives.map(({ kind, unit, medium }) => ({
    ...{ kind, unit, image: recordedDisk(medium, builtinDisk) as SectorSource },
  }));

function recordedDisk(
  disk: TraceDisk | undefined,
  builtinDisk: (name: string) => Uint8Array,
): SectorSource | undefined {
  if (!disk) return undefined;
  try {
    return openTraceDisk(disk, builtinDisk);
  } catch (error) {
    if (error instanceof PackedError) throw new TraceDamage('header, disk image', error.message);
    if (!(error instanceof DiskMismatch)) throw error;
    const { expected, actual } = error;
    throw new DivergenceFound({
      icount: 0,
      subsystem: 'disk image',
      expected: `SHA-256 ${expected}`,
      actual: `SHA-256 ${actual}`,
    });
  }
}

/** For `builtinDisk` of a caller that has no built-in disks; throws BadInput. */
export function noBuiltinDisks(name: string): never {
  throw new BadInput(`the trace was recorded with the built-in disk ${name}, which is not available`);
}
