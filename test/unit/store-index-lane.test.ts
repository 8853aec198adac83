import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { openIndexLane } from '../../analysis/db/store-index-lane.ts';
import { FrameBlocks } from '../../replayer/store-index/frame-blocks.ts';
import { contextOf, metaOf } from '../../replayer/store-index/row-words.ts';

/** The thread that makes an index of stores, which only the compiled program has, against the same code on this thread. */

const folder = mkdtempSync(join(tmpdir(), 'r386-'));
afterAll(() => rmSync(folder, { recursive: true }));

const RAM = 1 << 20;
const EPOCHS = 200;
const compiled = resolve(import.meta.dirname, '../../dist/analysis/db/store-index-lane.js');
const built = (await import(pathToFileURL(compiled).href)) as { openIndexLane: typeof openIndexLane };

/** Rows of an epoch: 100 writes, most of them to one frame. */
const rowsOf = (epoch: number): Int32Array<ArrayBuffer> =>
  Int32Array.from(
    Array.from({ length: 100 }, (_, n) => {
      const physical = ((n % 7 === 0 ? n : 3) << 12) | ((epoch * 40 + n * 4) & 0xffc);
      return [physical, metaOf(n, physical & 0xfff, 4), -0x1000_0000, epoch, n, contextOf(n, 1)];
    }).flat(),
  );

it('makes the same file as without a thread', () => {
  const files = ['here', 'there'].map((name) => join(folder, name));
  for (const [n, open] of [openIndexLane, built.openIndexLane].entries()) {
    const lane = open(files[n], RAM);
    expect(lane instanceof FrameBlocks).toBe(n === 0);
    for (let epoch = 0; epoch < EPOCHS; epoch++) lane.take(epoch, rowsOf(epoch));
    lane.finish(0, EPOCHS << 16);
  }
  const [here, there] = files.map((file) => readFileSync(file));
  expect(here.length).toBeGreaterThan(5000);
  expect(there.equals(here)).toBe(true);
});

it('reports an error of the thread at the next call, with the facts that its message is made of', () => {
  // Every write to it fails: the disk is full.
  const lane = built.openIndexLane('/dev/full', RAM);
  const write = () => {
    for (let epoch = 0; epoch < EPOCHS; epoch++) lane.take(epoch, rowsOf(0));
    lane.finish(0, EPOCHS << 16);
  };
  expect(write).toThrow(expect.objectContaining({ code: 'ENOSPC', syscall: 'write' }));
  lane.abandon();
});

it('fails at once for a file that cannot be made', () => {
  expect(() => built.openIndexLane(join(folder, 'none', 'index'), RAM)).toThrow(/ENOENT/);
});
