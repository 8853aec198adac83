import { expect, it } from 'vitest';
import { DiskOverlay, SECTOR_BYTES } from '../../recorder/machine/devices/disk-overlay.ts';

const SECTORS = 100;

function overlay() {
  const image = { sectors: SECTORS, read: (n: number, into: Uint8Array) => void into.fill(n) };
  const disk = new DiskOverlay(image);
  const sector = new Uint8Array(SECTOR_BYTES);
  const first = (n: number) => {
    disk.read(n, sector);
    return sector[0];
  };
  const write = (n: number, byte: number, last = byte) => {
    sector.fill(byte);
    sector[SECTOR_BYTES - 1] = last;
    disk.write(n, sector);
  };
  return { disk, first, write };
}

it('keeps what was saved, whatever is written afterwards', () => {
  const { disk, first, write } = overlay();
  for (let n = 0; n < 40; n++) write(n, 100 + n);
  const [saved, hash] = [disk.save(), disk.hash()];
  for (let n = 0; n < 40; n += 3) write(n, 200);
  write(50, 9);
  expect(disk.hash()).not.toEqual(hash);
  disk.restore(saved);
  expect(disk.hash()).toEqual(hash);
  expect(Array.from({ length: 60 }, (_, n) => first(n))).toEqual(
    Array.from({ length: 60 }, (_, n) => (n < 40 ? 100 + n : n)),
  );
});

it('is the same after a sector is written as it was, and not after one that differs in its last byte', () => {
  const { disk, write } = overlay();
  write(7, 1);
  const [saved, hash] = [disk.save(), disk.hash()];
  write(7, 1);
  expect(disk.save()).toBe(saved);
  expect(disk.hash()).toEqual(hash);
  write(7, 1, 2);
  expect(disk.hash()).not.toEqual(hash);
  expect(disk.save()).not.toBe(saved);
  // The image's own contents count as written: a guest wrote them.
  write(8, 8);
  expect([...disk.save().keys()]).toEqual([7, 8]);
});
