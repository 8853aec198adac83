import { BadInput } from '../../schemas/bad-input.ts';
import { Machine } from './machine.ts';
import type { MachineOptions } from './parts.ts';

/** Builds a machine and loads its guest by the boot protocol of its image. */

/** The files from which a machine starts. */
export interface BootImage {
  readonly kind: 'multiboot' | 'linux' | 'disk_boot';
  /** Names the image in messages. */
  readonly name: string;
  readonly image: Uint8Array;
  readonly commandLine: string;
  /** Multiboot modules; for Linux its initrds. */
  readonly modules: readonly { readonly bytes: Uint8Array; readonly commandLine: string }[];
}

/** Builds a machine and loads its guest, identically for recording and replay. */
export type MachineBuilder = (options: MachineOptions, boot: BootImage) => Machine;

export const buildMachine: MachineBuilder = (options, boot) => {
  const { image, commandLine: cmdline, modules, name } = boot;
  const machine = new Machine(options);
  switch (boot.kind) {
    case 'multiboot':
      machine.loadMultiboot(image, { cmdline, modules }, name);
      break;
    case 'linux':
      machine.loadLinux(image, { cmdline, initrds: modules.map(({ bytes }) => bytes) }, name);
      break;
    case 'disk_boot':
      // The processor is at its reset vector; the BIOS does the rest.
      if (!options.firmware)
        throw new BadInput('booting a disk needs a BIOS, and none was given', 'give one: --bios FILE');
      break;
  }
  return machine;
};
