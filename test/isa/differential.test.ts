import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Prng } from '../../recorder/capture/prng.ts';
import { differences } from './differential/compare.ts';
import { describe as tell } from './differential/differ.ts';
import { ENCODINGS } from './differential/encodings.ts';
import { Guest } from './differential/guest.ts';
import { decodeVectors } from './differential/vectors.ts';

/**
 * Results of a Zen 4 (AMD EPYC, family 25, model 17) for small programs over every row of the opcode table: a sample of
 * the fuzzer's (test/slow/differential.test.ts), which needs a compiler and this does not.
 */
const vectors = decodeVectors(readFileSync(resolve(import.meta.dirname, 'differential/vectors.bin.gz')));

describe(`${vectors.length} programs as hardware ran them`, () => {
  it('are at least eight for each row of the opcode table', () => {
    expect(vectors.length).toBeGreaterThan(ENCODINGS.length * 8);
  });

  it.each([
    { how: 'by micro-ops', specialise: true, slice: 0 },
    { how: 'by handlers alone', specialise: false, slice: 0 },
    { how: 'by micro-ops, cut at random', specialise: true, slice: 3 },
    { how: 'compiled', specialise: true, slice: 0, compileAfter: 1 },
  ])('end alike $how', ({ specialise, slice, compileAfter = 0 }) => {
    const guest = new Guest('amd', { specialise, compileAfter });
    const prng = new Prng(1n, 0);
    const slices = slice ? () => 1 + (prng.next() % slice) : undefined;
    const failures = vectors.flatMap(([one, outcome]) => {
      const found = differences(one, outcome, guest.run(one, slices));
      return found.length > 0 ? [tell(one, outcome, found)] : [];
    });
    expect(failures).toEqual([]);
  });
});
