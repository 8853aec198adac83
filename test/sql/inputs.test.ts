import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { TraceDatabase } from '../../analysis/db/trace-database.ts';
import { POKE_REGISTERS } from '../../schemas/trace/inputs.ts';
import { icount } from '../../schemas/units.ts';
import { madeTrace } from './made-trace.ts';

/** The table of what came into a run from outside. */

const folder = mkdtempSync(join(tmpdir(), 'r386-'));
afterAll(() => rmSync(folder, { recursive: true }));

it('has every input, when it was taken and when it takes effect', async () => {
  const path = madeTrace(join(folder, 'inputs.r386'), {}, [{ kind: 'exceptions', vector: 14 }], {
    inputs: [
      { kind: 'rtc_start', icount: icount(0), value: 820_454_400 },
      { kind: 'disk_latency', icount: icount(300), value: 500 },
      { kind: 'disk_block', icount: icount(800), value: 70 },
      { kind: 'key_scancode', icount: icount(900), value: 0x1e },
      { kind: 'poke', icount: icount(1000), value: 9, target: 'physical32', address: 0x803000 },
      {
        kind: 'poke',
        icount: icount(1001),
        value: 8,
        target: 'register',
        address: POKE_REGISTERS.indexOf('esp'),
      },
    ],
  });
  const db = await TraceDatabase.open([path], { cache: false });
  const rows = (await db.query('SELECT * EXCLUDE run_id FROM inputs')).getRowsJson();
  db.close();
  expect(rows).toEqual([
    ['0', 'rtc_start', 820_454_400, '0', null, null, null],
    ['300', 'disk_latency', 500, '800', null, null, null],
    ['800', 'disk_block', 70, '870', null, null, null],
    ['900', 'key_scancode', 0x1e, '900', null, null, null],
    ['1000', 'poke', 9, '1000', 'physical32', 0x803000, null],
    ['1001', 'poke', 8, '1001', 'register', null, 'esp'],
  ]);
});
