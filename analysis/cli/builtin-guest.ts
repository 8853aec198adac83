import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { BadInput } from '../../schemas/bad-input.ts';

/** The guest that comes with the tool; docs/guest.md describes it. */
export const BUILTIN_GUEST = 'bsd96';
export const KERNELS = ['buggy', 'fixed'] as const;
export const WORKLOADS = ['ftpd', 'forkstorm', 'pageio', 'selftest'] as const;

const DISK = 'bsd96-disk';
const image = (name: string) => readFileSync(new URL(`../../recorder/guest/${name}`, import.meta.url));

export const builtinKernel = (): Uint8Array => image('images/kernel.elf');
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
