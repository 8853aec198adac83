import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { TraceDatabase } from '../../analysis/db/trace-database.ts';
import { runCli } from '../cli/run-cli.ts';

/** Processes named afterwards, by a replay: as a recording with the same profile names them. Takes ten seconds. */

const folder = mkdtempSync(join(tmpdir(), 'r386-processes-'));
const path = (name: string) => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));

const KERNEL = resolve(import.meta.dirname, '../../recorder/guest/images/kernel.elf');
const MAPS = { name: 'maps', recursiveSlot: 959, alternateSlot: 1023 };
const PROCESS = { process: { current: 'curproc', pid: 0, comm: 4 } };

async function contextsOf(trace: string): Promise<unknown> {
  const db = await TraceDatabase.open([trace], { cache: false });
  try {
    return (await db.query('SELECT icount, cr3, proc, pid, comm FROM processes ORDER BY seq')).getRowsJson();
  } finally {
    db.close();
  }
}

it('a replay records what a recording would have', async () => {
  writeFileSync(path('maps.json'), JSON.stringify(MAPS));
  writeFileSync(path('all.json'), JSON.stringify({ ...MAPS, ...PROCESS }));
  const recording = ['record', KERNEL, '-q', '-n', '1M'];
  const traces = ['maps', 'all'].map((name) => [name, path(`${name}.r386`)] as const);
  for (const [name, trace] of traces)
    await runCli(...recording, '--profile', path(`${name}.json`), '-o', trace);
  const [[, unnamed], [, whole]] = traces;
  expect(await contextsOf(unnamed)).toEqual([]);
  const named = path('named.r386');
  const { status, stdout } = await runCli('replay', unnamed, '--profile', path('all.json'), '-o', named);
  expect([status, stdout[0]]).toEqual([0, expect.stringMatching(/the final state agree/)]);
  expect(await contextsOf(named)).toEqual(await contextsOf(whole));
  expect(await contextsOf(named)).not.toEqual([]);
  // What was made is a trace like any other; nothing is named twice.
  expect((await runCli('replay', named)).status).toBe(0);
  expect(
    (await runCli('replay', named, '--profile', path('all.json'), '-o', path('again.r386'))).status,
  ).toBe(0);
});

it('says of a kernel that is no Linux that its memory has no tasks', async () => {
  const { status, stderr } = await runCli(
    'replay',
    path('maps.r386'),
    '--profile',
    'linux',
    '-o',
    path('x.r386'),
  );
  expect([status, stderr[0]]).toEqual([
    2,
    expect.stringMatching(/cannot find this kernel's tasks in memory/),
  ]);
});
