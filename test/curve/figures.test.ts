import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Conditions, runsFromCsv } from '../../analysis/curve/csv.ts';
import { curveFiles } from '../../analysis/curve/files.ts';

/** The figures of docs/crash-curve.md: made from its table, and from nothing else. */

const docs = (suffix: string): string =>
  readFileSync(new URL(`../../docs/crash-curve${suffix}`, import.meta.url), 'utf8');
const conditions: Conditions = { servers: 6, think: 50, diskLatency: '5000-120000', jitter: '0', mips: 10 };

describe('the figures of the page', () => {
  const runs = runsFromCsv(docs('.csv'), 'crash-curve.csv', conditions);
  const files = curveFiles(runs, conditions, { time: 60, missing: 0 });

  it.each(files.map(({ suffix, contents }) => [suffix, contents] as const))('%s', (suffix, contents) => {
    expect(contents).toBe(docs(suffix));
  });

  it('show runs of which each that died under the buggy kernel had a hijack first', () => {
    const died = runs.filter(({ kernel, trial }) => kernel === 'buggy' && trial.died !== undefined);
    expect(died.length).toBeGreaterThan(100);
    for (const { trial } of died) expect(trial.misused).toBeLessThan(Number(trial.died));
  });
});
