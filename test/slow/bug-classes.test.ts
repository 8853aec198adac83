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

describe('the matrix of variants and classes', () => {
  it.each(MATRIX)('$variant on $kernel, $workload, seed $seed', async (run) => {
    const output = join(folder, 'run.r386');
    const { exit } = await runGuest({ ...run, output, instructions: run.instructions });
    const findings = await findingsIn(output);
    expect(byClass(findings)).toEqual(run.finds);
    expect(exit.kind === 'exit' ? exit.code : 'stopped').toBe(run.ends);
    // A guest that died has an error before its death that is no mere account of it.
    const causes = findings.filter((one) => one.check.severity === 'error' && !tellsOfDeath(one));
    if (typeof run.ends === 'number') expect(causes).not.toEqual([]);
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

describe.each(['ftpd', 'forkstorm', 'pageio'])('%s on the fixed kernel', (workload) => {
  it.each(SEEDS)('seed %i has no finding', async (seed) => {
    const output = join(folder, `fixed-${workload}.r386`);
    await runGuest({ kernel: 'fixed', workload, seed, scale: 50, output });
    expect(byClass(await findingsIn(output))).toEqual({});
  });
});
