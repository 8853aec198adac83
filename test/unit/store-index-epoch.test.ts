import { expect, it } from 'vitest';
import { Epoch } from '../../replayer/store-index/epoch.ts';
import { FrameRows } from '../../replayer/store-index/frame-rows.ts';
import { decodeRows, encodeRows } from '../../replayer/store-index/rows.ts';

it('keeps the last row of each place, in the order of the writes', () => {
  const epoch = new Epoch(2);
  epoch.add(0x1007, 1);
  epoch.add(0x1006, 4);
  epoch.add(0x1006, 2);
  epoch.add(0x1000, 4);
  epoch.add(0x1006, 4);
  const { physical, size } = epoch.columns;
  expect([...size.subarray(0, epoch.count)]).toEqual([1, 0, 2, 4, 4]);
  expect([...physical.subarray(0, epoch.count)]).toEqual([0x1007, 0x1006, 0x1006, 0x1000, 0x1006]);
  epoch.clear();
  expect(epoch.count).toBe(0);
});

it('begins a block of a frame with the last writers of before', () => {
  const frame = new FrameRows();
  const write = (epoch: number, offset: number, size: number) => {
    const row = frame.add();
    for (const column of Object.values(frame.rows)) column[row] = 0;
    frame.rows.epoch[row] = epoch;
    frame.rows.offset[row] = offset;
    frame.rows.size[row] = size;
    frame.rows.page[row] = 0xf0100000 - offset;
  };
  write(1, 0, 4);
  write(1, 8, 4);
  write(2, 8, 1);
  write(3, 0, 4);
  expect([frame.from, frame.fresh]).toEqual([1, 4]);
  frame.turn();
  // The first write of all is of no byte the last one; of the second three bytes are left.
  expect([...frame.rows.epoch.subarray(0, frame.count)]).toEqual([1, 2, 3]);
  expect(frame.fresh).toBe(0);
  write(7, 4092, 4);
  expect([frame.from, frame.fresh]).toEqual([7, 1]);
  const rows = decodeRows(encodeRows(frame.rows, frame.count));
  expect([...rows.epoch]).toEqual([1, 2, 3, 7]);
  expect([...rows.offset]).toEqual([8, 8, 0, 4092]);
  expect(rows.page[3] + rows.offset[3]).toBe(0xf0100000);
});
