import { describe, expect, it } from 'vitest';
import { expectOneRun, runRandomCode } from '../fuzz/random-code/checks.ts';
import { MODES } from '../fuzz/random-code/image.ts';
import { runLockstep } from '../fuzz/random-code/lockstep.ts';
import { seedFrom } from '../seed.ts';

/** `RANDOM_CODE_SEED=n npm run test:slow -- random-code` runs others. */
const SEED = seedFrom('RANDOM_CODE_SEED', 1_000_000);
const INSTRUCTIONS = Number(process.env.RANDOM_CODE_INSTRUCTIONS ?? 50_000_000);
/** 100 million in all, nearly all of them in loops that go round long; `RANDOM_CODE_LOCKSTEP=n` executes n times as many. */
const TIMES = Number(process.env.RANDOM_CODE_LOCKSTEP ?? 1);
const LOCKSTEP = [
  { loops: 'short', instructions: 3_000_000 * TIMES, each: 500_000 },
  { loops: 'long', instructions: 97_000_000 * TIMES, each: 16_000_000 },
] as const;

describe(`random bytes as code, seeds from ${SEED}`, () => {
  it(`${INSTRUCTIONS} instructions throw nothing`, () => {
    const { instructions, seeds, ends, kinds } = runRandomCode(SEED, INSTRUCTIONS, 1_000_000);
    const how = [...ends].map(([kind, count]) => `${count} ${kind}`).join(', ');
    console.log(`${seeds} seeds from ${SEED}, ${instructions} instructions executed: ${how}`);
    console.log([...kinds].map(([kind, count]) => `${kind}: ${count}`).join(', '));
    expect(instructions).toBeGreaterThanOrEqual(INSTRUCTIONS);
    // Every way to end is met, but that the guest asks for it.
    expect([...ends.keys()].sort()).toEqual(expect.arrayContaining(['limit', 'shutdown', 'stuck']));
    const all = [...MODES, 'paging', 'alignment checks', 'tasks'];
    expect([...kinds.keys()].sort()).toEqual(expect.arrayContaining(all));
  });

  it.each(LOCKSTEP)(
    '$instructions instructions of $loops loops are the same compiled at their first execution, cut anywhere',
    ({ loops, instructions: total, each }) => {
      const { instructions, compiled, compiledIn, regions, cuts, acts } = runLockstep(
        loops,
        SEED,
        total,
        each,
      );
      const done = [...acts].map(([act, count]) => `${count} ${act}`).join(', ');
      console.log(
        `${instructions} instructions, ${compiled} compiled in ${regions} regions, ${cuts} cuts: ${done}`,
      );
      console.log([...compiledIn].map(([mode, n]) => `${n} ${mode}`).join(', '));
      expect(instructions).toBeGreaterThanOrEqual(total);
      expect(compiled).toBeGreaterThan(instructions / 6);
    },
  );

  it('one run, however it is executed', () => {
    for (let seed = SEED + 1_000_000; seed < SEED + 1_000_025; seed++) expectOneRun(seed, 50_000);
  });
});
