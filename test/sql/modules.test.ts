import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { TraceDatabase } from '../../analysis/db/trace-database.ts';
import { packFile } from '../../schemas/trace/compression.ts';
import { madeTrace } from './made-trace.ts';

/** The view modules, of symbols as /proc/kallsyms lists them. */

const folder = mkdtempSync(join(tmpdir(), 'r386-'));
afterAll(() => rmSync(folder, { recursive: true }));

const KALLSYMS = `c1000000 T _text
c1000100 t in[brackets]
e0800000 t ext4_init	[ext4]
e0801000 T ext4_mount	[ext4]
e0803000 d ext4_ops	[ext4]
e0700000 t crc16	[crc16]
`;

it('modules have the range of their symbols, and the kernel is none', async () => {
  const trace = madeTrace(join(folder, 'made.r386'), {}, [{ kind: 'control_writes' }]);
  const symbols = packFile(new TextEncoder().encode(KALLSYMS));
  const db = await TraceDatabase.open([trace], {
    cache: false,
    names: ({ guest, profile }) => ({ guest: { ...guest, symbols }, profile }),
  });
  expect((await db.query('FROM modules')).getRowsJson()).toEqual([
    [0, 'crc16', 0xe0700000, 0xe0700000, '1', '1'],
    [0, 'ext4', 0xe0800000, 0xe0803000, '2', '3'],
  ]);
  db.close();
});
