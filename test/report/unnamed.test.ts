import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { TraceDatabase } from '../../analysis/db/trace-database.ts';
import { rowsOf } from '../../analysis/report/rows.ts';
import { madeTrace } from '../sql/made-trace.ts';

/** A report of a kernel of which no processes are known, and no recursive slot: its page directories stand for them. */

const folder = mkdtempSync(join(tmpdir(), 'r386-unnamed-'));
let db: TraceDatabase;
beforeAll(async () => {
  const load = (directory: number) => ({ kind: 'control_writes' as const, reg: 'cr3', new: directory });
  const write = (directory: number, table: number) => ({
    kind: 'paging_writes' as const,
    level: 'pde',
    source: 'store',
    cr3: 0x1000,
    dir: directory,
    physical: directory + 4,
    slot: 1,
    new: table | 1,
  });
  const events = [load(0x1000), write(0x1000, 0x5000), write(0x2000, 0x6000), load(0x2000), load(0x1000)];
  db = await TraceDatabase.open([madeTrace(join(folder, 'run.r386'), {}, events)], { cache: false });
});
afterAll(() => {
  db.close();
  rmSync(folder, { recursive: true });
});

it('has a track of what runs', async () => {
  const rows = await rowsOf(db, 'report-processes', { most: 10 });
  expect(
    rows.map(({ from_icount, to_icount, label }) => [Number(from_icount), Number(to_icount), label]),
  ).toEqual([
    [1000, 4000, 'CR3 00001000'],
    [4000, 5000, 'CR3 00002000'],
    [5000, 6000, 'CR3 00001000'],
  ]);
});

it('has the address spaces, and the page tables of those that are live without a write', async () => {
  const owners = await rowsOf(db, 'report-owners', { most: 10 });
  expect(
    owners.map(({ directory, from_icount, name }) => [Number(directory), Number(from_icount), name]),
  ).toEqual([
    [0x1000, 1000, 'CR3 00001000'],
    [0x2000, 4000, 'CR3 00002000'],
  ]);
  const live = async (first: number, last: number) =>
    (await rowsOf(db, 'report-paging-start', { first, last, most: 10 })).map(({ entry }) => Number(entry));
  expect(await live(5500, 5600)).toEqual([0x1004]);
  expect(await live(4500, 4600)).toEqual([0x2004]);
  expect(await live(4500, 5600)).toEqual([0x1004, 0x2004]);
});
