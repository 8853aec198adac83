import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it, vi } from 'vitest';
import type * as prepared from '../../host/prepared-memory.ts';

/** Memory that a thread prepares, which needs the compiled program. */

const host = pathToFileURL(resolve(import.meta.dirname, '../../dist/host')).href;
const { Preparer, preparedMemory } = (await import(`${host}/prepared-memory.js`)) as typeof prepared;
const BYTES = 1 << 20;

const isZeros = (piece: ArrayBuffer) => new Int32Array(piece).every((word) => word === 0);

it('comes from the thread as soon as it has some, zeroed, and another each time', async () => {
  const preparer = new Preparer(BYTES);
  expect(preparer.take()).toBe(undefined);
  const pieces = new Set<ArrayBuffer>();
  while (pieces.size < 10) {
    const piece = await vi.waitUntil(() => preparer.take(), { timeout: 20_000, interval: 5 });
    expect([piece.byteLength, isZeros(piece)]).toEqual([BYTES, true]);
    new Int32Array(piece).fill(-1);
    pieces.add(piece);
  }
});

it('is there at any time, and of any size', () => {
  for (const bytes of [BYTES, BYTES, BYTES, BYTES, BYTES, BYTES, 4096]) {
    const piece = preparedMemory(bytes);
    expect([piece.byteLength, isZeros(piece)]).toEqual([bytes, true]);
    new Int32Array(piece).fill(-1);
  }
});
