import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { BadInput } from '../../../schemas/bad-input.ts';

/** The guest that comes with the tool; docs/guest.md describes it. */
export const BUILTIN_GUEST = 'bsd96';
export const KERNELS = ['buggy', 'fixed'] as const;
export const WORKLOADS = ['ftpd', 'forkstorm', 'pageio', 'selftest'] as const;

/**
 * Mistakes of history that the image variants.elf makes when asked (recorder/guest/kernel/include/variant.h); docs/bug-classes.md has
 * the class of each.
 */
export const VARIANTS = [
  'none',
  'save-restore',
  'restore-no-flush',
  'no-fault-wait',
  'reads-only',
  'shared-directory',
  'pmap-copy',
  'pv-reclaim',
  'no-flush',
  'skip-flush',
  'target-exits',
  'table-gone',
  'remove-no-flush',
  'early-invlpg',
  'early-free',
  'pmap1',
  'lost-dirty',
] as const;

const DISK = 'bsd96-disk';
const image = (name: string) => readFileSync(new URL(`../../../recorder/guest/${name}`, import.meta.url));

export const builtinKernel = (): Uint8Array => image('images/kernel.elf');
/** The kernel that can make mistakes of history, by its boot option `variant`. */
export const builtinVariants = (): Uint8Array => image('images/variants.elf');
/** Debugging information (DWARF) for a kernel image, if it is the built-in one. */
export const builtinDebugFile = (kernel: Uint8Array): Uint8Array | undefined =>
  Buffer.compare(kernel, builtinKernel()) === 0 ? image('images/kernel.debug') : undefined;

/** The folder that its paths are relative to: where the sources are, in a checkout. */
export function builtinSources(): string | undefined {
  const folders = ['../../../recorder/guest', '../../../../recorder/guest'].map((path) =>
    fileURLToPath(new URL(path, import.meta.url)),
  );
  return folders.find((folder) => existsSync(join(folder, 'kernel')));
}

export const builtinProfile = (): string => image('profile.json').toString('utf8');

/** A disk that comes with the tool, as traces name it. */
export function builtinDisk(name: string): Uint8Array {
  if (name !== DISK)
    throw new BadInput(
      `the trace was recorded with the built-in disk ${name}, which this version does not have`,
    );
  return gunzipSync(image('images/disk.img.gz'));
}

export const builtinDiskSource = () => ({ kind: 'builtin', name: DISK, image: builtinDisk(DISK) }) as const;
