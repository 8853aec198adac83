/** Scales of a plot: values to places, and the values that an axis names. */

export interface Scale {
  readonly kind: 'linear' | 'log';
  readonly from: number;
  readonly to: number;
}

/** A share of the way from the scale's beginning to its end: 0 to 1 for what lies on it. */
export function placeOn({ kind, from, to }: Scale, value: number): number {
  if (kind === 'linear') return (value - from) / (to - from);
  return Math.log(value / from) / Math.log(to / from);
}

const STEPS = [1, 2, 5, 10];
const MOST_TICKS = 8;

/** Round numbers on the scale: 4 to 8 of a linear one; of a logarithmic one powers of ten, and where these are few 2 and 5 times them. */
export function ticksOf({ kind, from, to }: Scale): number[] {
  if (kind === 'linear') {
    const rough = (to - from) / MOST_TICKS;
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = (STEPS.find((one) => one * power >= rough) ?? 10) * power;
    const first = Math.ceil(from / step - 1e-9);
    const count = Math.floor(to / step + 1e-9) - first + 1;
    return Array.from({ length: count }, (_, n) => rounded((first + n) * step));
  }
  const decades = Array.from(
    { length: Math.floor(Math.log10(to)) - Math.floor(Math.log10(from)) + 1 },
    (_, n) => Math.floor(Math.log10(from)) + n,
  );
  const factors = decades.length > 4 ? [1] : [1, 2, 5];
  return decades
    .flatMap((decade) => factors.map((factor) => rounded(factor * 10 ** decade)))
    .filter((tick) => tick >= from * (1 - 1e-9) && tick <= to * (1 + 1e-9));
}

const rounded = (value: number): number => Number(value.toPrecision(12));

/** Whole powers of ten around all values that are above 0. */
export function logScale(values: readonly number[]): Scale {
  const positive = values.filter((value) => value > 0 && Number.isFinite(value));
  const [low, high] = positive.length > 0 ? [Math.min(...positive), Math.max(...positive)] : [1, 10];
  const from = 10 ** Math.floor(Math.log10(low));
  const to = 10 ** Math.ceil(Math.log10(high));
  return { kind: 'log', from, to: to > from ? to : from * 10 };
}
