import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { CHECKS } from '../../analysis/check/catalog.ts';
import { runChecks } from '../../analysis/check/run-checks.ts';
import { builtinDisk } from '../../analysis/cli/options/builtin-guest.ts';
import { TraceDatabase } from '../../analysis/db/trace-database.ts';
import { TraceWriter } from '../../recorder/capture/trace-writer.ts';
import { buildMachine } from '../../recorder/machine/build.ts';
import { replay } from '../../replayer/verify/replay.ts';
import { runGuest } from '../guest/built-in.ts';

const folder = mkdtempSync(join(tmpdir(), 'r386-'));
afterAll(() => rmSync(folder, { recursive: true }));
const path = (name: string) => join(folder, `${name}.r386`);

type Row = Record<string, string | number | null>;

async function ask(file: string, sql: string): Promise<Row[]> {
  const db = await TraceDatabase.open([file], { cache: false });
  try {
    return (await db.query(sql)).getRowObjectsJson() as Row[];
  } finally {
    db.close();
  }
}

async function findings(file: string) {
  const db = await TraceDatabase.open([file], { cache: false });
  try {
    return await runChecks(db);
  } finally {
    db.close();
  }
}

/** The address at which the alternate slot of the current directory appears, by the recursive map. */
const APTD_PDE = 0xeffbfffc;

describe('on the buggy kernel', () => {
  /** Other runs, access by access: test/slow/oracle.test.ts. */
  it('each finding of a run that meets the bug is confirmed by the stores of the same run, and by the guest', async () => {
    const file = path('buggy');
    const { lines } = await runGuest({ kernel: 'buggy', workload: 'ftpd', seed: 37, output: file });
    expect(lines).toContainEqual(expect.stringMatching(/^panic: vm_page_free: page \w+ is in use$/));

    const hijacks = await ask(file, 'SELECT * FROM foreign_pmap');
    expect(hijacks.length).toBeGreaterThan(0);
    for (const hijack of hijacks) await confirm(file, hijack);
  });

  /** Replays the window with every store, and looks where those through the alternate map went. */
  async function confirm(file: string, hijack: Row): Promise<void> {
    const window = path('window');
    const { divergence } = await replay({
      path: file,
      build: buildMachine,
      builtinDisk,
      detail: 'stores',
      storesFrom: Number(hijack.set_icount),
      until: Number(hijack.first_access_icount) + 100,
      output: (header) => new TraceWriter(window, header),
    });
    expect(divergence).toBeUndefined();

    const intended = Number.parseInt(String(hijack.intended_dir), 16);
    const foreign = Number.parseInt(String(hijack.foreign_dir), 16);
    expect(foreign).not.toBe(intended);
    // The slot was written inside the handler, by a store that detail `stores` saw as such.
    const switched = await ask(
      window,
      `SELECT new FROM stores WHERE icount = ${hijack.switch_icount} AND linear = ${APTD_PDE}`,
    );
    expect(switched.map((row) => Number(row.new) - (Number(row.new) % 4096))).toEqual([foreign]);
    // The wrong store reached a page of the foreign address space: its directory, or a page table that it names.
    const [access] = String(hijack.accesses).split(', ');
    const [icount, kind, place] = access.split(/[ =]/);
    if (kind !== 'W') return;
    const reached = await ask(
      window,
      `SELECT physical FROM stores WHERE icount = ${icount} AND linear = ${Number.parseInt(place, 16)}`,
    );
    expect(reached).toHaveLength(1);
    const frame = Number(reached[0].physical) - (Number(reached[0].physical) % 4096);
    const tables = await ask(
      file,
      `SELECT DISTINCT new - new % 4096 AS frame FROM paging_writes
       WHERE dir = ${foreign} AND level = 'pde' AND icount < ${icount} AND new % 2 = 1`,
    );
    expect([foreign, ...tables.map((row) => Number(row.frame))]).toContain(frame);
  }
});

/** The other workloads, whole and with other seeds: test/slow/seeds.test.ts. */
it('has no finding of any class on the fixed kernel', async () => {
  const file = path('ftpd');
  await runGuest({ kernel: 'fixed', workload: 'ftpd', seed: 1, scale: 40, output: file });
  expect(await findings(file)).toEqual([]);
  const [{ n }] = await ask(file, `SELECT count(*)::INTEGER AS n FROM aptd_switches WHERE op = 'write'`);
  expect(n).toBeGreaterThan(50);
});

it('finds the latent hijacks of a run that survives', async () => {
  const file = path('latent');
  const { exit } = await runGuest({ kernel: 'buggy', workload: 'ftpd', seed: 2, scale: 50, output: file });
  expect(exit.code).toBe(0x10);
  const found = await findings(file);
  expect(new Set(found.map(({ check }) => check.class))).toEqual(new Set(['2']));
  expect(CHECKS.length).toBeGreaterThan(5);
});
