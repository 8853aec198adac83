import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Debian's i386 kernel and static busybox, out of its packages, which .ci/run downloads. */

export interface DebianFiles {
  readonly kernel: string;
  readonly busybox: Uint8Array;
  remove(): void;
}

/** Where the packages are; REWIND386_PACKAGES says otherwise. */
const PACKAGES = process.env.REWIND386_PACKAGES ?? '/var/cache/rewind386';

/** Unpacks them to a temporary folder; undefined where they, or dpkg-deb, are missing. */
export function debianFiles(): DebianFiles | undefined {
  const packages = existsSync(PACKAGES) ? readdirSync(PACKAGES).filter((name) => name.endsWith('.deb')) : [];
  const find = (start: string) => packages.find((name) => name.startsWith(start));
  const wanted = [find('linux-image-'), find('busybox-static')];
  if (wanted.includes(undefined) || !existsSync('/usr/bin/dpkg-deb')) return undefined;
  const folder = mkdtempSync(join(tmpdir(), 'r386-debian-'));
  for (const [n, name] of wanted.entries()) {
    const into = join(folder, String(n));
    mkdirSync(into);
    // Of the kernel's package only its image is of interest, not 50 MB of modules.
    const tar = execFileSync('dpkg-deb', ['--fsys-tarfile', join(PACKAGES, name as string)], {
      maxBuffer: 2 ** 30,
    });
    const members = n === 0 ? ['--wildcards', './boot/vmlinuz-*'] : ['--wildcards', '*bin/busybox'];
    execFileSync('tar', ['-x', '-C', into, ...members], { input: tar });
  }
  const boot = join(folder, '0', 'boot');
  const busybox = ['bin', 'usr/bin'].map((bin) => join(folder, '1', bin, 'busybox')).find(existsSync);
  if (!busybox) throw new Error('no busybox in its package');
  return {
    kernel: join(boot, readdirSync(boot)[0]),
    busybox: readFileSync(busybox),
    remove: () => rmSync(folder, { recursive: true }),
  };
}
