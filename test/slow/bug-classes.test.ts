import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { tellsOfDeath } from '../../analysis/check/rank.ts';
import type { Finding } from '../../analysis/check/run-checks.ts';
import { VARIANTS } from '../../analysis/cli/options/builtin-guest.ts';
import { checkTraces } from '../../analysis/cli/work/check-report.ts';
import { runGuest } from '../guest/built-in.ts';
import { MATRIX, matrixRow } from '../guest/variant-matrix.ts';

/** Kernels that make each mistake of history: found by the check of its class, and by no other but those that are true as well. */

const folder = mkdtempSync(join(tmpdir(), 'r386-classes-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Findings as `check` tells them. */
const findingsIn = async (trace: string): Promise<readonly Finding[]> =>
  (await checkTraces([trace], { executes: { disks: [] } })).findings;

function byClass(findings: readonly Finding[]): Record<string, number> {
  const found: Record<string, number> = {};
  for (const { check } of findings) found[check.class] = (found[check.class] ?? 0) + 1;
  return found;
}

/** Errors that are no mere account of a death: a guest that died has one. */
const causesIn = (findings: readonly Finding[]): readonly Finding[] =>
  findings.filter((one) => one.check.severity === 'error' && !tellsOfDeath(one));

/** The exit code of a run in which every program succeeded (recorder/guest/profile.json). */
const SURVIVED = 0x10;

/** `VARIANT_SEEDS=20` has so many other seeds of each variant. */
const OTHERS = MATRIX.flatMap(({ variant, kernel, workload, instructions }) =>
  Array.from({ length: Number(process.env.VARIANT_SEEDS ?? 0) }, (_, n) => ({
    ...{ variant, kernel, workload, instructions, seed: 101 + n },
  })),
);

describe('the matrix of variants and classes', () => {
  it.each(MATRIX)('$variant on $kernel, $workload, seed $seed', async (run) => {
    const output = join(folder, 'run.r386');
    const { exit } = await runGuest({ ...run, output, instructions: run.instructions });
    const findings = await findingsIn(output);
    expect(byClass(findings)).toEqual(run.finds);
    expect(exit.kind === 'exit' ? exit.code : 'stopped').toBe(run.ends);
    if (typeof run.ends === 'number') expect(causesIn(findings)).not.toEqual([]);
  });

  it.each(OTHERS)('$variant on $kernel, $workload, seed $seed: a death has a cause', async (run) => {
    const output = join(folder, 'run.r386');
    const { exit, lines } = await runGuest({ ...run, output });
    const died = exit.kind !== 'limit' && !(exit.kind === 'exit' && exit.code === SURVIVED);
    const corrupts = lines.some((line) => /[1-9]\d* corrupt/.test(line));
    if (died || corrupts) expect(causesIn(await findingsIn(output))).not.toEqual([]);
  });

  it('has every variant', () => {
    expect(new Set(MATRIX.map(({ variant }) => variant))).toEqual(new Set(VARIANTS));
  });

  it('stands in docs/bug-classes.md as it is here', () => {
    const page = readFileSync(new URL('../../docs/bug-classes.md', import.meta.url), 'utf8');
    for (const run of MATRIX) expect(page).toContain(matrixRow(run));
  });
});

/** `FIXED_SEEDS=200` has so many of each workload, for hours. */
const SEEDS = Array.from({ length: Number(process.env.FIXED_SEEDS ?? 4) }, (_, n) => 11 + n);

/** `SCARCE_SEEDS=10` has so many with little memory: frames are given out again at once. left-open.test.ts has one. */
const SCARCE = Array.from({ length: Number(process.env.SCARCE_SEEDS ?? 0) }, (_, n) => n + 1).flatMap(
  (seed) => [2, 3, 4].map((megabytes) => ({ seed, megabytes })),
);

describe.each(['ftpd', 'forkstorm', 'pageio'])('%s on the fixed kernel', (workload) => {
  it.each(SEEDS)('seed %i has no finding', async (seed) => {
    const output = join(folder, `fixed-${workload}.r386`);
    await runGuest({ kernel: 'fixed', workload, seed, scale: 50, output });
    expect(byClass(await findingsIn(output))).toEqual({});
  });

  it.each(SCARCE)(
    'seed $seed has no finding with $megabytes MB and slow disks',
    async ({ seed, megabytes }) => {
      const output = join(folder, `scarce-${workload}.r386`);
      const config = { ramBytes: megabytes << 20, diskLatencyMin: 5000, diskLatencyMax: 500_000 };
      await runGuest({ kernel: 'fixed', workload, seed, config, instructions: 27e6, output });
      expect(byClass(await findingsIn(output))).toEqual({});
    },
  );
});
