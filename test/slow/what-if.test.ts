import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HIJACK } from '../../analysis/check/catalog.ts';
import { type Finding, runChecks } from '../../analysis/check/run-checks.ts';
import { builtinDisk } from '../../analysis/cli/options/builtin-guest.ts';
import { type ChangeRequest, parseChanges } from '../../analysis/cli/options/changes.ts';
import { TraceDatabase } from '../../analysis/db/trace-database.ts';
import type { Recorded } from '../../analysis/what-if/recorded-interrupts.ts';
import { compareFindings } from '../../analysis/what-if/verdict.ts';
import { type WhatIf, whatIf } from '../../analysis/what-if/what-if.ts';
import { buildMachine } from '../../recorder/machine/build.ts';
import { TraceReader } from '../../replayer/trace/trace-reader.ts';
import { replay } from '../../replayer/verify/replay.ts';
import type { Input } from '../../schemas/trace/inputs.ts';
import { icount } from '../../schemas/units.ts';
import { untrusted } from '../../schemas/untrusted.ts';
import { runGuest } from '../guest/built-in.ts';

const folder = mkdtempSync(join(tmpdir(), 'r386-'));
afterAll(() => rmSync(folder, { recursive: true }));
const path = (name: string) => join(folder, `${name}.r386`);

const NOTHING: ChangeRequest = { inject: [], delay: [], poke: [], cli: [] };
const PARENT = path('parent');
/** Well past the hijack of seed 117 and the panic that it leads to. */
const UNTIL = 22_800_000;
/** The beginning of another run, for what needs no hijack. */
const SHORT = path('short');

let hijack: Finding;
let interruptAt = 0;

beforeAll(async () => {
  await runGuest({ kernel: 'buggy', workload: 'ftpd', seed: 117, output: PARENT });
  await runGuest({ kernel: 'buggy', workload: 'ftpd', seed: 5, output: SHORT, instructions: 5e6 });
  hijack = (await findings([PARENT])).find(({ check }) => check.class === HIJACK) as Finding;
  interruptAt = Number(/at icount (\d+)/.exec(hijack.summary.raw)?.[1]);
});

async function findings(files: string[]): Promise<Finding[]> {
  const db = await TraceDatabase.open(files, { cache: false });
  try {
    return await runChecks(db);
  } finally {
    db.close();
  }
}

async function changed(
  name: string,
  changes: Partial<ChangeRequest>,
  { parent = SHORT, until, verify = true }: { parent?: string; until?: number; verify?: boolean } = {},
): Promise<WhatIf> {
  const request = { ...NOTHING, ...changes };
  const result = await whatIf({
    path: parent,
    output: path(name),
    changes: (recorded) => parseChanges(request, recorded),
    until,
    toolVersion: 'test',
    build: buildMachine,
    builtinDisk,
  });
  if (!verify) return result;
  // Whatever was changed, the new recording needs nothing but itself.
  const again = await replay({ path: path(name), build: buildMachine, builtinDisk });
  expect(again.divergence).toBeUndefined();
  expect(again.reachedEnd).toBe(true);
  return result;
}

async function verdict(name: string, changes: Partial<ChangeRequest>) {
  const result = await changed(name, changes, { parent: PARENT, until: UNTIL, verify: false });
  return compareFindings(await findings([PARENT, path(name)]), result.changes.changedAt, result.parentEnd);
}

const errors = (list: readonly Finding[]) => list.filter(({ check }) => check.severity === 'error');
const classes = (list: readonly Finding[]) => list.map(({ check }) => check.class);

describe('the hijack of seed 117', () => {
  it('vanishes when interrupts are held off in its window', async () => {
    const { vanished, still, arisen } = await verdict('masked', {
      cli: [`${hijack.fromIcount}:${hijack.icount + 1}`],
    });
    // The panic that it led to vanishes with it.
    expect(classes(errors(vanished))).toEqual([HIJACK, 'panic']);
    expect(still).toEqual([]);
    expect(errors(arisen)).toEqual([]);
  });

  it('is not said to vanish where the new run is stopped before it', async () => {
    const cli = [`${hijack.fromIcount}:${hijack.icount + 1}`];
    const until = hijack.icount - 1;
    const result = await changed('cut', { cli }, { parent: PARENT, until, verify: false });
    const found = await findings([PARENT, path('cut')]);
    const { changedAt } = result.changes;
    const { vanished, unreached } = compareFindings(found, changedAt, result.parentEnd, result.final.icount);
    expect(vanished).toEqual([]);
    expect(classes(errors(unreached))).toEqual([HIJACK, 'panic']);
  });

  it('vanishes when the disk completes later, out of its window', async () => {
    const { vanished } = await verdict('later', { at: String(interruptAt - 500), delay: ['irq14=+2000'] });
    expect(classes(errors(vanished))).toEqual([HIJACK, 'panic']);
  });

  it('is still there when the disk completes a little later, in its window', async () => {
    const { still, vanished } = await verdict('soon', { at: String(interruptAt - 500), delay: ['irq14=+5'] });
    expect(errors(vanished)).toEqual([]);
    expect(classes(still.map(({ now }) => now))).toEqual([HIJACK, 'panic']);
    // The interrupt came at another instruction; the store still went astray.
    expect(still[0].now.summary.raw).not.toBe(hijack.summary.raw);
  });

  it('vanishes when the right directory is put back into the alternate slot before the store', async () => {
    const intended = /from ([0-9a-f]{8})/.exec(hijack.summary.raw)?.[1];
    const { vanished } = await verdict('restored', {
      poke: [`0xeffbfffc=${Number.parseInt(intended as string, 16) | 3}@${hijack.icount - 20}`],
    });
    expect(classes(errors(vanished))).toEqual([HIJACK, 'panic']);
  });
});

describe('a what-if', () => {
  it('is the parent up to the change, names it, and tells two recordings apart', async () => {
    await changed('named', { at: '4M', inject: ['irq14'] });
    const [parent, child] = [SHORT, path('named')].map((file) => TraceReader.open(file));
    expect(child.header.parent).toEqual({
      identity: parent.identity(),
      file: untrusted(SHORT),
      changedAt: 4_000_000,
      changes: [untrusted('inject irq14@4000000')],
    });
    const early = (reader: TraceReader) => reader.inputs().filter((input) => input.icount < 4_000_000);
    expect(early(child)).toEqual(early(parent));
    expect(child.inputs()).toContainEqual({ kind: 'inject_irq', icount: 4_000_000, value: 14 });
    expect(child.identity()).not.toBe(parent.identity());
    parent.close();
    child.close();
  });

  it('of no effect is the parent again: a request on a masked line', async () => {
    // Line 10 has no driver: the guest keeps it masked.
    await changed('nothing', { at: '4.5M', inject: ['irq10'] });
    const [parent, child] = [SHORT, path('nothing')].map((file) => TraceReader.open(file));
    expect(child.endIcount).toBe(parent.endIcount);
    expect(child.footer?.final.hashes.ram).toEqual(parent.footer?.final.hashes.ram);
    expect(child.footer?.final.hashes.cpu).toEqual(parent.footer?.final.hashes.cpu);
    parent.close();
    child.close();
  });

  it('can be changed again', async () => {
    await changed('first', { cli: ['1M:1.2M'] }, { until: 2_000_000, verify: false });
    await changed(
      'second',
      { at: '1.5M', poke: ['eax=0x1234'] },
      { parent: path('first'), until: 1_600_000 },
    );
    const reader = TraceReader.open(path('second'));
    expect(reader.inputs().map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(['hold_interrupts', 'hold_interrupts', 'poke']),
    );
    expect(reader.header.parent?.changedAt).toBe(1_500_000);
    reader.close();
  });

  it('holds interrupts off: none is delivered between the two icounts', async () => {
    await changed('held', { cli: ['4M:4.4M', '4.2M:4.6M'] });
    const db = await TraceDatabase.open([SHORT, path('held')], { cache: false });
    const rows = await db.query(
      `SELECT run_id, count(*) FILTER (icount BETWEEN 4000000 AND 4599999) AS inside,
         count(*) FILTER (icount BETWEEN 4600000 AND 4999999) AS after
       FROM interrupts WHERE irq < 16 GROUP BY run_id ORDER BY run_id`,
    );
    const [parent, child] = rows.getRowObjectsJson();
    db.close();
    expect(Number(parent.inside)).toBeGreaterThan(0);
    expect(Number(child.inside)).toBe(0);
    expect(Number(child.after)).toBeGreaterThan(0);
  });

  it('writes memory where it is told, and records a write to a page table as what it is', async () => {
    // Kernel data at a linear address, and the same page's entry through the recursive map.
    await changed(
      'poked',
      { at: '3M', poke: ['0xeffbfffc=0', 'phys:0x9f000:2=0xbeef'] },
      { until: 3_100_000 },
    );
    const db = await TraceDatabase.open([path('poked')], { cache: false });
    const rows = await db.query(`SELECT icount, new FROM paging_writes WHERE source = 'poke'`);
    expect(rows.getRowObjectsJson().map((row) => [Number(row.icount), Number(row.new)])).toEqual([
      [3_000_000, 0],
    ]);
    db.close();
  });

  it('says so when a poke has no page to go to', async () => {
    await expect(changed('lost', { at: '3M', poke: ['0x7fff0000=1'] })).rejects.toThrow(
      /no page is mapped at linear 7fff0000 at icount 3000000/,
    );
  });

  it('refuses a change after the end', async () => {
    await expect(changed('late', { at: '30M', inject: ['irq14'] })).rejects.toThrow(
      /before the first change/,
    );
  });
});

describe('changes as typed', () => {
  const draw = (at: number, value: number, kind: Input['kind'] = 'disk_latency'): Input => ({
    ...{ kind, icount: icount(at), value },
  });
  // The last but one is of another line; what comes on this one at 9200 has no time from outside.
  const recorded = [
    ...[draw(1000, 500), draw(2000, 5000), draw(7100, 500, 'disk_block')],
    ...[draw(9000, 100), draw(9000, 500)],
  ];
  const recording: Recorded = {
    inputs: recorded,
    raises: (line) => (line === 14 ? [1500, 7000, 7600, 9100, 9200] : []),
    shortestDiskTime: 100,
  };
  const parse = (changes: Partial<ChangeRequest>) => parseChanges({ ...NOTHING, ...changes }, recording);

  it.each([
    ['1400', 'disk_latency', 0, 1000, 1500],
    ['1501', 'disk_latency', 1, 1501, 7000],
    ['3000', 'disk_latency', 1, 2000, 7000],
    ['7001', 'disk_block', 0, 7001, 7600],
    ['7601', 'disk_latency', 2, 7601, 9100],
  ])('a delay at %s is of the interrupt that comes next', (at, kind, nth, changedAt, from) => {
    expect(parse({ at, delay: ['irq14=+7'] })).toMatchObject({
      adjustments: [{ kind, nth, by: 7 }],
      moved: [{ line: 14, from, kind, nth }],
      changedAt,
    });
  });

  it('windows that overlap are one', () => {
    expect(parse({ cli: ['10:20', '15:30', '40:50'] }).words).toEqual(['cli 10:30', 'cli 40:50']);
  });

  it.each([
    [{ inject: ['irq14'] }, /the icount is missing/],
    [{ inject: ['irq16@5'] }, /not an interrupt line/],
    [{ delay: ['irq14=500@5'] }, /the number of instructions is missing/],
    [{ delay: ['irq0=+5@5'] }, /only the interrupts of drives/],
    [{ delay: ['irq14=+5@9101'] }, /IRQ 14 comes next at icount 9,200, at a time that is not an input/],
    [{ delay: ['irq14=+5@9201'] }, /IRQ 14 does not come after icount 9,201/],
    [{ delay: ['irq14=-5@9100'] }, /IRQ 14 at icount 9,100 already comes as early as possible/],
    [{ delay: ['irq6=+5@5'] }, /IRQ 6 does not come after icount 5/],
    [{ poke: ['0x1000@5'] }, /not a change/],
    [{ poke: ['0x1000:3=1@5'] }, /no such place/],
    [{ poke: ['foo=1@5'] }, /not a 32-bit number/],
    [{ poke: ['0x1000=0x1ffffffff@5'] }, /not a 32-bit number/],
    [{ cli: ['20:10'] }, /ends before it begins/],
    [{ cli: ['20'] }, /not a window/],
  ] as [Partial<ChangeRequest>, RegExp][])('%j is refused', (changes, message) => {
    expect(() => parse(changes)).toThrow(message);
  });
});
