import { expect, it } from 'vitest';
import { Epoch } from '../../replayer/store-index/epoch.ts';
import { FrameRows } from '../../replayer/store-index/frame-rows.ts';
import {
  contextOf,
  FIRST_WORD,
  META,
  metaOf,
  offsetOf,
  ROW_WORDS,
  SUPERSEDED,
  sinceOf,
  sizeOf,
} from '../../replayer/store-index/row-words.ts';
import { allocateRows, decodeRows, encodeRows } from '../../replayer/store-index/rows.ts';

it('keeps the last row of each place, in the order of the writes', () => {
  const epoch = new Epoch(2);
  const physical = [0x80001007, 0x1006, 0x1006, 0x1000, 0x1006, 0x80001007];
  const size = [1, 4, 2, 4, 4, 1];
  for (const [n, at] of physical.entries()) epoch.add(at, size[n], 65530 + n);
  const rows = Array.from({ length: epoch.count }, (_, n) =>
    epoch.words.subarray(n * ROW_WORDS, (n + 1) * ROW_WORDS),
  );
  expect(rows.map((words) => words[FIRST_WORD] >>> 0)).toEqual(physical);
  expect(rows.map((words) => words[META] === SUPERSEDED)).toEqual([true, true, false, false, false, false]);
  const last = rows.slice(2).map((words) => words[META]);
  expect(last.map(sizeOf)).toEqual(size.slice(2));
  expect(last.map(offsetOf)).toEqual([6, 0, 6, 7]);
  expect(last.map(sinceOf)).toEqual([65532, 65533, 65534, 65535]);
  epoch.clear();
  expect(epoch.count).toBe(0);
  // The rows of the epoch before are no rows of this one.
  epoch.add(0x1006, 4, 0);
  expect([...epoch.words.subarray(0, 2)]).toEqual([0x1006, metaOf(0, 6, 4)]);
});

it('begins a block of a frame with the last writers of before', () => {
  const frame = new FrameRows();
  const write = (epoch: number, offset: number, size: number) => {
    const meta = metaOf(0, offset, size);
    frame.add(epoch, Int32Array.of(0, meta, 0xf0100000 - offset, 1, 0x9000_0000, contextOf(255, 3)), 0);
  };
  const columns = () => {
    const rows = allocateRows(frame.count);
    frame.copyTo(rows);
    return rows;
  };
  write(1, 0, 4);
  write(1, 8, 4);
  write(2, 8, 1);
  write(3, 0, 4);
  expect([frame.from, frame.fresh]).toEqual([1, 4]);
  frame.turn();
  // The first write of all is of no byte the last one; of the second three bytes are left.
  expect([...columns().epoch]).toEqual([1, 2, 3]);
  expect(frame.fresh).toBe(0);
  write(7, 4092, 4);
  expect([frame.from, frame.fresh]).toEqual([7, 1]);
  const rows = decodeRows(encodeRows(columns(), frame.count));
  expect([...rows.epoch]).toEqual([1, 2, 3, 7]);
  expect([...rows.offset]).toEqual([8, 8, 0, 4092]);
  expect([...rows.size]).toEqual([4, 1, 4, 4]);
  expect(rows.page[3] + rows.offset[3]).toBe(0xf0100000);
  expect([rows.cr3[3], rows.depth[3], rows.source[3]]).toEqual([0x9000_0000, 255, 3]);
});
