import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { BadInput } from '../../../schemas/bad-input.ts';

/** The guest that comes with the tool; docs/guest.md describes it. */
export const BUILTIN_GUEST = 'bsd96';
export const KERNELS = ['buggy', 'fixed'] as const;
export const WORKLOADS = ['ftpd', 'forkstorm', 'pageio', 'selftest', 'archive', 'squeeze'] as const;

/**
 * Historical bugs that the image variants.elf can reproduce (recorder/guest/kernel/include/variant.h); docs/bug-classes.md gives their
 * classes.
 */
export const VARIANTS = [
  'none',
  'save-restore',
  'restore-no-flush',
  'no-fault-wait',
  'reads-only',
  'one-transfer',
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

/** Built-in disks by their names in traces; a released disk never changes. */
const DISK = 'bsd96-disk';
/** Disks with a program added later, each as the blocks in which it differs from the first. */
const LATER_DISKS = [
  { name: 'bsd96-disk-2', workload: 'archive', blocks: 'images/later-disk.gz' },
  { name: 'bsd96-disk-3', workload: 'squeeze', blocks: 'images/squeeze-disk.gz' },
] as const;
const BLOCK = 8192;
const image = (name: string) => readFileSync(new URL(`../../../recorder/guest/${name}`, import.meta.url));

export const builtinKernel = (): Uint8Array => image('images/kernel.elf');
/** The kernel that reproduces historical bugs, selected by its boot option `variant`. */
export const builtinVariants = (): Uint8Array => image('images/variants.elf');
/** Debugging information (DWARF) for a kernel image, if it is one of the built-in ones. */
export function builtinDebugFile(kernel: Uint8Array): Uint8Array | undefined {
  if (Buffer.compare(kernel, builtinKernel()) === 0) return image('images/kernel.debug');
  return Buffer.compare(kernel, builtinVariants()) === 0 ? image('images/variants.debug') : undefined;
}

/** The folder to which its paths are relative: the sources, in a checkout. */
export function builtinSources(): string | undefined {
  const folders = ['../../../recorder/guest', '../../../../recorder/guest'].map((path) =>
    fileURLToPath(new URL(path, import.meta.url)),
  );
  return folders.find((folder) => existsSync(join(folder, 'kernel')));
}

export const builtinProfile = (): string => image('profile.json').toString('utf8');

/** A built-in disk, by its name in traces. */
export function builtinDisk(name: string): Uint8Array {
  if (name === DISK) return gunzipSync(image('images/disk.img.gz'));
  const later = LATER_DISKS.find((one) => one.name === name);
  if (later) return laterDisk(later.blocks);
  throw new BadInput(
    `the trace was recorded with the built-in disk ${name}, which this version does not have`,
  );
}

/** Applies a delta to the first disk: for each differing block its number (u32), then its bytes. */
function laterDisk(path: string): Uint8Array {
  const disk = builtinDisk(DISK);
  const blocks = gunzipSync(image(path));
  for (let at = 0; at < blocks.length; at += 4 + BLOCK)
    disk.set(blocks.subarray(at + 4, at + 4 + BLOCK), blocks.readUInt32LE(at) * BLOCK);
  return disk;
}

/** The disk that contains a workload. */
export function builtinDiskSource(workload: string) {
  const name = LATER_DISKS.find((one) => one.workload === workload)?.name ?? DISK;
  return { kind: 'builtin', name, image: builtinDisk(name) } as const;
}
