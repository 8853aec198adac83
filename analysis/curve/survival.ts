/** Statistics of times to an event, where some runs end before theirs comes. */

/** A run that was watched for `time`, at the end of which the event came, or did not. */
export interface Lifetime {
  readonly time: number;
  readonly event: boolean;
}

/** A step of a Kaplan-Meier curve: the share that is alive from `time` on, with a confidence interval. */
export interface Step {
  readonly time: number;
  readonly alive: number;
  readonly low: number;
  readonly high: number;
}

/** Of a normal distribution: 95% lie within so many standard deviations. */
const Z = 1.959964;
/** The chance of being beyond one end of an interval. */
const TAIL = 0.025;

/**
 * The product-limit estimate (Kaplan and Meier, JASA 53, 1958) with pointwise intervals of 95% by Greenwood's variance on the scale of
 * log(-log S), which keeps them between 0 and 1 (Kalbfleisch and Prentice, 1980). A step for each time of an event, the first at 0.
 */
export function kaplanMeier(lifetimes: readonly Lifetime[]): Step[] {
  const times = [...new Set(lifetimes.filter(({ event }) => event).map(({ time }) => time))];
  const steps: Step[] = [{ time: 0, alive: 1, low: 1, high: 1 }];
  let alive = 1;
  let variance = 0;
  for (const time of times.sort((a, b) => a - b)) {
    const atRisk = lifetimes.filter((one) => one.time >= time).length;
    const events = lifetimes.filter((one) => one.event && one.time === time).length;
    alive *= 1 - events / atRisk;
    variance += events / (atRisk * (atRisk - events));
    steps.push({ time, alive, ...interval(alive, variance) });
  }
  return steps;
}

/** At the last death of all nothing can be said but that it lies between 0 and 1. */
function interval(alive: number, variance: number): { low: number; high: number } {
  if (alive <= 0) return { low: 0, high: 1 };
  const spread = (Z * Math.sqrt(variance)) / Math.log(alive);
  return { low: alive ** Math.exp(-spread), high: alive ** Math.exp(spread) };
}

/** The time by which half are dead, with its interval (Brookmeyer and Crowley, 1982); undefined where the curve does not come so low. */
export function median(steps: readonly Step[]): {
  readonly time: number | undefined;
  readonly low: number | undefined;
  readonly high: number | undefined;
} {
  const first = (value: (step: Step) => number) => steps.find((step) => value(step) <= 0.5)?.time;
  return { time: first(({ alive }) => alive), low: first(({ low }) => low), high: first(({ high }) => high) };
}

/** Events in a unit of time, as of a constant hazard, with the exact interval of 95% of a Poisson count (Garwood, 1936). */
export interface Frequency {
  readonly events: number;
  readonly time: number;
  readonly rate: number;
  readonly low: number;
  readonly high: number;
}

export function frequency(lifetimes: readonly Lifetime[]): Frequency {
  const events = lifetimes.filter(({ event }) => event).length;
  const time = lifetimes.reduce((sum, one) => sum + one.time, 0);
  return {
    ...{ events, time, rate: events / time },
    low: events === 0 ? 0 : meanWhere((mean) => 1 - poissonUpTo(events - 1, mean) >= TAIL) / time,
    high: meanWhere((mean) => poissonUpTo(events, mean) <= TAIL) / time,
  };
}

/** The chance of `count` events or fewer. */
function poissonUpTo(count: number, mean: number): number {
  let term = -mean;
  let sum = Math.exp(term);
  for (let n = 1; n <= count; n++) {
    term += Math.log(mean / n);
    sum += Math.exp(term);
  }
  return Math.min(1, sum);
}

/** The least mean from which on `holds` does: it does of all that are great enough. */
function meanWhere(holds: (mean: number) => boolean): number {
  let [low, high] = [0, 1];
  while (!holds(high)) high *= 2;
  for (let n = 0; n < 60; n++) {
    const middle = (low + high) / 2;
    if (holds(middle)) high = middle;
    else low = middle;
  }
  return high;
}

/** Of events among the runs of one load `x`. */
export interface Exposure {
  readonly x: number;
  readonly events: number;
  readonly time: number;
}

/** rate = scale * x^power, with the standard error of the power. */
export interface PowerLaw {
  readonly scale: number;
  readonly power: number;
  readonly error: number;
}

const NEWTON_STEPS = 50;

/** Poisson regression of counts on log x, with the times as exposure; undefined for fewer than two loads with events. */
export function powerLaw(exposures: readonly Exposure[]): PowerLaw | undefined {
  const known = exposures.filter(({ x, time }) => x > 0 && time > 0);
  if (new Set(known.filter(({ events }) => events > 0).map(({ x }) => x)).size < 2) return undefined;
  const total = known.reduce((sum, { events }) => sum + events, 0);
  const time = known.reduce((sum, one) => sum + one.time, 0);
  // From the middle of the logarithms the two coefficients are nearly independent.
  const middle = known.reduce((sum, { x }) => sum + Math.log(x), 0) / known.length;
  let level = Math.log(total / time);
  let power = 0;
  let information = 0;
  for (let n = 0; n < NEWTON_STEPS; n++) {
    const sums = [0, 0, 0, 0, 0];
    for (const one of known) {
      const z = Math.log(one.x) - middle;
      const expected = one.time * Math.exp(level + power * z);
      const residual = one.events - expected;
      [residual, residual * z, expected, expected * z, expected * z * z].forEach((value, i) => {
        sums[i] += value;
      });
    }
    const [gradientLevel, gradientPower, a, b, c] = sums;
    const determinant = a * c - b * b;
    level += (c * gradientLevel - b * gradientPower) / determinant;
    power += (a * gradientPower - b * gradientLevel) / determinant;
    information = determinant / a;
  }
  return { scale: Math.exp(level - power * middle), power, error: 1 / Math.sqrt(information) };
}
