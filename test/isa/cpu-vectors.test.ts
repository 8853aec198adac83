import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { CS, DS, EAX, EBP, EBX, ECX, EDI, EDX, ES, ESI, ESP, SS } from '../../recorder/machine/cpu/state.ts';
import { CpuBench } from './bench.ts';
import { type MooRegister, type MooTest, readMoo } from './moo.ts';
import { skipped, undefinedFlags } from './vector-differences.ts';

/** Single-instruction tests made by an 80286 (SingleStepTests/80286, sampled). */
const folder = resolve(import.meta.dirname, '../../../shared/cpu-vectors/80286-real-mode');
const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.gz')) : [];

const GENERAL: Partial<Record<MooRegister, number>> = {
  ax: EAX,
  bx: EBX,
  cx: ECX,
  dx: EDX,
  sp: ESP,
  bp: EBP,
  si: ESI,
  di: EDI,
};
const SEGMENTS: Partial<Record<MooRegister, number>> = { cs: CS, ss: SS, ds: DS, es: ES };
/** Present, writable data at DPL 0, as real mode has it. */
const REAL_SEGMENT = 0x9300;
const FLAGS = 0xfff;
/** A test ends at its HALT; some take a while (REP with a large CX). */
const MAX_INSTRUCTIONS = 350_000;

const bench = new CpuBench();
const names = (map: Partial<Record<MooRegister, number>>) => Object.entries(map) as [MooRegister, number][];
const hex = (n: number) => n.toString(16);

function prepare({ before }: MooTest): void {
  const { cpu } = bench;
  const register = (name: MooRegister) => before.registers[name] ?? 0;
  cpu.reset();
  for (const [name, index] of names(GENERAL)) cpu.setRegister(index, register(name));
  for (const [name, index] of names(SEGMENTS))
    cpu.setSegment(index, register(name), register(name) * 16, 0xffff, REAL_SEGMENT);
  cpu.eip = register('ip');
  cpu.eflags = register('flags') & FLAGS;
  for (const [address, byte] of before.memory) bench.poke8(address, byte);
}

/** What differs from the hardware, in words; empty when nothing does. */
function differences(test: MooTest): string[] {
  const { cpu } = bench;
  const { before, after, exception } = test;
  const wanted = (name: MooRegister) => after.registers[name] ?? before.registers[name] ?? 0;
  const found: string[] = [];
  const compare = (what: string, got: number, want: number) => {
    if (got !== want) found.push(`${what} is ${hex(got)}, not ${hex(want)}`);
  };
  for (const [name, index] of names(GENERAL)) compare(name, cpu.register(index) & 0xffff, wanted(name));
  for (const [name, index] of names(SEGMENTS)) compare(name, cpu.segment(index)[0], wanted(name));
  compare('ip', cpu.eip & 0xffff, wanted('ip'));
  const undefined_ = undefinedFlags(test);
  const defined = FLAGS & ~undefined_;
  // An exception pushes the flags and changes only IF and TF of them.
  compare('flags', cpu.eflags & defined, wanted('flags') & defined);
  // Pushed first, so at the highest address. (EXCP gives it rounded down when SP is odd.)
  const flagsAt = wanted('ss') * 16 + wanted('sp') + 4;
  for (const [address, byte] of new Map([...before.memory, ...after.memory])) {
    const pushed = exception ? address - flagsAt : -1;
    const mask = pushed === 0 ? ~undefined_ & 0xff : pushed === 1 ? (~undefined_ >> 8) & 0xff : 0xff;
    compare(`[${hex(address)}]`, bench.peek8(address) & mask, byte & mask);
  }
  return found;
}

function run(test: MooTest): string[] {
  prepare(test);
  const { cpu } = bench;
  // A port access may end `run`; the HALT comes after it.
  for (let n = 0; n < 3 && !cpu.halted; n++) {
    bench.ports.deadlineMoved = false;
    cpu.run(MAX_INSTRUCTIONS);
  }
  return cpu.halted ? differences(test) : [`did not halt: ${cpu.shutdown ?? 'still running'}`];
}

describe.skipIf(files.length === 0)(
  `80286 vectors${files.length ? '' : ' (no ../shared/cpu-vectors)'}`,
  () => {
    for (const file of files) {
      it(file.replace('.MOO.gz', ''), () => {
        const tests = readMoo(gunzipSync(readFileSync(resolve(folder, file)))).filter(
          (test) => !skipped(test),
        );
        expect(tests.length).toBeGreaterThan(0);
        const failures = tests.flatMap((test) => {
          const found = run(test);
          return found.length > 0
            ? [`${test.name} (${Buffer.from(test.bytes).toString('hex')}): ${found.join(', ')}`]
            : [];
        });
        expect(failures).toEqual([]);
      });
    }
  },
);
