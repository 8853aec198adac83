import { describe, expect, it } from 'vitest';
import { expectOneRun, runRandomCode } from '../fuzz/random-code/checks.ts';
import { MODES } from '../fuzz/random-code/image.ts';
import { runLockstep } from '../fuzz/random-code/lockstep.ts';
import { seedFrom } from '../seed.ts';

/** `RANDOM_CODE_SEED=n npm run test:slow -- random-code` runs others. */
const SEED = seedFrom('RANDOM_CODE_SEED', 1_000_000);
const INSTRUCTIONS = Number(process.env.RANDOM_CODE_INSTRUCTIONS ?? 50_000_000);
/** 50 seconds on an idle machine; `RANDOM_CODE_LOCKSTEP=100000000` takes a quarter of an hour. */
const LOCKSTEP = Number(process.env.RANDOM_CODE_LOCKSTEP ?? 6_000_000);

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

  it(`${LOCKSTEP} instructions are the same compiled at their first execution, cut anywhere`, () => {
    const { instructions, compiled, compiledIn, regions, cuts, acts } = runLockstep(SEED, LOCKSTEP, 500_000);
    const done = [...acts].map(([act, count]) => `${count} ${act}`).join(', ');
    console.log(
      `${instructions} instructions, ${compiled} compiled in ${regions} regions, ${cuts} cuts: ${done}`,
    );
    console.log([...compiledIn].map(([mode, n]) => `${n} ${mode}`).join(', '));
    expect(compiled).toBeGreaterThan(instructions / 6);
  });

  it('one run, however it is executed', () => {
    for (let seed = SEED + 1_000_000; seed < SEED + 1_000_025; seed++) expectOneRun(seed, 50_000);
  });
});
