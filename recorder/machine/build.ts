import type { Machine } from './machine.ts';
import type { MachineOptions } from './parts.ts';

/** What a machine is started with. */
export interface BootImage {
  readonly kind: 'multiboot' | 'disk_boot';
  readonly image: Uint8Array;
  readonly commandLine: string;
  readonly modules: readonly { readonly bytes: Uint8Array; readonly commandLine: string }[];
}

/** Puts a machine together and loads its guest: recording and replay must not differ in how they do it. */
export type MachineBuilder = (options: MachineOptions, boot: BootImage) => Machine;
