import { expect, it } from 'vitest';
import { Epoch } from '../../replayer/store-index/epoch.ts';
import { decodePostings, encodePostings, invert } from '../../replayer/store-index/postings.ts';
import { decodeRows, KEY_COLUMNS } from '../../replayer/store-index/rows.ts';

it('keeps the last row of each place, in order of address', () => {
  const epoch = new Epoch(2);
  const write = (physical: number, size: number, order: number) => {
    const row = epoch.rowOf(physical, size);
    epoch.columns.order[row] = order;
  };
  write(0x1007, 1, 1);
  write(0x1006, 4, 2);
  write(0x1006, 2, 3);
  write(0x1000, 4, 4);
  write(0x1006, 4, 5);
  const { keys, words } = epoch.close();
  const rows = decodeRows(KEY_COLUMNS, keys);
  expect([...rows.physical]).toEqual([0x1000, 0x1006, 0x1006, 0x1007]);
  expect([...rows.size]).toEqual([4, 2, 4, 1]);
  expect([...rows.order]).toEqual([4, 3, 5, 1]);
  // 1006+4 reaches into the word at 1008; 1007+1, which comes after it, is still in the word before.
  expect([...words]).toEqual([(0x400 << 4) | 15, (0x401 << 4) | 12, (0x402 << 4) | 3]);
  expect(epoch.count).toBe(0);
});

it('turns words of epochs into epochs of words', () => {
  const words = [[(1024 << 4) | 15], [], [(1024 << 4) | 1, (1030 << 4) | 2]].map((w) => Uint32Array.from(w));
  const frames = [...invert(words, 4)];
  expect(frames.map(({ frame }) => frame)).toEqual([1]);
  const { starts, epochs } = decodePostings(encodePostings(frames[0].postings));
  expect([...epochs]).toEqual([15, (2 << 4) | 1, (2 << 4) | 2]);
  expect([starts[0], starts[1], starts[6], starts[7], starts[1024]]).toEqual([0, 2, 2, 3, 3]);
});
