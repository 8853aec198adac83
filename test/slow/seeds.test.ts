import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { HIJACK } from '../../analysis/check/catalog.ts';
import { runChecks } from '../../analysis/check/run-checks.ts';
import { builtinDisk } from '../../analysis/cli/options/builtin-guest.ts';
import { TraceDatabase } from '../../analysis/db/trace-database.ts';
import { buildMachine } from '../../recorder/machine/build.ts';
import { replay } from '../../replayer/verify/replay.ts';
import { runGuest } from '../guest/built-in.ts';

const folder = mkdtempSync(join(tmpdir(), 'r386-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function classesIn(file: string): Promise<string[]> {
  const db = await TraceDatabase.open([file], { cache: false });
  try {
    return (await runChecks(db)).map(({ check }) => check.class);
  } finally {
    db.close();
  }
}

const SEEDS = [1, 2, 3];
const SURVIVED = 0x10;

describe.each(['ftpd', 'forkstorm', 'pageio'])('%s, whole, on the fixed kernel', (workload) => {
  it.each(SEEDS)('seed %i succeeds, has no finding, and replays', async (seed) => {
    const file = join(folder, `${workload}.r386`);
    const { exit, lines } = await runGuest({ kernel: 'fixed', workload, seed, output: file });
    expect(lines.at(-1)).toMatch(/ 0 corrupt, OK$/);
    expect(exit.code).toBe(SURVIVED);
    expect(await classesIn(file)).toEqual([]);
    const result = await replay({ path: file, build: buildMachine, builtinDisk });
    expect(result.divergence).toBeUndefined();
    expect(result.reachedEnd).toBe(true);
  });
});

/** Ends of the hijack, one seed of each kind; docs/guest.md lists them. */
const ENDS = [
  { workload: 'ftpd', seed: 117, code: 0x11, line: /^panic: pmap_enter: no page table for efbfe000/ },
  { workload: 'ftpd', seed: 113, code: 0x11, line: /^panic: vm_page_free: page \w+ is in use/ },
  { workload: 'ftpd', seed: 55, code: 0x11, line: /^panic: pmap_release: page table/ },
  { workload: 'ftpd', seed: 57, code: 0x11, line: /^panic: page fault in the kernel at 0,/ },
  { workload: 'ftpd', seed: 79, code: 0x11, line: /^panic: page fault in the kernel at efbfdf55,/ },
  {
    workload: 'ftpd',
    seed: 17,
    code: 0x11,
    line: /^panic: page fault in the kernel at \w+, address ffc00004/,
  },
  {
    workload: 'ftpd',
    seed: 45,
    code: 0x11,
    line: /^panic: exit: a zombie runs/,
    also: /^pid 63 \(ftpd\): trap 14 .* address 40041000/,
  },
  { workload: 'ftpd', seed: 108, code: 0x12, line: /^double fault: / },
  { workload: 'ftpd', seed: 6, code: 0x10, line: / 0 corrupt, OK$/ },
  { workload: 'forkstorm', seed: 3, code: 0x11, line: /^panic: vm_page_free: page \w+ is in use/ },
];

describe('the buggy kernel', () => {
  it.each(ENDS)(
    '$workload, seed $seed ends with $line, after a hijack',
    async ({ workload, seed, code, line, also = line }) => {
      const file = join(folder, 'buggy.r386');
      const { exit, lines } = await runGuest({ kernel: 'buggy', workload, seed, output: file });
      expect(exit.code).toBe(code);
      for (const said of [line, also]) expect(lines).toContainEqual(expect.stringMatching(said));
      expect(await classesIn(file)).toContain(HIJACK);
    },
  );

  it.each([2, 5])('ftpd, seed %i survives, and has no hijack', async (seed) => {
    const file = join(folder, 'survivor.r386');
    const { exit } = await runGuest({ kernel: 'buggy', workload: 'ftpd', seed, output: file });
    expect(exit.code).toBe(SURVIVED);
    expect(await classesIn(file)).not.toContain(HIJACK);
  });
});
