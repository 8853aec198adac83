import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { builtinDisk } from '../../analysis/cli/options/builtin-guest.ts';
import { buildMachine } from '../../recorder/machine/build.ts';
import { type TierName, useTier } from '../../recorder/machine/cpu/tier-choice.ts';
import { replay } from '../../replayer/verify/replay.ts';
import { runGuest } from '../guest/built-in.ts';

/** No trace tells which tier made it: the same bytes, and each replays on the other. */

const folder = mkdtempSync(join(tmpdir(), 'r386-'));
afterAll(() => {
  useTier('interpreter');
  rmSync(folder, { recursive: true });
});

const TIERS: readonly TierName[] = ['interpreter', 'wasm'];
const THRESHOLD = 5;

it.each([
  ['ftpd', 'paging'],
  ['forkstorm', 'stores'],
] as const)('%s, recorded with detail %s on either tier', async (workload, detail) => {
  const paths = TIERS.map((tier) => join(folder, `${workload}-${tier}.r386`));
  for (const [n, tier] of TIERS.entries()) {
    useTier(tier, THRESHOLD);
    const output = paths[n];
    await runGuest({
      kernel: 'buggy',
      workload,
      seed: 7,
      instructions: 1_500_000,
      ladderInterval: 100_000,
      config: { detail, storesFrom: 1_300_000 },
      output,
    });
  }
  expect(readFileSync(paths[1]).equals(readFileSync(paths[0]))).toBe(true);
  for (const [n, tier] of TIERS.entries()) {
    useTier(tier, THRESHOLD);
    const result = await replay({ path: paths[1 - n], build: buildMachine, builtinDisk });
    expect(result.divergence).toBeUndefined();
    expect(result.reachedEnd).toBe(true);
  }
});
