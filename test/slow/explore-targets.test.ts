import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CHECKS, type Check } from '../../analysis/check/catalog.ts';
import { checkNamed } from '../../analysis/check/names.ts';
import { runCheck } from '../../analysis/check/run-checks.ts';
import { builtinDisk } from '../../analysis/cli/options/builtin-guest.ts';
import { type Asked, exploreTrace } from '../../analysis/cli/work/explore.ts';
import { writePlacement } from '../../analysis/cli/work/write-placement.ts';
import { TraceDatabase } from '../../analysis/db/trace-database.ts';
import { Explorer, type Outcome } from '../../analysis/explore/explore.ts';
import { steered } from '../../analysis/explore/placements.ts';
import { LEFT_OUT } from '../../analysis/explore/tape.ts';
import { interruptTimes, raisesOf } from '../../analysis/what-if/recorded-interrupts.ts';
import { buildMachine } from '../../recorder/machine/build.ts';
import { TraceReader } from '../../replayer/trace/trace-reader.ts';
import { runCli } from '../cli/run-cli.ts';
import { runGuest } from '../guest/built-in.ts';

/** Targets that a check decides: what is judged of a branch is what the check says of a recording of that run. About a minute. */

const folder = mkdtempSync(join(tmpdir(), 'r386-targets-'));
afterAll(() => rmSync(folder, { recursive: true }));
const path = (name: string) => join(folder, `${name}.r386`);

const RUNS = [
  { name: 'buggy', kernel: 'buggy' },
  { name: 'fixed', kernel: 'fixed' },
  { name: 'shared', kernel: 'fixed', variant: 'shared-directory' },
] as const;

beforeAll(async () => {
  for (const { name, ...run } of RUNS)
    await runGuest({ ...run, workload: 'ftpd', seed: 5, output: path(name), instructions: 5e6 });
});

/** The findings of all checks in a trace. */
async function findingsIn(file: string): Promise<string[]> {
  const db = await TraceDatabase.open([file], { cache: false });
  try {
    const found: string[] = [];
    for (const check of CHECKS)
      for (const { icount, fromIcount, summary, uses } of await runCheck(db, check))
        found.push([check.name, fromIcount, icount, uses, summary].join(' '));
    return found;
  } finally {
    db.close();
  }
}

describe('the recording of a branch', () => {
  it.each([
    ['buggy', 4_758_667, 30_000],
    ['buggy', 4_758_700, 1_000_000],
    ['shared', 3_000_000, 400_000],
  ])('has the findings of the whole recording of that run: %s at %i', async (name, at, within) => {
    const reader = TraceReader.open(path(name));
    const times = interruptTimes(reader.inputs(), raisesOf(reader, 14), 14);
    const open = times.find(({ drawnAt, raisedAt }) => drawnAt + 5000 < at && raisedAt > at) ?? times[0];
    const boundary = open.raisedAt > at ? at : open.raisedAt - 1;
    const inside = [{ first: boundary, last: boundary }];
    const [stretch] = steered(14, [open], inside, reader.header.machine.diskLatencyMin);
    const told: string[][] = [];
    const explorer = new Explorer({
      ...{ reader, build: buildMachine, builtinDisk, within, target: 'panic' },
      examiner: {
        restsOnMemory: false,
        examine: async (write) => {
          await write(path('branch'));
          told.push(await findingsIn(path('branch')));
          return [];
        },
      },
    });
    const outcomes: Outcome[] = [];
    await explorer.explore(stretch, (outcome) => outcomes.push(outcome));
    explorer.close();
    const [{ option }] = outcomes;
    const whole = path('whole');
    await writePlacement({
      ...{ file: path(name), option, path: whole, until: boundary + within },
      disks: undefined,
    });
    const [, branch] = told;
    expect(branch).toEqual(await findingsIn(whole));
    expect(branch.length).toBeGreaterThan(0);
  });
});

it('leaves out of a recording only what no check reads', async () => {
  const read = new Set<string>();
  const db = await TraceDatabase.open([path('buggy')], { cache: false, onLoad: (table) => read.add(table) });
  for (const check of CHECKS) await runCheck(db, check);
  db.close();
  expect(read).toContain('paging_writes');
  expect([...LEFT_OUT].filter((kind) => read.has(kind))).toEqual([]);
});

const exploration = (asked: Partial<Asked>) =>
  exploreTrace({
    ...{ file: path('buggy'), irq: 14, between: undefined, within: 5_000, any: false, disks: undefined },
    sql: 'SELECT 4758700 AS from_icount, 4758712 AS to_icount',
    signal: new AbortController().signal,
    ...asked,
  });

describe('a latent hijack', () => {
  it('is found where the check finds it in the recording, at each boundary by itself, and nowhere else', async () => {
    const { outcomes } = (await exploration({ target: 'latent-hijack' })).explored;
    expect(outcomes.map(({ placement: { first, last } }) => last - first)).toEqual(outcomes.map(() => 0));
    const sample = [true, false].map((fails) => outcomes.find(({ failed }) => failed === fails));
    expect(sample[0]).toBeDefined();
    const latent = checkNamed('latent-hijack') as Check;
    for (const one of sample) {
      if (!one) continue;
      const child = path('latent');
      const until = one.at + 5_000;
      await writePlacement({
        ...{ file: path('buggy'), option: one.option, path: child, until },
        disks: undefined,
      });
      const db = await TraceDatabase.open([child], { cache: false });
      const found = await runCheck(db, latent);
      db.close();
      expect(found.some(({ icount }) => icount === one.sign?.icount)).toBe(one.failed);
      expect(found.length > 0).toBe(one.failed);
    }
  });

  it('is not in the fixed kernel', async () => {
    const sql = 'SELECT 4758700 AS from_icount, 4758712 AS to_icount';
    const { outcomes } = (await exploration({ file: path('fixed'), sql, target: 'latent-hijack', any: true }))
      .explored;
    expect(outcomes.length).toBeGreaterThan(0);
    expect(outcomes.filter(({ failed }) => failed)).toEqual([]);
  });

  it('is found by several processes alike, and bundled as that finding', async () => {
    const sql = ['--sql', 'SELECT 4758700 AS from_icount, 4758724 AS to_icount'];
    const asked = ['explore', path('buggy'), ...sql, '--within', '5k', '--target', 'latent-hijack'];
    const program = join(import.meta.dirname, '../../bin/rewind386.js');
    const [one, two] = ['1', '2'].map((jobs) =>
      spawnSync(process.execPath, [program, ...asked, '--json', '--jobs', jobs], { encoding: 'utf8' }),
    );
    expect(JSON.parse(one.stdout).failures.length).toBeGreaterThan(3);
    expect(two.stdout).toBe(one.stdout);
    const bundles = join(folder, 'bundles');
    const { status, stdout } = await runCli(...asked, '--window', '4758700:4758703', '-o', bundles);
    expect([status, stdout[0]]).toEqual([1, expect.stringMatching(/^FAIL latent hijack in pmap_testbit/)]);
    const [bundle] = readdirSync(bundles);
    expect((await runCli('verify', join(bundles, bundle))).status).toBe(0);
    expect((await findingsIn(join(bundles, bundle))).join('\n')).toContain('02-latent-hijack');
    const again = await runCli(
      'shrink',
      join(bundles, bundle),
      '--target',
      '02-latent-hijack',
      '-o',
      path('again'),
    );
    expect([again.status, again.stdout[0]]).toEqual([
      0,
      expect.stringMatching(/^latent hijack in pmap_testbit/),
    ]);
    const none = await runCli('shrink', join(bundles, bundle), '--target', 'table-gone', '-o', path('none'));
    expect([none.status, none.stderr[0]]).toEqual([
      2,
      expect.stringContaining('shows no failure of --target table-gone'),
    ]);
  });
});
