import { describe, expect, it } from 'vitest';
import { METHODS, type Method, pctBound, planOf } from '../../analysis/explore/strategies.ts';

const SPAN = { from: 1000, to: 2000 };
const plans = (method: Method, bound = 3) =>
  Array.from({ length: 200 }, (_, run) => planOf(method, run, bound, SPAN, [0, 14]));

describe('a plan', () => {
  it.each(METHODS)('of %s is that of its number, and another for another', (method) => {
    const words = (list: ReturnType<typeof plans>) =>
      list.map(({ time, ...plan }) => JSON.stringify([plan, time?.(5000, 120_000)]));
    expect(words(plans(method))).toEqual(words(plans(method)));
    expect(new Set(words(plans(method))).size).toBeGreaterThan(150);
  });

  it('has its points in the span, in order, from all of it', () => {
    for (const method of ['pct', 'random'] as const) {
      const all = plans(method).flatMap(({ points }) => {
        expect(points).toHaveLength(3);
        expect([...points].sort((a, b) => a - b)).toEqual(points);
        return points;
      });
      expect(Math.min(...all)).toBeGreaterThanOrEqual(SPAN.from);
      expect(Math.max(...all)).toBeLessThan(SPAN.to);
      expect(Math.max(...all) - Math.min(...all)).toBeGreaterThan(950);
    }
  });

  it('of PCT has every order of priorities', () => {
    expect(new Set(plans('pct').map(({ eager }) => eager.join())).size).toBe(4);
  });
});

it('the bound of PCT is 1 in n k^(d-1)', () => {
  expect(pctBound(1, 1000, 1)).toEqual({ n: 2, k: 1000, d: 2, oneIn: 2000 });
  expect(pctBound(2, 1000, 2)).toEqual({ n: 3, k: 1000, d: 3, oneIn: 3e6 });
});
