import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { VARIANTS } from '../../analysis/cli/options/builtin-guest.ts';
import { checkTraces } from '../../analysis/cli/work/check-report.ts';
import { runGuest } from '../guest/built-in.ts';
import { MATRIX, matrixRow } from '../guest/variant-matrix.ts';

/** Kernels that make each mistake of history: found by the check of its class, and by no other but those that are true as well. */

const folder = mkdtempSync(join(tmpdir(), 'r386-classes-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Findings by class, as `check` tells them. */
async function classesOf(trace: string): Promise<Record<string, number>> {
  const { findings } = await checkTraces([trace], { executes: { disks: [] } });
  const found: Record<string, number> = {};
  for (const { check } of findings) found[check.class] = (found[check.class] ?? 0) + 1;
  return found;
}

describe('the matrix of variants and classes', () => {
  it.each(MATRIX)('$variant on $kernel, $workload, seed $seed', async (run) => {
    const output = join(folder, 'run.r386');
    const { exit } = await runGuest({ ...run, output, instructions: run.instructions });
    expect(await classesOf(output)).toEqual(run.finds);
    expect(exit.kind === 'exit' ? exit.code : 'stopped').toBe(run.ends);
  });

  it('has every variant', () => {
    expect(new Set(MATRIX.map(({ variant }) => variant))).toEqual(new Set(VARIANTS));
  });

  it('stands in docs/bug-classes.md as it is here', () => {
    const page = readFileSync(new URL('../../docs/bug-classes.md', import.meta.url), 'utf8');
    for (const run of MATRIX) expect(page).toContain(matrixRow(run));
  });
});

/** 200 seeds of each workload would take hours; these take two minutes. */
const SEEDS = [11, 12, 13, 14];

describe.each(['ftpd', 'forkstorm', 'pageio'])('%s on the fixed kernel', (workload) => {
  it.each(SEEDS)('seed %i has no finding', async (seed) => {
    const output = join(folder, `fixed-${workload}.r386`);
    await runGuest({ kernel: 'fixed', workload, seed, scale: 50, output });
    expect(await classesOf(output)).toEqual({});
  });
});
