import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CS, DS, EAX, ES, ESP, SS } from '../../recorder/machine/cpu/state.ts';
import { CpuBench } from '../isa/bench.ts';
import { CASE_BYTES, Draws, ENCODINGS, isTranscendental, makeCase } from '../isa/fpu/cases.ts';
import { oracle } from '../isa/fpu/oracle.ts';
import { IMAGE_AT, program } from '../isa/fpu/program.ts';
import { describeCase, differences, roughDifferences, X87Runner } from '../isa/fpu/runner.ts';
import { makeCases, packVectors } from '../isa/fpu/vectors.ts';
import { seedFrom } from '../seed.ts';

const SEED = seedFrom('X87_SEED');

const run = oracle();
if (run === null) console.warn('x87 against this processor: needs an x86-64 and gcc, skipped');

/** Each encoding so many times in a round. */
const EACH = 200;
const ROUNDS = 5;
/** Cases of each transcendental instruction. */
const TRANSCENDENTAL = 50_000;

describe(`compiled x87 code (X87_SEED=${SEED})`, () => {
  const built = program(SEED, 20_000);
  if (built === null) console.warn('compiled x87 code: needs an x86 that runs 32-bit code, and gcc; skipped');

  it.skipIf(built === null)('computes what it computes on this computer', () => {
    const { hash, image, entry } = built!;
    const bench = new CpuBench({ model: 'pentium' });
    const { cpu } = bench;
    bench.mmu.setCr0(0x31);
    cpu.setSegment(CS, 8, 0, -1, 0xc09b00);
    for (const segment of [DS, ES, SS]) cpu.setSegment(segment, 16, 0, -1, 0xc09300);
    bench.pokeBytes(IMAGE_AT, image);
    cpu.setRegister(ESP, IMAGE_AT);
    cpu.eip = entry;
    bench.step(1e9);
    expect(cpu.halted).toBe(true);
    expect(cpu.register(EAX)).toBe(hash);
  });
});

describe.skipIf(run === null)(`x87 against the processor of this computer (X87_SEED=${SEED})`, () => {
  it('every instruction but the transcendental ones gives the same bits', () => {
    const draws = new Draws(SEED);
    const encodings = ENCODINGS.filter(([opcode, modrm]) => !isTranscendental(opcode, modrm));
    const runner = new X87Runner();
    const ours = new Uint8Array(CASE_BYTES);
    const cases = new Uint8Array(encodings.length * EACH * CASE_BYTES);
    for (let round = 0; round < ROUNDS; round++) {
      for (let n = 0; n < encodings.length * EACH; n++) {
        const [opcode, modrm] = encodings[n % encodings.length];
        makeCase(draws, opcode, modrm, cases.subarray(n * CASE_BYTES, (n + 1) * CASE_BYTES));
      }
      const answers = run!(cases);
      for (let at = 0; at < cases.length; at += CASE_BYTES) {
        const test = cases.subarray(at, at + CASE_BYTES);
        runner.run(test, ours);
        const found = differences(test, ours, answers.subarray(at, at + CASE_BYTES));
        if (found.length > 0) expect.fail(`${describeCase(test)}: ${found.join(', ')}`);
      }
    }
  });

  it('the transcendental instructions come within one unit in the last place', () => {
    const draws = new Draws(SEED);
    const runner = new X87Runner();
    const ours = new Uint8Array(CASE_BYTES);
    for (const [opcode, modrm] of ENCODINGS.filter(([code, rm]) => isTranscendental(code, rm))) {
      const cases = new Uint8Array(TRANSCENDENTAL * CASE_BYTES);
      for (let at = 0; at < cases.length; at += CASE_BYTES)
        makeCase(draws, opcode, modrm, cases.subarray(at, at + CASE_BYTES));
      const answers = run!(cases);
      let identical = 0;
      for (let at = 0; at < cases.length; at += CASE_BYTES) {
        const test = cases.subarray(at, at + CASE_BYTES);
        const answer = answers.subarray(at, at + CASE_BYTES);
        runner.run(test, ours);
        if (differences(test, ours, answer).length === 0) identical++;
        else {
          const found = roughDifferences(test, ours, answer);
          if (found.length > 0) expect.fail(`${describeCase(test)}: ${found.join(', ')}`);
        }
      }
      const share = ((100 * identical) / TRANSCENDENTAL).toFixed(2);
      console.log(`${opcode.toString(16)} ${modrm.toString(16)}: ${share} % identical`);
    }
  });

  it.runIf(process.env.REWIND386_FPU_VECTORS === 'write')('writes vectors.gz', () => {
    const cases = makeCases(new Draws(386_387), 110);
    writeFileSync(resolve(import.meta.dirname, '../isa/fpu/vectors.gz'), packVectors(cases, run!(cases)));
  });
});
