import { Prng } from '../../recorder/capture/prng.ts';

/** Ways to choose where interrupts come, at random. Each draws from a generator of its own: one number names one run. */

export const METHODS = ['pct', 'random', 'naive'] as const;
export type Method = (typeof METHODS)[number];

/** Icounts, the end not included. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** The choices of one run. */
export interface Plan {
  /** Boundaries at which something is changed, ascending. */
  readonly points: readonly number[];
  /** Lines that come before the code that they interrupt from the start: as soon as they can. */
  readonly eager: readonly number[];
  /** A time of `low` to `high`, where every time is drawn anew. */
  readonly time: ((low: number, high: number) => number) | undefined;
  /** `pct`: at a point, whoever runs goes behind all others. Else what is outstanding comes there. */
  readonly drops: boolean;
}

/**
 * `pct`: probabilistic concurrency testing (Burckhardt and others, ASPLOS 2010), with the interrupted code and each line as threads: priorities at
 * random, and `bound` points of the span at which whoever runs gets the lowest. `random`: `bound` interrupts, each as early as a
 * random boundary. `naive`: every time anew from all that the device may take.
 */
export function planOf(
  method: Method,
  run: number,
  bound: number,
  span: Span,
  lines: readonly number[],
): Plan {
  const generator = new Prng(BigInt(run), METHODS.indexOf(method));
  const points = Array.from({ length: method === 'naive' ? 0 : bound }, () =>
    generator.within(span.from, span.to - 1),
  ).sort((a, b) => a - b);
  return {
    points,
    eager: method === 'pct' ? lines.filter(() => generator.next() % 2 === 0) : [],
    time: method === 'naive' ? (low, high) => generator.within(low, high) : undefined,
    drops: method === 'pct',
  };
}

/**
 * The least probability with which one run of PCT finds a bug of depth d: 1 in n k^(d-1), for n threads and k steps. A bug of `bound`
 * changes of order has depth bound + 1.
 */
export const pctBound = (lines: number, steps: number, bound: number) => ({
  n: lines + 1,
  k: steps,
  d: bound + 1,
  oneIn: (lines + 1) * steps ** bound,
});
