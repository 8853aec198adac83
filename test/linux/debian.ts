import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Files out of Debian's packages, which .ci/guest-packages downloads. */

export interface DebianFiles {
  readonly kernel: string;
  /** A module of it that needs no other. */
  readonly module: Uint8Array;
  readonly busybox: Uint8Array;
  remove(): void;
}

/** The folder of the packages, unless REWIND386_PACKAGES names another. */
const PACKAGES = process.env.REWIND386_PACKAGES ?? '/var/cache/rewind386';

const MODULE = 'kernel/lib/crc-itu-t.ko';

/** An i386 kernel and static busybox, in a temporary folder; undefined where the packages, or dpkg-deb, are missing. */
export function debianFiles(): DebianFiles | undefined {
  // Of the kernel's package only its image and one module are of interest, not all 50 MB of them.
  const image = unpacked('linux-image-', './boot/vmlinuz-*', `*/${MODULE}`);
  const shell = unpacked('busybox-static', '*bin/busybox');
  const remove = () => {
    for (const folder of [image, shell]) if (folder) rmSync(folder, { recursive: true });
  };
  if (!image || !shell) {
    remove();
    return undefined;
  }
  const boot = join(image, 'boot');
  const modules = join(image, 'lib/modules');
  const busybox = ['bin', 'usr/bin'].map((bin) => join(shell, bin, 'busybox')).find(existsSync);
  if (!busybox) throw new Error('no busybox in its package');
  return {
    kernel: join(boot, readdirSync(boot)[0]),
    module: readFileSync(join(modules, readdirSync(modules)[0], MODULE)),
    busybox: readFileSync(busybox),
    remove,
  };
}

/**
 * A temporary folder with the files of a package, named by its start, whose paths match patterns of tar; undefined where
 * the package, or dpkg-deb, is missing.
 */
export function unpacked(start: string, ...patterns: readonly string[]): string | undefined {
  const packages = existsSync(PACKAGES) ? readdirSync(PACKAGES) : [];
  const name = packages.find((file) => file.startsWith(start) && file.endsWith('.deb'));
  if (!name || !existsSync('/usr/bin/dpkg-deb')) return undefined;
  const folder = mkdtempSync(join(tmpdir(), 'r386-debian-'));
  const tar = execFileSync('dpkg-deb', ['--fsys-tarfile', join(PACKAGES, name)], { maxBuffer: 2 ** 30 });
  execFileSync('tar', ['-x', '-C', folder, '--wildcards', ...patterns], { input: tar });
  return folder;
}
