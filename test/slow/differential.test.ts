import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Differ } from '../isa/differential/differ.ts';
import { ENCODINGS } from '../isa/differential/encodings.ts';
import { FOUND_CASES } from '../isa/differential/found.ts';
import { Generator } from '../isa/differential/generator.ts';
import { Host } from '../isa/differential/host.ts';
import { encodeVectors, type Vector } from '../isa/differential/vectors.ts';
import { seedFrom } from '../seed.ts';

/**
 * Random programs on the host's own processor and on the machine: the same ones each time, or those of another seed
 * (docs/testing.md).
 */
const SEED = seedFrom('DIFFERENTIAL_SEED');
const INSTRUCTIONS = Number(process.env.DIFFERENTIAL_INSTRUCTIONS ?? 10_000_000);
/** `DIFFERENTIAL_VECTORS=1` writes the sample that `npm test` runs anew. */
const WRITE = process.env.DIFFERENTIAL_VECTORS !== undefined;
const VECTORS = resolve(import.meta.dirname, '../isa/differential/vectors.bin.gz');
const BATCH = 2000;
/** Exceptions that user code meets: all of them are met (10 and 11 take descriptors of its own). */
const EXCEPTIONS = [0, 1, 3, 4, 5, 6, 13, 14, 16, 17];
/** Over the end of a flat stack segment: "may or may not" fault (SDM volume 3, 5.3). AMD's do; an Intel Xeon does not. */
const STACK_FAULT = 12;

const host = Host.build();
const usable = typeof host !== 'string';
afterAll(() => {
  if (usable) host.close();
});

describe.skipIf(!usable)(`the host's processor${usable ? '' : ` (${host})`}, seed ${SEED}`, () => {
  it(`agrees on ${INSTRUCTIONS} instructions`, () => {
    const differ = new Differ(host as Host);
    const generator = new Generator(SEED);
    let made = 0;
    while (differ.instructions < INSTRUCTIONS && differ.findings.length < 20) {
      const cases = Array.from({ length: BATCH }, () => {
        const number = made++;
        // Every third is a single instruction, all rows in turn.
        return number % 3 === 0
          ? generator.next(ENCODINGS[(number / 3) % ENCODINGS.length])
          : generator.next();
      });
      differ.run(cases);
    }
    const skipped = [...differ.skipped].map(([why, count]) => `${count} ${why}`);
    console.log(
      `seed ${SEED}: ${differ.instructions} instructions in ${differ.compared} programs agree; not compared: ${skipped.join('; ')}`,
    );
    const endings = [...differ.endings].sort(([a], [b]) => a - b).map(([vector, n]) => `${n} by ${vector}`);
    console.log(`they ended by exception: ${endings.join(', ')}`);
    expect(differ.findings).toEqual([]);
    expect(differ.instructions).toBeGreaterThanOrEqual(INSTRUCTIONS);
    const met = (host as Host).vendor === 'amd' ? [...EXCEPTIONS, STACK_FAULT] : EXCEPTIONS;
    expect([...differ.endings.keys()]).toEqual(expect.arrayContaining(met));
    expect(differ.compared).toBeGreaterThan(made * 0.9);
  });

  it.runIf(WRITE)('writes the vectors', () => {
    const differ = new Differ(host as Host);
    const generator = new Generator(SEED + 1);
    const vectors: Vector[] = [];
    const keep = (one: Vector[0], outcome: Vector[1]) => {
      if (outcome.changes.length < 50) vectors.push([one, outcome]);
    };
    differ.run(FOUND_CASES, keep);
    expect(vectors.length).toBe(FOUND_CASES.length);
    for (let round = 0; round < 9; round++)
      differ.run(
        ENCODINGS.map((encoding) => generator.next(encoding)),
        keep,
      );
    differ.run(
      Array.from({ length: 1000 }, () => generator.next()),
      keep,
    );
    expect(differ.findings).toEqual([]);
    writeFileSync(VECTORS, encodeVectors(vectors));
  });
});
