import { expect } from 'vitest';
import {
  EventSum,
  instructionsExecuted,
  machineOf,
  type RandomRun,
  randomRun,
  runSliced,
  stateOf,
} from './run.ts';

export interface RandomCodeResult {
  /** Instructions executed, at least as many as asked for. */
  readonly instructions: number;
  readonly seeds: number;
  /** Number of runs that ended in each way. */
  readonly ends: ReadonlyMap<string, number>;
  /** Instructions by what the code began as (`kindsOf`). */
  readonly kinds: ReadonlyMap<string, number>;
}

/** Mode, and what else a run has that others have not. */
const kindsOf = ({ mode, paging, aligned, byTask, config }: RandomRun): string[] => [
  mode,
  ...(paging ? ['paging'] : []),
  ...(aligned && config.cpuModel !== '386' && /ring 3|v86/.test(mode) ? ['alignment checks'] : []),
  ...(byTask && mode !== 'real' ? ['tasks'] : []),
];

/** Executes `total` instructions of random bytes, at most `each` a seed. Anything thrown is a bug of the machine. */
export function runRandomCode(firstSeed: number, total: number, each: number): RandomCodeResult {
  const ends = new Map<string, number>();
  const kinds = new Map<string, number>();
  const before = instructionsExecuted();
  let seed = firstSeed;
  for (; instructionsExecuted() - before < total; seed++) {
    const run = randomRun(seed);
    const machine = machineOf(run);
    const start = instructionsExecuted();
    try {
      const { kind } = machine.run(each);
      ends.set(kind, (ends.get(kind) ?? 0) + 1);
      for (const what of kindsOf(run))
        kinds.set(what, (kinds.get(what) ?? 0) + instructionsExecuted() - start);
    } catch (error) {
      throw new Error(`seed ${seed}, icount ${machine.icount}: ${(error as Error).message}`, {
        cause: error,
      });
    }
  }
  return { instructions: instructionsExecuted() - before, seeds: seed - firstSeed, ends, kinds };
}

/** Micro-ops, compiled or not, or handlers, whole or in pieces, restored half way: the same state, and the same events. */
export function expectOneRun(seed: number, instructions: number): void {
  const run = randomRun(seed);
  const finish = (how: string, specialise: boolean, slice: number, compileAfter = 0) => {
    const sink = new EventSum();
    const machine = machineOf(run, { specialise, sink, compileAfter });
    const stop = slice ? runSliced(machine, instructions, slice, seed) : machine.run(instructions);
    machine.log?.endRepeats();
    machine.log?.flush();
    return { how, state: stateOf(machine, stop), events: sink.count, sum: sink.sum };
  };
  const whole = finish('by micro-ops', true, 0);
  const end = JSON.parse(whole.state)[0] as number;
  for (const other of [
    finish('by handlers', false, 0),
    finish('by micro-ops, in pieces', true, 50),
    finish('by handlers, in pieces', false, 500),
    finish('compiled', true, 0, 1),
    finish('compiled, in pieces', true, 500, 2),
  ]) {
    expect({ ...other, seed, how: '' }).toEqual({ ...whole, seed, how: '' });
  }

  const machine = machineOf(run);
  machine.run(Math.floor(end / 2));
  const snapshot = machine.snapshot();
  const first = stateOf(machine, machine.run(instructions));
  machine.restore(snapshot);
  expect(stateOf(machine, machine.run(instructions)), `seed ${seed}, restored`).toBe(first);
  expect(first, `seed ${seed}, not recorded`).toBe(whole.state);
}
