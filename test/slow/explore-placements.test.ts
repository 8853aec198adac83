import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HIJACK } from '../../analysis/check/catalog.ts';
import { runChecks } from '../../analysis/check/run-checks.ts';
import { builtinDisk } from '../../analysis/cli/options/builtin-guest.ts';
import { coverage } from '../../analysis/cli/work/exploration-text.ts';
import { type Asked, exploreTrace } from '../../analysis/cli/work/explore.ts';
import { LateWindows } from '../../analysis/cli/work/late-windows.ts';
import { writePlacement } from '../../analysis/cli/work/write-placement.ts';
import { cells } from '../../analysis/db/results.ts';
import { TraceDatabase } from '../../analysis/db/trace-database.ts';
import { alike, sizeOf } from '../../analysis/explore/classes.ts';
import type { Outcome } from '../../analysis/explore/explore.ts';
import { boundariesOf, changeFor, optionFor, piecesOf, steered } from '../../analysis/explore/placements.ts';
import { kindsOf, WindowJudge } from '../../analysis/explore/window-judge.ts';
import { commandSql } from '../../analysis/sql/catalog.ts';
import { raisesOf } from '../../analysis/what-if/recorded-interrupts.ts';
import { buildMachine } from '../../recorder/machine/build.ts';
import { TraceReader } from '../../replayer/trace/trace-reader.ts';
import { replay } from '../../replayer/verify/replay.ts';
import { EVENT_KIND_NAMES, type EventBatch } from '../../schemas/events.ts';
import { runCli } from '../cli/run-cli.ts';
import { runGuest } from '../guest/built-in.ts';

/** Interrupts where they did not come: every outcome is what a whole recording of that run, and the SQL of the checks, say. */

const folder = mkdtempSync(join(tmpdir(), 'r386-'));
afterAll(() => rmSync(folder, { recursive: true }));
const path = (name: string) => join(folder, `${name}.r386`);
/** A run that ends well by itself: its first 5 million instructions. */
const BUGGY = path('buggy');
const FIXED = path('fixed');

beforeAll(async () => {
  for (const kernel of ['buggy', 'fixed'] as const)
    await runGuest({ kernel, workload: 'ftpd', seed: 5, output: path(kernel), instructions: 5e6 });
});

const exploration = (asked: Partial<Asked>) =>
  exploreTrace({
    file: BUGGY,
    irq: 14,
    between: undefined,
    sql: undefined,
    within: 10_000,
    any: false,
    disks: undefined,
    signal: new AbortController().signal,
    ...asked,
  });

async function classesIn(file: string): Promise<string[]> {
  const db = await TraceDatabase.open([file], { cache: false });
  try {
    return (await runChecks(db)).map(({ check }) => check.class);
  } finally {
    db.close();
  }
}

/** icounts of the accesses through the alternate map. */
function accessesIn(file: string): number[] {
  const reader = TraceReader.open(file);
  const rows = reader.chunks.flatMap((_, n) => {
    const { columns, count } = reader.readChunk(n).table('apt_accesses');
    return [...columns[0].subarray(0, count)];
  });
  reader.close();
  return rows;
}

describe('the windows of a run that ended well', () => {
  it('hold a hijack on the buggy kernel, as the recording of that placement shows', async () => {
    expect(await classesIn(BUGGY)).not.toContain(HIJACK);
    const found = await exploration({ between: { from: 4_758_660, to: 4_758_690 } });
    const failing = found.explored.outcomes.filter(({ failed }) => failed);
    expect(failing.length).toBeGreaterThan(0);
    const [{ sign, option, at, delivery }] = failing;
    expect(sign?.kind).toBe('interrupt hijack');
    expect(delivery?.icount).toBe(at);

    const child = path('placement');
    await writePlacement({ file: BUGGY, option, path: child, until: at + 10_000, disks: undefined });
    expect(await classesIn(child)).toContain(HIJACK);
    const again = await replay({ path: child, build: buildMachine, builtinDisk });
    expect(again.divergence).toBeUndefined();
    expect(again.reachedEnd).toBe(true);
    expect(accessesIn(child)).toContain(sign?.icount);
  });

  it('are judged as the SQL judges the recording, also where nothing fails', async () => {
    const between = { from: 4_600_000, to: 4_735_000 };
    const { outcomes } = (await exploration({ between, within: 5_000 })).explored;
    expect(outcomes.length).toBeGreaterThan(0);
    const { at, option, failed } = outcomes[0];
    const child = path('harmless');
    await writePlacement({ file: BUGGY, option, path: child, until: at + 5_000, disks: undefined });
    expect((await classesIn(child)).includes(HIJACK)).toBe(failed);
    expect(failed).toBe(false);
  });

  it('hold hijacks by a later interrupt, as the recording of such a placement shows', async () => {
    const between = { from: 4_791_430, to: 4_791_445 };
    const found = await exploration({ between, later: true, within: 5_000 });
    const { explored, lateWindows } = found;
    expect(lateWindows).toBeGreaterThan(0);
    expect(coverage(found)).toContain(
      `${lateWindows} of runs with a later one (those used up to 5,000 instructions behind its latest time)`,
    );
    const [{ sign, option, at }] = explored.outcomes.filter(({ failed }) => failed);
    expect(option).toBe('--schedule irq14=4791440@4790286');
    const child = path('later');
    await writePlacement({ file: BUGGY, option, path: child, until: at + 5_000, disks: undefined });
    expect(await classesIn(child)).toContain(HIJACK);
    expect(accessesIn(child)).toContain(sign?.icount);
  });

  it('are found by SQL too where the interrupt comes later: in the recording of that run', async () => {
    const asked = { between: { from: 4_791_430, to: 4_791_445 }, later: true, within: 5_000 };
    const heard = await exploration(asked);
    const selected = await exploration({ ...asked, sql: commandSql('explore-windows') });
    expect(selected.lateWindows).toBe(heard.lateWindows);
    expect(selected.explored.outcomes).toEqual(heard.explored.outcomes);
  });

  it('are not looked for where a recording was interrupted', async () => {
    const asked = { file: BUGGY, irq: 14, within: 5_000, disks: undefined, signal: AbortSignal.abort() };
    const late = new LateWindows(asked, async () => {
      throw new Error('there is no whole recording to ask');
    });
    const command = {
      kind: 'disk_latency',
      nth: 0,
      drawnAt: 4_700_000,
      value: 90_286,
      raisedAt: 4_790_286,
    } as const;
    expect(await late.of(command, 4_791_440)).toEqual([]);
    late.close();
  });

  it('hold later interrupts of the timer too, up to its longest delay', async () => {
    const file = path('jitter');
    await runGuest({
      kernel: 'buggy',
      workload: 'ftpd',
      seed: 5,
      output: file,
      instructions: 3e6,
      config: { jitter: 20 },
    });
    const reader = TraceReader.open(file);
    const ticks = raisesOf(reader, 0);
    const { instructionsPerSecond } = reader.header.machine;
    reader.close();
    const sql =
      'SELECT icount - 50 AS from_icount, icount + 50000 AS to_icount FROM interrupts WHERE irq = 0';
    const between = { from: ticks[5], to: ticks[7] };
    const { explored } = await exploration({ file, irq: 0, sql, later: true, between, within: 2_000 });
    expect(explored.complete).toBe(true);
    const moves = explored.outcomes.flatMap(({ at, option, delivery }) => {
      const from = Number(option.split('@')[1]);
      return at > from ? [{ at, late: at - from, option, delivery }] : [];
    });
    expect(moves.length).toBeGreaterThan(1);
    // A fifth of a hundredth of a second, and no more.
    const longest = instructionsPerSecond / 100 / 5;
    expect(Math.max(...moves.map(({ late }) => late))).toBeLessThanOrEqual(longest);
    const { at, option } = moves[moves.length - 1];
    const child = path('late-tick');
    await writePlacement({ file, option, path: child, until: at + 2_000, disks: undefined });
    const moved = TraceReader.open(child);
    expect(raisesOf(moved, 0)).toContain(at);
    moved.close();
  });

  it('are those of the SQL, as a judge hears of them', async () => {
    const reader = TraceReader.open(BUGGY);
    const judge = new WindowJudge(kindsOf(reader.header.profile.windows));
    const heard = new Map<number, readonly [number, number]>();
    judge.onUse = (seq, from, to) => void heard.set(seq, [from, to]);
    for (const n of reader.chunks.keys()) {
      const chunk = reader.readChunk(n);
      const tables = Object.fromEntries(EVENT_KIND_NAMES.map((kind) => [kind, chunk.table(kind)]));
      judge.flush({ tables, firstSeq: 0, endSeq: 0 } as unknown as EventBatch);
    }
    reader.close();
    const db = await TraceDatabase.open([BUGGY], { cache: false });
    const rows = cells(await db.query(commandSql('explore-windows')));
    db.close();
    const inOrder = (list: number[][]) => list.sort(([a, b], [c, d]) => a - c || b - d);
    expect(rows.length).toBeGreaterThan(100);
    expect(inOrder([...heard.values()].map(([from, to]) => [from, to]))).toEqual(
      inOrder(rows.map((row) => row.map(Number))),
    );
  });

  it('hold none on the fixed kernel, where tried', async () => {
    const found = await exploration({
      file: FIXED,
      between: { from: 4_600_000, to: 5_000_000 },
      within: 5_000,
    });
    expect(found.explored.outcomes.length).toBeGreaterThan(0);
    expect(found.explored.outcomes.filter(({ failed }) => failed)).toEqual([]);
    expect(coverage(found)).toMatch(
      /^for this recording's inputs and one earlier IRQ 14, .* placements? in .* all run; 0 fail$/,
    );
  });
});

describe('classes', () => {
  /** The verdict on a run: what failed, in which instruction, when. */
  const verdict = ({ failed, sign, end }: Outcome) => [
    failed,
    sign?.kind,
    sign?.eip,
    sign?.icount,
    end?.kind,
  ];
  // The clock's handler runs here with IF off, behind it in the 8259, and then on again.
  const clock = { sql: 'SELECT 4195600 AS from_icount, 4195640 AS to_icount' };
  const hijacks = { between: { from: 4_758_660, to: 4_758_800 } };

  it.each([
    ['where interrupts wait', clock],
    ['where they hijack', hijacks],
    ['where they do not', { file: FIXED, between: { from: 4_600_000, to: 4_900_000 } }],
    ['where they come later', { later: true, between: { from: 4_791_430, to: 4_791_500 } }],
    ['where requests are injected', { ...hijacks, any: true, irq: 4 }],
  ])('are of placements that end alike, %s', async (_, asked) => {
    const pruned = (await exploration({ ...asked, within: 4_000 })).explored;
    const all = (await exploration({ ...asked, within: 4_000, unpruned: true })).explored;
    expect(pruned.classes).toBeLessThan(pruned.placements);
    expect(pruned.outcomes.length).toBe(pruned.classes);
    expect(all.outcomes.length).toBe(all.placements);
    for (const one of pruned.outcomes) {
      const same = all.outcomes.filter(({ placement }) => placement.first === one.placement.first);
      expect(same.map(({ at }) => at).sort((a, b) => a - b)).toEqual(
        Array.from({ length: sizeOf(one.placement) }, (_, n) => one.placement.first + n),
      );
      expect(same.map(verdict)).toEqual(same.map(() => verdict(one)));
    }
    const failing = (list: readonly Outcome[]) => list.filter(({ failed }) => failed);
    const placements = failing(pruned.outcomes).reduce((sum, { placement }) => sum + sizeOf(placement), 0);
    expect(placements).toBe(failing(all.outcomes).length);
  });

  it('wait for the boundary at which the processor takes them', async () => {
    const { outcomes } = (await exploration({ ...clock, within: 3_000 })).explored;
    expect(outcomes.some(({ placement: { first, at } }) => at - first > 5)).toBe(true);
    for (const { at, placement, delivery } of outcomes)
      if (!placement.late) expect(delivery?.icount).toBe(at);
  });

  it('are cut where the handler and the interrupted code touch the same word', () => {
    const touched = (reads: number[], writes: number[]) => ({
      reads: new Set(reads),
      writes: new Set(writes),
    });
    const taking = (at: number, reads: number[], writes: number[], ordered = false) => ({
      ...{ first: at, at, ordered },
      touched: touched(reads, writes),
    });
    const takings = [
      taking(10, [], []),
      taking(11, [1, 2], [3]), // reads what the handler reads
      taking(12, [4], []), // reads what it writes
      taking(13, [], [2]), // writes what it reads
      taking(14, [9], [9]),
      taking(15, [], [], true),
    ];
    const handler = { touched: touched([1, 2], [4]), end: 20, nextRaise: Number.POSITIVE_INFINITY };
    const counts = takings.map((_, n) => alike(takings, n, handler));
    expect(counts).toEqual([2, 1, 1, 2, 1, 1]);
    expect(alike(takings, 0, undefined)).toBe(1);
    expect(alike(takings, 0, { ...handler, nextRaise: 21 })).toBe(1);
  });
});

describe('boundaries', () => {
  it('lie after the set and up to the last use; windows that touch are one', () => {
    const windows = [
      { from: 10, to: 12 },
      { from: 30, to: 30 },
      { from: 12, to: 20 },
    ];
    expect(boundariesOf(windows)).toEqual([{ first: 11, last: 20 }]);
  });

  it('are those at which the command of a drive is outstanding for long enough, and not done', () => {
    const command = { kind: 'disk_latency', nth: 3, drawnAt: 100, value: 50, raisedAt: 150 } as const;
    const [stretch] = steered(14, [command], [{ first: 90, last: 300 }], 20);
    expect(stretch.boundaries).toEqual([{ first: 120, last: 149 }]);
    expect(changeFor(stretch, 130).adjustments).toEqual([{ kind: 'disk_latency', nth: 3, by: -20 }]);
    expect(optionFor(stretch, 130)).toBe('--schedule irq14=130@150');
    expect(steered(14, [command], [{ first: 10, last: 119 }], 20)).toEqual([]);
  });
});

describe('pieces', () => {
  it('have all boundaries once, in order, and are cut where the stretches alone say', () => {
    const boundaries = [
      { first: 10, last: 12 },
      { first: 20, last: 900 },
      { first: 1000, last: 1000 },
    ];
    const pieces = piecesOf([{ line: 14, forkAt: 9, boundaries }]).map((piece) => piece.boundaries);
    expect(pieces.length).toBeGreaterThan(2);
    const every = (list: typeof boundaries) =>
      list.flatMap(({ first, last }) => Array.from({ length: last - first + 1 }, (_, n) => first + n));
    expect(every(pieces.flat())).toEqual(every(boundaries));
    for (const piece of pieces) expect(every([...piece]).length).toBeLessThanOrEqual(256);
  });
});

describe('several processes', () => {
  const cli = join(import.meta.dirname, '../../bin/rewind386.js');
  const args = [cli, 'explore', BUGGY, '--window', '4600k:4790k', '--within', '3k', '--json'];

  it('find what one finds, in the same order, and one that is killed costs nothing', async () => {
    const alone = spawnSync(process.execPath, [...args, '--jobs', '1'], { encoding: 'utf8' });
    expect(alone.status).toBe(1);
    const junit = path('junit').replace('.r386', '.xml');
    const many = spawn(process.execPath, [...args, '--jobs', '2', '--junit', junit]);
    let printed = '';
    many.stdout.on('data', (text) => {
      printed += text;
    });
    const ended = once(many, 'close');
    const [worker] = await childrenOf(many.pid as number, 2);
    process.kill(worker, 'SIGKILL');
    expect(await ended).toEqual([1, null]);
    expect(printed).toBe(alone.stdout);
    const { failures } = JSON.parse(printed) as { failures: unknown[] };
    expect(failures.length).toBeGreaterThan(20);
    expect(readFileSync(junit, 'utf8')).toContain(`; ${failures.length} fail</system-out>`);
  });

  it('keep what was found when the time is over', async () => {
    const { status, stdout } = await runCli(...args.slice(1), '--budget', '0.5s');
    const { complete, run, classes } = JSON.parse(stdout.join('\n')) as Record<string, unknown>;
    expect({ complete, run }).toEqual({ complete: false, run: classes });
    expect(status).toBeLessThan(2);
  });
});

/** Process ids of at least so many children. */
async function childrenOf(pid: number, count: number): Promise<number[]> {
  for (;;) {
    const list = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean);
    if (list.length >= count) return list.map(Number);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

describe('the command', () => {
  it('names the what-if that makes the failing run again, and ends with 1', async () => {
    const { status, stdout } = await runCli(
      'explore',
      BUGGY,
      '--window',
      '4758665:4758670',
      '--within',
      '10k',
    );
    expect(status).toBe(1);
    expect(stdout[0]).toMatch(
      /^FAIL interrupt hijack in pmap_change_wiring\+0x69: IRQ 14 at icount 4,758,66\d/,
    );
    expect(stdout[1]).toMatch(/ {5}rewind386 replay \S+ --schedule irq14=\d+@\d+ -o placement-\d+\.r386/);
  });

  it("runs on behind the hijack for the guest's own death, and bundles that", async () => {
    const bundles = path('crashes');
    const args = ['--window', '4758700:4758705', '--within', '1M', '--jobs', '1'];
    const hijacked = await runCli('explore', BUGGY, ...args, '--target', 'foreign-pmap');
    expect(hijacked.stdout[0]).toMatch(/^FAIL interrupt hijack in pmap_remove/);
    expect(hijacked.stdout.at(-1)).toMatch(/[1-9]\d* fail \(foreign-pmap only\)$/);
    const died = await runCli('explore', BUGGY, ...args, '--target', 'crash', '-o', bundles);
    expect([died.status, died.stdout[0]]).toEqual([1, expect.stringMatching(/^FAIL panic panic: /)]);
    expect(died.stdout.join('\n')).toMatch(/[1-9]\d* fail \(crash only\)\n/);
    const [bundle] = readdirSync(bundles);
    expect(await classesIn(join(bundles, bundle))).toEqual(expect.arrayContaining([HIJACK, 'panic']));
    const other = await runCli('explore', BUGGY, ...args, '--target', 'window-hijack');
    expect([other.status, other.stderr[0]]).toEqual([
      2,
      expect.stringContaining('--target window-hijack concerns windows: its profile declares none'),
    ]);
  });

  it('says what is wrong with windows that are none, and with lines of no drive', async () => {
    const columns = await runCli('explore', BUGGY, '--sql', 'SELECT 1 AS icount');
    expect(columns.status).toBe(2);
    expect(columns.stderr.join('\n')).toContain('the columns from_icount and to_icount');
    const past = await runCli(
      'explore',
      BUGGY,
      '--any',
      '--sql',
      'SELECT 4999998 AS from_icount, 9e9 AS to_icount',
    );
    expect(past.stdout.at(-1)).toMatch(/legal or not, in 1 window, .*: 2 placements in [12] class/);
    const later = await runCli('explore', BUGGY, '--later', '--any');
    expect([later.status, later.stderr[0]]).toEqual([2, 'rewind386: --later does not go with --any']);
    const floppy = await runCli('explore', BUGGY, '--irq', '6');
    expect([floppy.status, floppy.stdout[0]]).toEqual([
      0,
      'note: nothing was tried: the windows have no boundary to which IRQ 6 can move',
    ]);
    const clock = await runCli('explore', BUGGY, '--irq', '0');
    expect(clock.status).toBe(2);
    expect(clock.stderr.join('\n')).toContain('has no IRQ 0 whose time is an input');
  });
});
