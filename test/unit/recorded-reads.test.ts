import { expect, it } from 'vitest';
import { MmuBench } from './mmu-fixture.ts';

/** Reads that are recorded: all, or those of page directories and tables, until they are no longer asked for. */

const READY = 0x063;
const DIRECTORY = 0x10000;
const TABLE = 0x11000;
const DATA = 0x30000;

function mapped(): MmuBench {
  const b = new MmuBench();
  b.poke(DIRECTORY, TABLE | READY);
  for (let page = 0; page < 1024; page++) b.poke(TABLE + 4 * page, (page << 12) | READY);
  b.pagingOn(DIRECTORY);
  b.poke(DATA, 0x44332211);
  for (const address of [DATA, TABLE, DIRECTORY]) b.read(address);
  b.forget();
  return b;
}

it.each([
  ['none', []],
  ['tables', [TABLE + 4, DIRECTORY, TABLE + 4]],
  ['all', [DATA, TABLE + 4, DIRECTORY, DATA, TABLE + 4]],
] as const)('%s', (which, expected) => {
  const b = mapped();
  b.mmu.recordReads(which);
  for (const address of [DATA, TABLE + 4, DIRECTORY, DATA, TABLE + 4]) b.read(address);
  expect(b.events('reads').map(({ linear }) => linear)).toEqual(expected);
  b.mmu.recordReads('none');
  b.forget();
  for (const address of [DATA, TABLE + 4]) b.read(address);
  expect(b.events('reads')).toEqual([]);
});

it('have address, size and value, also where a page is met later', () => {
  const b = mapped();
  b.mmu.recordReads('all');
  b.read(DATA + 1, 2);
  b.read(DATA + 3, 1);
  expect(b.events('reads')).toMatchObject([
    { linear: DATA + 1, physical: DATA + 1, size: 2, value: 0x3322 },
    { linear: DATA + 3, physical: DATA + 3, size: 1, value: 0x44 },
  ]);
});
