import { describe, expect, it } from 'vitest';
import { share, stepsOf, worthALook } from '../../analysis/inevitable/chance.ts';

const chance = (at: number, failed: number, runs = 20) => ({ at, runs, failed });

describe('the chance of failure', () => {
  it.each([
    [0, 10, 0, 0.278],
    [5, 10, 0.237, 0.763],
    [10, 10, 0.722, 1],
    [1, 20, 0.009, 0.236],
  ])('%i of %i has the interval of the tables (Wilson)', (failed, runs, low, high) => {
    const found = share(chance(0, failed, runs));
    expect(found.value).toBe(failed / runs);
    expect(found.low).toBeCloseTo(low, 3);
    expect(found.high).toBeCloseTo(high, 3);
  });

  it('steps up where intervals leave nothing to luck', () => {
    const chances = [chance(0, 1), chance(10, 3), chance(20, 19), chance(30, 20)];
    expect(stepsOf(chances)).toEqual([{ before: chances[1], after: chances[2] }]);
    expect(stepsOf([chance(0, 19), chance(10, 1)])).toEqual([]);
  });

  it('is looked at where it rises most, as finely as was asked', () => {
    const chances = [chance(0, 0), chance(100, 6), chance(200, 20), chance(300, 20)];
    expect(worthALook(chances, 10)).toEqual([150, 50]);
    expect(worthALook(chances, 100)).toEqual([]);
  });
});
