import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, it } from 'vitest';
import { CASE_BYTES, CODE_AT, isTranscendental } from './fpu/cases.ts';
import { describeCase, differences, roughDifferences, X87Runner } from './fpu/runner.ts';
import { unpackVectors } from './fpu/vectors.ts';

const path = resolve(import.meta.dirname, 'fpu/vectors.gz');

it('every instruction does what a processor did (fpu/README.md)', () => {
  const runner = new X87Runner();
  const ours = new Uint8Array(CASE_BYTES);
  const failures: string[] = [];
  let compared = 0;
  let transcendental = 0;
  let identical = 0;
  for (const { test, answer } of unpackVectors(readFileSync(path))) {
    const rough = isTranscendental(test[CODE_AT], test[CODE_AT + 1]);
    runner.run(test, ours);
    let found = differences(test, ours, answer);
    if (rough) {
      transcendental++;
      if (found.length === 0) identical++;
      else found = roughDifferences(test, ours, answer);
    }
    if (found.length > 0) failures.push(`${describeCase(test)}: ${found.join(', ')}`);
    compared++;
  }
  expect(failures.slice(0, 10)).toEqual([]);
  expect(compared).toBeGreaterThan(20_000);
  // The processor's own errors: it is not always correctly rounded.
  expect(identical / transcendental).toBeGreaterThan(0.95);
});
