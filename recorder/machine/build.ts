import { BadInput } from '../../schemas/bad-input.ts';
import { Machine } from './machine.ts';
import type { MachineOptions } from './parts.ts';

/** What a machine is started with. */
export interface BootImage {
  readonly kind: 'multiboot' | 'disk_boot';
  /** Names the image in messages. */
  readonly name: string;
  readonly image: Uint8Array;
  readonly commandLine: string;
  readonly modules: readonly { readonly bytes: Uint8Array; readonly commandLine: string }[];
}

/** Puts a machine together and loads its guest: recording and replay must not differ in how they do it. */
export type MachineBuilder = (options: MachineOptions, boot: BootImage) => Machine;

export const buildMachine: MachineBuilder = (options, boot) => {
  if (boot.kind !== 'multiboot')
    throw new BadInput('this machine cannot boot from a disk yet', 'give a Multiboot kernel');
  const machine = new Machine(options);
  machine.loadMultiboot(boot.image, { cmdline: boot.commandLine, modules: boot.modules }, boot.name);
  return machine;
};
