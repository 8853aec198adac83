import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TraceDatabase } from '../../analysis/db/trace-database.ts';
import { VIEWS } from '../../analysis/sql/catalog.ts';
import { TABLES } from '../../analysis/tables/index.ts';
import type { TraceTable } from '../../analysis/tables/table.ts';
import { runGuest } from '../guest/built-in.ts';
import { type MadeEvent, madeTrace } from './made-trace.ts';

/** The columns `process` and `thread`: the owner of the live page directory, and the kernel stack, at each event. */

const folder = mkdtempSync(join(tmpdir(), 'r386-'));
afterAll(() => rmSync(folder, { recursive: true }));

const has = (columns: readonly { readonly name: string }[], wanted: string) =>
  columns.some(({ name }) => name === wanted);

it('every table and view that says the page directory says whose it is', () => {
  const without = [...TABLES, ...VIEWS].filter(
    ({ columns }) => has(columns, 'cr3') && !has(columns, 'process'),
  );
  expect(without.map(({ name }) => name)).toEqual([]);
});

it('every event says its thread', () => {
  const isEvent = ({ columns }: TraceTable) => has(columns, 'seq') && has(columns, 'cr3');
  const without = TABLES.filter((table) => isEvent(table) && !has(table.columns, 'thread'));
  // The end of a run is no event.
  expect(without.map(({ name }) => name)).toEqual(['failures']);
});

async function ask(file: string, sql: string): Promise<unknown[][]> {
  const db = await TraceDatabase.open([file], { cache: false });
  try {
    return (await db.query(sql)).getRowsJson();
  } finally {
    db.close();
  }
}

const A = 0x1000;
const B = 0x2000;
const comm = (name: string) =>
  Object.fromEntries([['comm0', Buffer.from(name.padEnd(4, '\0')).readUInt32LE()]]);
const seen = (cr3: number, pid: number, name: string): MadeEvent =>
  ({ kind: 'contexts', cr3, proc: pid === 0 ? 0 : 0xf0000000 + pid, pid, ...comm(name) }) as MadeEvent;
const fault = (cr3: number): MadeEvent => ({ kind: 'exceptions', cr3, vector: 14 });
const born = (dir: number, cr3: number): MadeEvent => ({
  kind: 'paging_writes',
  ...{ cr3, dir, slot: 1023, level: 'pde', source: 'store', new: dir + 3, physical: dir + 4092 },
});
const PROCESS = { current: 1, pid: 2, comm: 3, pidBytes: 4, afterCr3: false } as const;
let made = 0;
const trace = (recursiveSlot: number, events: readonly MadeEvent[]) =>
  madeTrace(join(folder, `made-${made++}.r386`), { recursiveSlot, process: PROCESS as never }, events);

describe('process', () => {
  const names = async (file: string) =>
    (await ask(file, 'SELECT process FROM exceptions ORDER BY seq')).map(([name]) => name);

  it('is the process seen under the directory, by its name at that time', async () => {
    const file = trace(-1, [fault(A), seen(A, 7, 'sh'), fault(A), fault(B), seen(A, 7, 'ls'), fault(A)]);
    expect(await names(file)).toEqual(['never run', 'sh[7]', 'never run', 'ls[7]']);
  });

  it('of a new directory is the one that runs under it next, whoever had the frame before', async () => {
    const file = trace(1023, [
      ...[seen(B, 7, 'sh'), fault(B), born(B, A), fault(B)],
      ...[seen(B, 8, 'ls'), fault(B)],
    ]);
    expect(await names(file)).toEqual(['sh[7]', 'ls[8]', 'ls[8]']);
  });

  it('of a stretch that runs under a directory without one seen yet is unknown', async () => {
    const load = (cr3: number) => ({ kind: 'control_writes', reg: 'cr3', cr3, new: cr3 }) as MadeEvent;
    const file = trace(-1, [load(A), seen(A, 7, 'sh'), load(B)]);
    const slices = await ask(file, 'SELECT process FROM process_slices ORDER BY from_seq');
    expect(slices).toEqual([['unknown'], ['sh[7]'], ['unknown']]);
  });

  it('is idle where the kernel has no process under one directory alone', async () => {
    expect(await names(trace(-1, [seen(A, 0, ''), fault(A)]))).toEqual(['idle']);
    expect(await names(trace(-1, [seen(A, 0, ''), seen(B, 0, ''), fault(A)]))).toEqual(['never run']);
  });

  it('is unknown without a profile that names processes', async () => {
    const file = madeTrace(join(folder, 'unnamed.r386'), { process: undefined as never }, [fault(A)]);
    expect(await names(file)).toEqual(['unknown']);
  });
});

describe('thread', () => {
  const switched = (from: number, to: number, reason = 'load'): MadeEvent => ({
    kind: 'stack_switches',
    ...{ reason, old_frame: from, new_frame: to, cr3: A },
  });
  it('numbers the stacks in the order of the run, whichever of their pages a switch leaves from', async () => {
    const file = trace(-1, [
      ...[fault(A), switched(1, 0x20), fault(A), switched(0x21, 0x10), fault(A)],
      ...[switched(0x11, 0x21), fault(A), switched(0x21, 0x21, 'privilege'), fault(A)],
      ...[switched(0x20, 0x10), fault(A)],
    ]);
    const rows = await ask(file, 'SELECT thread FROM exceptions ORDER BY seq');
    expect(rows.flat()).toEqual([0, 1, 2, 1, 1, 2]);
  });
});

describe('of a run of the built-in guest', () => {
  const file = join(folder, 'run.r386');
  beforeAll(async () => {
    await runGuest({ kernel: 'buggy', workload: 'ftpd', seed: 1, scale: 2, output: file });
  });

  it('process is the owner that directory_owners has, but in the instruction by which that changes', async () => {
    const [[differ, all, several]] = await ask(
      file,
      `SELECT count(*) FILTER (process <> owner_text(run_id, cr3, icount) AND NOT EXISTS (
           FROM directory_owners o WHERE o.dir = w.cr3 AND o.from_icount = w.icount)),
         count(*), count(DISTINCT process) FROM paging_writes w`,
    );
    expect(Number(differ)).toBe(0);
    expect(Number(all)).toBeGreaterThan(1000);
    expect(Number(several)).toBeGreaterThan(3);
  });

  it('is the same from the cache and from memory, and in several traces', async () => {
    const sql = 'SELECT run_id, seq, process, thread FROM paging_writes ORDER BY ALL';
    const inMemory = await ask(file, sql);
    const db = await TraceDatabase.open([file, file]);
    try {
      const rows = (await db.query(sql)).getRowsJson();
      expect(rows.filter(([run]) => run === 0)).toEqual(inMemory);
      const others = rows.filter(([run]) => run === 1).map((row) => row.slice(1));
      expect(others).toEqual(inMemory.map((row) => row.slice(1)));
    } finally {
      db.close();
    }
  });
});

describe('paging_structures', () => {
  const TABLE = 0x5000;
  const change = (op: string, cause: string, more = {}): MadeEvent => ({
    kind: 'structure_changes',
    ...{ op, role: 'table', physical: TABLE, dir: A, slot: 3, cause, cr3: A, ...more },
  });
  const read = (cr3: number): MadeEvent => ({
    kind: 'apt_accesses',
    ...{ cr3, linear: 0xffc00000, physical: TABLE + 8, access: 'read' },
  });

  it('answers who used a page table after it was freed, in three lines', async () => {
    const file = trace(1023, [
      ...[seen(A, 7, 'sh'), seen(B, 8, 'ls'), change('begin', 'walk'), read(A)],
      ...[change('end', 'unnamed'), read(B), change('begin', 'window'), read(A)],
    ]);
    const rows = await ask(
      file,
      `SELECT u.icount, u.process, s.to_icount, s.end_cause FROM apt_accesses u
       ASOF JOIN paging_structures s ON s.run_id = u.run_id AND s.physical = frame_of(u.physical) AND s.from_seq <= u.seq
       WHERE s.to_seq < u.seq`,
    );
    expect(rows).toEqual([['6000', 'ls[8]', '5000', 'unnamed']]);
  });

  it('has a row for each role, open at the end where it did not end', async () => {
    const directory = { role: 'directory', dir: TABLE, slot: 0 };
    const file = trace(-1, [
      ...[change('begin', 'cr3', directory), change('begin', 'walk'), change('end', 'unnamed')],
    ]);
    const rows = await ask(
      file,
      'SELECT role, dir, slot, cause, from_icount, to_icount = forever(), end_cause FROM paging_structures ORDER BY role',
    );
    expect(rows).toEqual([
      ['directory', TABLE, 0, 'cr3', '1000', true, null],
      ['table', A, 3, 'walk', '2000', false, 'unnamed'],
    ]);
  });
});
