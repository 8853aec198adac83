import { describe, expect, it } from 'vitest';
import { type Conditions, runsFromCsv, runsToCsv } from '../../analysis/curve/csv.ts';
import type { Run } from '../../analysis/curve/point.ts';
import { BadInput } from '../../schemas/bad-input.ts';

const conditions: Conditions = { servers: 6, think: 50, diskLatency: '5k-120k', jitter: '0', mips: 10 };
const RUNS: Run[] = [
  {
    ...{ kernel: 'buggy', sessions: 2.5, seed: 2n ** 64n - 1n },
    trial: {
      ...{ misused: 1234567, corrupted: 2345678, died: 3456789, death: 'panic: "x", at y' },
      ...{ until: 3456789, transfers: 42, interrupted: false },
    },
  },
  {
    ...{ kernel: 'fixed:reads-only', sessions: 0.01, seed: 1n },
    trial: { until: 600_000_000, transfers: 0, interrupted: false },
  },
];

describe('the table of a curve', () => {
  const text = runsToCsv(RUNS, conditions);

  it('is read as it was written', () => {
    expect(text.split('\n')[1]).toBe(
      'buggy,2.5,18446744073709551615,6,50,5k-120k,0,10,0.3456789,42,0.1234567,0.2345678,0.3456789,"panic: ""x"", at y"',
    );
    expect(runsFromCsv(text, 'a.csv', conditions)).toEqual(RUNS);
  });

  it('keeps a guest from writing lines of its own', () => {
    const [{ trial }] = RUNS;
    const hostile = runsToCsv([{ ...RUNS[0], trial: { ...trial, death: 'a\n\u001b[2Jb' } }], conditions);
    expect(hostile.split('\n')[1]).toMatch(/,"a {2}\[2Jb"$/);
  });

  it.each([
    ['another header', 'kernel,seed\n'],
    ['no number', text.replace(',2.5,', ',many,')],
    ['a cell too few', text.replace(',42,', ',')],
    ['other conditions', text.replaceAll(',6,50,', ',4,50,')],
  ])('refuses %s', (_, wrong) => {
    expect(() => runsFromCsv(wrong, 'a.csv', conditions)).toThrow(BadInput);
  });
});
