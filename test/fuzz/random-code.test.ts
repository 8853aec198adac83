import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { record } from '../../recorder/capture/session.ts';
import { buildMachine } from '../../recorder/machine/build.ts';
import { NO_PROFILE } from '../../recorder/machine/config.ts';
import { replay } from '../../replayer/verify/replay.ts';
import { expectOneRun, runRandomCode } from './random-code/checks.ts';
import { MODES } from './random-code/image.ts';
import { type LockstepTotals, runLockstep } from './random-code/lockstep.ts';
import { randomRun } from './random-code/run.ts';

/** Random bytes as code, in every mode (test/slow/random-code.test.ts: many more instructions). */

const folder = mkdtempSync(join(tmpdir(), 'r386-'));
afterAll(() => rmSync(folder, { recursive: true }));

it('half a million instructions throw nothing', () => {
  expect(runRandomCode(0, 500_000, 60_000).instructions).toBeGreaterThanOrEqual(500_000);
});

/** Of the first thirty seeds those whose code runs long with few regions to compile, at least one of each mode. Most is in loops that go round long. */
const LOCKSTEP_SEEDS = [1, 14, 17, 20, 23, 24, 27, 28, 29];

it('two million instructions are the same compiled at their first execution, cut anywhere', () => {
  const runs = LOCKSTEP_SEEDS.flatMap((seed) => [
    runLockstep('short', seed, 1, 30_000),
    runLockstep('long', seed, 1, 230_000),
  ]);
  const sum = (of: (run: LockstepTotals) => number) => runs.reduce((total, run) => total + of(run), 0);
  expect(sum(({ instructions }) => instructions)).toBeGreaterThanOrEqual(2_000_000);
  expect(sum(({ compiled }) => compiled)).toBeGreaterThan(400_000);
  const compiledIn = MODES.map((mode) => sum((run) => run.compiledIn.get(mode) ?? 0));
  expect(Math.min(...compiledIn), compiledIn.join()).toBeGreaterThan(5000);
}, 300_000);

it.each(MODES.map((mode, seed) => ({ mode, seed: 60 + seed })))(
  'one run, however it is executed: $mode',
  ({ seed }) => {
    expectOneRun(seed, 10_000);
  },
);

it.each(MODES.map((mode, seed) => ({ mode, seed: 120 + seed })))(
  'recorded is replayed: $mode',
  async ({ seed }) => {
    const { image, config } = randomRun(seed);
    const path = join(folder, `${seed}.r386`);
    await record({
      build: buildMachine,
      toolVersion: 'test',
      guestName: 'random',
      boot: { kind: 'multiboot', name: 'random', image, commandLine: '', modules: [] },
      config,
      profile: NO_PROFILE,
      seed: BigInt(seed),
      ladderInterval: 3000,
      instructions: 20_000,
      output: path,
    });
    const result = await replay({ path, build: buildMachine });
    expect(result.divergence).toBeUndefined();
    expect(result.reachedEnd).toBe(true);
  },
);
