import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { TraceDatabase } from '../../analysis/db/trace-database.ts';
import { madeTrace } from './made-trace.ts';

/** The return of a system call through a call gate is found by process and thread: it has no frame that names it. */

const folder = mkdtempSync(join(tmpdir(), 'r386-'));
afterAll(() => rmSync(folder, { recursive: true }));

const A = 0x1000;
const B = 0x2000;
const gate = (cr3: number, eax: number) => ({
  ...{ kind: 'system_calls' as const, op: 'gate', gate: 7, cpl: 3, cr3, eax },
  ...{ user_esp: 0x8000, stack0: 1, stack1: eax + 100 },
});
const plainReturn = (cr3: number, eax: number, eflags = 0x202) => ({
  ...{ kind: 'system_calls' as const, op: 'return', cr3, eax, eflags },
});

it('pairs each gate with the next return of the same thread', async () => {
  const path = madeTrace(join(folder, 'gates.r386'), {}, [
    plainReturn(B, 0), // a new process
    gate(A, 3),
    gate(B, 4),
    plainReturn(B, 12),
    plainReturn(A, 35, 0x203),
    plainReturn(A, 36), // an exception of the program
    gate(A, 59), // does not return: the next comes first
    gate(A, 20),
    plainReturn(A, 7),
    { kind: 'system_calls', op: 'enter', interrupt_id: 9, gate: 0x80, cpl: 3, cr3: A, eax: 5, ebx: 1 },
    { kind: 'system_calls', op: 'leave', interrupt_id: 9, gate: 0x80, cr3: A, eax: 2, eflags: 0x203 },
    gate(A, 1),
  ]);
  const db = await TraceDatabase.open([path], { cache: false });
  const sql =
    'SELECT number, arguments[1], returned_icount, result, carry, interrupt_id, vector, selector FROM system_calls';
  const rows = (await db.query(sql)).getRowsJson();
  db.close();
  expect(rows).toEqual([
    [3, 103, '5000', 35, 1, null, null, 7],
    [4, 104, '4000', 12, 0, null, null, 7],
    [59, 159, null, null, null, null, null, 7],
    [20, 120, '9000', 7, 0, null, null, 7],
    [5, 1, '11000', 2, 1, 9, 0x80, null],
    [1, 101, null, null, null, null, null, 7],
  ]);
});
