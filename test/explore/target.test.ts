import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CHECKS } from '../../analysis/check/catalog.ts';
import { checkNamed, shortName } from '../../analysis/check/names.ts';
import { runCheck } from '../../analysis/check/run-checks.ts';
import { withScratch } from '../../analysis/cli/work/open-examiner.ts';
import { writePlacement } from '../../analysis/cli/work/write-placement.ts';
import { TraceDatabase } from '../../analysis/db/trace-database.ts';
import { madeBy } from '../../analysis/explore/examiner.ts';
import type { Sign } from '../../analysis/explore/window-judge.ts';
import { runCli } from '../cli/run-cli.ts';

/** Placements judged by a check: in a kernel whose clock takes the window that a letter is written through, and in the careful one. */

const folder = mkdtempSync(join(tmpdir(), 'r386-target-'));
afterAll(() => rmSync(folder, { recursive: true }));
const path = (name: string) => join(folder, `${name}.r386`);
const post = (file: string) => resolve(import.meta.dirname, '../guests/post', file);
const explored = (run: string, window: string, ...args: readonly string[]) =>
  runCli('explore', path(run), '--irq', '0', '--window', window, '--within', '20k', '--jobs', '1', ...args);

beforeAll(async () => {
  for (const append of ['', 'careful'])
    await runCli(
      ...['record', post('post.elf'), '--profile', post('post.json'), '--append', append],
      ...['--jitter', '60', '--seed', '3', '-n', '200k', '--quiet', '-o', path(`post${append}`)],
    );
});

async function findingsIn(file: string) {
  const db = await TraceDatabase.open([file], { cache: false });
  try {
    return await runCheck(db, checkNamed('panic') as (typeof CHECKS)[number]);
  } finally {
    db.close();
  }
}

describe('explore --target with a check that needs a recording', () => {
  it('finds what the check finds in the recording of that placement', async () => {
    const { status, stdout, stderr } = await explored('post', '123254:123257', '--target', 'panic');
    expect(stderr[0]).toMatch(/^note: --target panic is judged by its check, in a recording of each run/);
    expect([status, stdout[0]]).toEqual([
      1,
      expect.stringMatching(
        /^FAIL panic the console says "panic: damaged letter .*: IRQ 0 at icount 123,25\d/,
      ),
    ]);
    expect(stdout.at(-1)).toMatch(/ [1-9]\d* fail \(panic only\)$/);
    const [, schedule, at] = /(--schedule irq0=(\d+)@\d+)/.exec(stdout[1]) ?? [];
    const child = path('placement');
    const until = Number(at) + 20_000;
    await writePlacement({ file: path('post'), option: schedule, path: child, until, disks: undefined });
    const [finding] = await findingsIn(child);
    expect(stdout[0]).toContain(finding.summary.toString());
  });

  it('finds nothing in the careful kernel', async () => {
    const { status, stdout } = await explored('postcareful', '123310:123313', '--target', 'panic');
    expect([status, stdout.at(-1)]).toEqual([
      0,
      expect.stringMatching(/ 3 placements .*; 0 fail \(panic only\)$/),
    ]);
  });

  it.each([
    [
      ['--target', 'nothing'],
      /invalid values: Argument: target, Given: "nothing", Choices: "crash", .*, "written-back"$/,
    ],
    [
      ['--target', '09-table-gone'],
      /--target table-gone concerns an alternate map, which its profile does not/,
    ],
  ])('says in one line what is wrong with %j', async (args, message) => {
    const { status, stderr } = await explored('post', '123254:123257', ...args);
    expect([status, stderr.filter((line) => line.startsWith('rewind386: '))]).toEqual([
      2,
      [expect.stringMatching(message)],
    ]);
  });
});

describe('the findings that a placement makes', () => {
  const sign = (icount: number, code: string, process = 'a[1]'): Sign => ({
    ...{ kind: 'stale', icount, text: `in ${code}`, process },
  });
  const range = { at: 100, reach: 300 };

  it('are not those before it, nor those that the unchanged run makes a little earlier or later', () => {
    const unchanged = [sign(50, 'f+0x1'), sign(200, 'f+0x1')];
    const found = [sign(50, 'f+0x1'), sign(190, 'f+0x7'), sign(250, 'f+0x1'), sign(260, 'g+0x1')];
    expect(madeBy(found, unchanged, range).map(({ icount }) => icount)).toEqual([250, 260]);
  });

  it('are those of another process, and those that the unchanged run makes much later', () => {
    const unchanged = [sign(200, 'f+0x1'), sign(301, 'g+0x1')];
    const found = [sign(200, 'f+0x1', 'b[2]'), sign(210, 'g+0x1')];
    expect(madeBy(found, unchanged, range)).toEqual(found);
  });
});

it('the names of checks are unambiguous without their numbers, and crash is none of them', () => {
  const names = [...CHECKS.map(shortName), 'crash'];
  expect(new Set(names).size).toBe(names.length);
});

it('recordings of runs do not stay', async () => {
  const scratch = await withScratch('panic', async (made) => made ?? '');
  expect(scratch).toContain('rewind386-target-');
  expect(readdirSync(tmpdir())).not.toContain(scratch.split('/').at(-1));
});
