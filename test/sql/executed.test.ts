import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { TraceDatabase } from '../../analysis/db/trace-database.ts';
import { madeTrace } from './made-trace.ts';

/** The view executed: each access belongs to the instruction that was started before it, if that was at its icount. */

const folder = mkdtempSync(join(tmpdir(), 'r386-'));
afterAll(() => rmSync(folder, { recursive: true }));

it('an instruction that faulted has its own accesses, a delivery and what was not executed have none', async () => {
  const trace = madeTrace(join(folder, 'made.r386'), {}, [
    { kind: 'instructions', icount: 1000 },
    { kind: 'reads', icount: 1000, linear: 4 },
    { kind: 'stores', icount: 1000, linear: 5 },
    { kind: 'reads', icount: 1000, linear: 6 },
    // Faults; the first of its handler has the same icount.
    { kind: 'instructions', icount: 1001 },
    { kind: 'stores', icount: 1001, linear: 8 },
    { kind: 'instructions', icount: 1001 },
    { kind: 'reads', icount: 1001, linear: 12 },
    // Pushed by the delivery of an interrupt, before its handler.
    { kind: 'stores', icount: 1002, linear: 16 },
    { kind: 'instructions', icount: 1002 },
    { kind: 'stores', icount: 1003, linear: 20 },
  ]);
  const db = await TraceDatabase.open([trace], { cache: false });
  const rows = `SELECT icount::INTEGER AS icount, seq, list_transform(reads, a -> a.linear) AS reads,
    list_transform(stores, a -> a.linear) AS stores FROM executed`;
  expect((await db.query(`${rows} ORDER BY seq`)).getRowsJson()).toEqual([
    [1000, 0, [4, 6], [5]],
    [1001, 4, null, [8]],
    [1001, 6, [12], null],
    [1002, 9, null, null],
  ]);
  expect((await db.query(`${rows} WHERE icount = 1001 AND seq > 4`)).getRowsJson()).toEqual([
    [1001, 6, [12], null],
  ]);
  db.close();
});
