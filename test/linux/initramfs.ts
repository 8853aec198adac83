import { CHARACTER_DEVICE, cpio, DIRECTORY, LINK, PROGRAM } from './cpio.ts';

/** The smallest userland that gives a shell: one static busybox, its applets as links, and an init script. */

const APPLETS = [
  'sh',
  'mount',
  'cat',
  'ls',
  'echo',
  'ps',
  'uname',
  'poweroff',
  'dmesg',
  'true',
  'dd',
  'head',
];

const INIT = `#!/bin/sh
mount -t proc proc /proc
mount -t sysfs sysfs /sys
echo READY
exec sh -i
`;

/** A file of the root directory. */
export interface RootFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

export function initramfs(busybox: Uint8Array, init = INIT, files: readonly RootFile[] = []): Uint8Array {
  return cpio([
    ...['bin', 'dev', 'proc', 'sys', 'tmp'].map((path) => ({ path, mode: DIRECTORY })),
    { path: 'dev/console', mode: CHARACTER_DEVICE, device: [5, 1] },
    { path: 'dev/null', mode: CHARACTER_DEVICE, device: [1, 3] },
    { path: 'dev/port', mode: CHARACTER_DEVICE, device: [1, 4] },
    { path: 'bin/busybox', mode: PROGRAM, bytes: busybox },
    ...APPLETS.map((name) => ({ path: `bin/${name}`, mode: LINK, bytes: Buffer.from('busybox') })),
    ...files.map((file) => ({ ...file, mode: PROGRAM })),
    { path: 'init', mode: PROGRAM, bytes: Buffer.from(init) },
  ]);
}
