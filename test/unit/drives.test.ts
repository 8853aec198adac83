import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openDrives } from '../../analysis/cli/options/drives.ts';

/** Floppy images that are none of the sizes of floppies. */

const folder = mkdtempSync(join(tmpdir(), 'r386-drives-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** The bytes in drive A with an image of so many bytes, all of them 7. */
function floppyOf(bytes: number): Uint8Array {
  const path = join(folder, `${bytes}.img`);
  writeFileSync(path, new Uint8Array(bytes).fill(7));
  const { drives } = openDrives({ disks: [], floppies: [path], cdrom: undefined });
  const medium = drives[0].medium;
  if (medium.kind !== 'image') throw new Error('a floppy is an image');
  return medium.image;
}

describe('a floppy image', () => {
  it.each([
    [163_840, 163_840], // 160 KB, a floppy's size
    [1_228_800, 1_228_800], // 1.2 MB, too
    [148_641, 1_474_560], // a kernel as its build leaves it
    [1_474_561, 2_949_120],
  ])('of %i bytes is a floppy of %i', (bytes, size) => {
    const floppy = floppyOf(bytes);
    expect(floppy.length).toBe(size);
    expect(floppy.findIndex((byte) => byte !== 7)).toBe(bytes === size ? -1 : bytes);
    expect(floppy.subarray(bytes).every((byte) => byte === 0)).toBe(true);
  });

  it('larger than any floppy is refused', () => {
    expect(() => floppyOf(2_949_121)).toThrow(/larger than any floppy/);
  });
});
