import { describe, expect, it } from 'vitest';
import { DiskReads } from '../../recorder/capture/disk-reads.ts';
import { MemoryDisk } from '../../schemas/guest/disk-image.ts';

/** Sector n holds n everywhere. */
const image = new MemoryDisk(Uint8Array.from({ length: 16 * 512 }, (_, at) => at >>> 9));

const taken = (reads: DiskReads) => {
  const { numbers, units } = reads.take();
  expect(units).toEqual(Array.from(numbers, (n) => new Uint8Array(512).fill(n)));
  return [...numbers];
};

describe('the sectors that a run reads', () => {
  it('are told once, in order, with what is in them', () => {
    const reads = new DiskReads(image);
    expect(reads.disk.sectors).toBe(16);
    const two = new Uint8Array(1024);
    reads.disk.read(9, two);
    expect(two).toEqual(new Uint8Array(1024).fill(9, 0, 512).fill(10, 512));
    reads.disk.read(3, new Uint8Array(512));
    reads.disk.read(10, new Uint8Array(512));
    expect(taken(reads)).toEqual([3, 9, 10]);
    expect(taken(reads)).toEqual([]);
    reads.disk.read(2, two);
    expect(taken(reads)).toEqual([2]);
  });

  it('are no more than there is room for', () => {
    const reads = new DiskReads(image, 3);
    reads.disk.read(7, new Uint8Array(512));
    expect(taken(reads)).toEqual([7]);
    reads.disk.read(0, new Uint8Array(4 * 512));
    expect(taken(reads)).toEqual([0, 1]);
  });
});
