import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { openIndexLane } from '../../analysis/db/store-index-lane.ts';
import { type IndexLane, StoreIndexBuilder } from '../../replayer/store-index/build.ts';
import { allocateTable, EVENT_KINDS, WRITE_SOURCE } from '../../schemas/events.ts';
import { icount, type Physical } from '../../schemas/units.ts';

/** The thread that makes an index of stores, which only the compiled program has, against the same code on this thread. */

const folder = mkdtempSync(join(tmpdir(), 'r386-'));
afterAll(() => rmSync(folder, { recursive: true }));

const RAM = 1 << 20;
const BATCHES = 20;
const ROWS = 500;
const compiled = resolve(import.meta.dirname, '../../dist/analysis/db/store-index-lane.js');
const built = (await import(pathToFileURL(compiled).href)) as { openIndexLane: typeof openIndexLane };

/** Columns are reused, as those of a machine are. */
const tables = { stores: allocateTable('stores', ROWS), paging_writes: allocateTable('paging_writes', ROWS) };

/** Fills the tables: stores, most of them to one frame, and an accessed bit in between. */
function fill(batch: number): void {
  const columns = (kind: keyof typeof tables) =>
    Object.fromEntries(EVENT_KINDS[kind].columns.map(({ name }, n) => [name, tables[kind].columns[n]]));
  const stores = columns('stores');
  for (let n = 0; n < ROWS; n++) {
    const row = batch * ROWS + n;
    const physical = ((n % 7 === 0 ? n % 200 : 3) << 12) | ((row * 4) & 0xffc);
    const values = { icount: row * 50, seq: row * 2, eip: row, depth: n & 3, cr3: n, size: 4 };
    for (const [name, value] of Object.entries({ ...values, physical, linear: physical + 0xf0000000 }))
      stores[name][n] = value;
  }
  const paging = columns('paging_writes');
  const set = { icount: batch * ROWS * 50 + 25, seq: batch * ROWS * 2 + 1, physical: 0x3000 };
  for (const [name, value] of Object.entries({ ...set, source: WRITE_SOURCE.indexOf('accessed_dirty') }))
    paging[name][0] = value;
  tables.stores.count = ROWS;
  tables.paging_writes.count = 1;
}

function write(lane: IndexLane): void {
  for (let batch = 0; batch < BATCHES; batch++) {
    fill(batch);
    lane.takeDeviceWrite({
      icount: icount(batch * ROWS * 50),
      physical: (0x3000 + batch) as Physical,
      size: 1,
    });
    lane.take(tables);
  }
  lane.takeDeviceWrite({ icount: icount(BATCHES * ROWS * 50), physical: 0x3ffc as Physical, size: 4 });
  lane.finish(0, BATCHES * ROWS * 50);
}

it('makes the same file as without a thread', () => {
  const files = ['here', 'there'].map((name) => join(folder, name));
  const pokes = new Set([ROWS * 50]);
  const lanes = [openIndexLane(files[0], RAM, pokes), built.openIndexLane(files[1], RAM, pokes)];
  expect(lanes.map((lane) => lane instanceof StoreIndexBuilder)).toEqual([true, false]);
  lanes.forEach(write);
  const [here, there] = files.map((file) => readFileSync(file));
  expect(here.length).toBeGreaterThan(2000);
  expect(there.equals(here)).toBe(true);
});

it('reports an error of the thread at the next call, with the facts that its message is made of', () => {
  // Every write to it fails: the disk is full.
  const lane = built.openIndexLane('/dev/full', RAM, new Set());
  expect(() => write(lane)).toThrow(expect.objectContaining({ code: 'ENOSPC', syscall: 'write' }));
  lane.abandon();
});

it('fails at once for a file that cannot be made', () => {
  expect(() => built.openIndexLane(join(folder, 'none', 'index'), RAM, new Set())).toThrow(/ENOENT/);
});
