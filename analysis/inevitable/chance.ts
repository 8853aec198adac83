/** The chance of failure along a run, as runs that were drawn anew tell it, and the places where it steps up. */

/** The runs from one icount. */
export interface Chance {
  readonly at: number;
  readonly runs: number;
  readonly failed: number;
}

/** Of a normal distribution: 95% lie within so many standard deviations. */
const Z = 1.959964;

/** The share with its interval of 95% (Wilson, JASA 22, 1927), which stays between 0 and 1. */
export function share({ runs, failed }: Chance): { value: number; low: number; high: number } {
  const value = failed / runs;
  const scale = 1 + Z ** 2 / runs;
  const centre = (value + Z ** 2 / (2 * runs)) / scale;
  const spread = (Z / scale) * Math.sqrt((value * (1 - value)) / runs + Z ** 2 / (4 * runs ** 2));
  return {
    value,
    low: Math.max(0, Math.min(value, centre - spread)),
    high: Math.min(1, Math.max(value, centre + spread)),
  };
}

/** Between two neighbours the chance rises by more than their intervals leave to luck. */
export interface Step {
  readonly before: Chance;
  readonly after: Chance;
}

export function stepsOf(chances: readonly Chance[]): Step[] {
  return chances
    .slice(1)
    .map((after, n) => ({ before: chances[n], after }))
    .filter(({ before, after }) => share(before).high < share(after).low);
}

/** A stretch whose ends differ so much is looked at more closely. */
const WORTH_A_LOOK = 0.2;

/** icounts in the middle of the stretches in which the chance changes much, the greatest change first; none closer than `finest`. */
export function worthALook(chances: readonly Chance[], finest: number): number[] {
  return chances
    .slice(1)
    .map((after, n) => {
      const before = chances[n];
      return {
        rise: share(after).value - share(before).value,
        wide: after.at - before.at,
        middle: before.at + Math.floor((after.at - before.at) / 2),
      };
    })
    .filter(({ rise, wide }) => rise >= WORTH_A_LOOK && wide > finest)
    .sort((a, b) => b.rise - a.rise)
    .map(({ middle }) => middle);
}
