import { describe, expect, it } from 'vitest';
import { CS, DS, EAX, EBP, EBX, ECX, ES, ESI, ESP, FS, GS, SS } from '../../recorder/machine/cpu/state.ts';
import type { CpuBench } from './bench.ts';
import { CODE_0, DATA_0, FLAT, FREE, ProtectedMode, WIDE } from './protected-mode.ts';
import { CODE, RealMode, STACK } from './real-mode.ts';

/** Code that runs as micro-ops where segments matter must end as its handlers have it end: the same program both ways, and compiled. */

type Options = { specialise: boolean; compileAfter?: number };
type Prepare = (bench: CpuBench) => void;

const RAM_BYTES = 128 << 10;
const GENERAL_PROTECTION = 13;
const STACK_FAULT = 12;

function registers({ cpu }: CpuBench): void {
  for (const [register, value] of [
    [EAX, 0x12348081],
    [EBX, 0x2000],
    [ECX, 0xffff0003],
    [ESI, 0xabcd0010],
    [EBP, 0x6000],
  ]) {
    cpu.setRegister(register, value);
  }
}

/** Fingerprints after each of `steps` instructions, and at the end of as many at once. */
function trace(make: (options: Options) => CpuBench, steps: number): string[] {
  const [byOps, byHandlers, atOnce] = [true, false, true].map((specialise) => make({ specialise }));
  const seen: string[] = [];
  for (let n = 0; n < steps; n++) {
    byOps.step();
    byHandlers.step();
    seen.push(byHandlers.fingerprint());
    expect(byOps.fingerprint(), `after ${n + 1} instructions`).toBe(seen[n]);
  }
  atOnce.step(steps);
  expect(atOnce.fingerprint(), 'in one go').toBe(seen[steps - 1]);
  const compiled = make({ specialise: true, compileAfter: 1 });
  compiled.step(steps);
  expect(compiled.fingerprint(), 'compiled').toBe(seen[steps - 1]);
  return seen;
}

const real =
  (code: string, prepare: Prepare = () => {}) =>
  (options: Options): RealMode => {
    const bench = new RealMode({ fpu: false, ramBytes: RAM_BYTES, ...options }).start(code);
    registers(bench);
    prepare(bench);
    return bench;
  };

const wide =
  (code: string, prepare: (bench: ProtectedMode) => void = () => {}) =>
  (options: Options): ProtectedMode => {
    const bench = new ProtectedMode({ ramBytes: RAM_BYTES, ...options }).code(code);
    registers(bench);
    prepare(bench);
    return bench;
  };

describe('16-bit code', () => {
  it.each([
    [
      'arithmetic of words',
      '01 d8 11 c3 29 c8 19 d9 21 c6 09 f0 31 d8 39 c3 85 c0 83 c0 ff 40 4b f7 d8 f7 d1',
      14,
    ],
    ['arithmetic of bytes', '00 d8 10 c3 28 c8 18 d9 fe c0 fe c9 04 7f 3c 80 34 55', 9],
    ['shifts', 'c1 e0 04 d1 e8 c1 eb 0f c1 e3 01 d1 e0 c1 f8 03 d3 e0', 7],
    [
      'memory',
      '89 07 8b 17 01 47 02 83 47 02 01 ff 07 fe 47 01 c7 47 04 34 12 3b 47 02 8d 47 05 a1 00 20 a3 10 20',
      11,
    ],
    ['memory by CS, ES and SS', '2e 89 07 26 8b 17 36 01 47 02 2e a1 00 10', 4],
    [
      '32-bit operands and addresses',
      '66 89 07 67 66 8b 03 67 66 8b 44 33 02 66 40 66 05 01 00 01 00 66 50 66 5b',
      7,
    ],
    ['the stack', '50 53 55 1e 68 34 12 6a ff ff 37 5a 59 5b 66 50 66 58 c9', 13],
    ['calls', 'e8 04 00 90 90 eb 08 50 58 c3 90 90 90 90 66 e8 02 00 00 00 eb f4 66 c2 04 00', 12],
    ['calls by registers and memory', 'b8 0a 10 ff d0 c7 07 0a 10 ff 17 c2 02 00', 8],
    ['loops', '40 e2 fd b9 02 00 40 e0 fd b9 02 00 40 e1 fd b9 00 00 e3 f4 eb fe', 20],
    ['conditions', '3d 81 80 74 02 40 40 72 02 7c 00 0f 87 fa ff eb ef', 30],
    [
      'loads of segment registers',
      '8e d8 a1 00 00 8e c3 26 88 07 8c d8 8c 07 06 07 1e 1f c5 37 c4 3c 50',
      13,
    ],
  ] as const)('%s', (_, code, steps) => {
    trace(real(code), steps);
  });

  it.each([
    ['a word over the end of the segment', '8b 07', GENERAL_PROTECTION],
    ['a store of a word there', '89 07', GENERAL_PROTECTION],
    ['a word over the end of the stack segment', '36 8b 07', STACK_FAULT],
    // The frame of exception 12 does not fit either: the processor shuts down.
    ['a push over the end of the stack segment', '50', -1],
    ['a call with such a stack', 'e8 10 00', -1],
    ['a 32-bit address beyond the segment', '67 8b 06', GENERAL_PROTECTION],
    ['a 32-bit jump beyond the code segment', '66 e9 00 00 01 00', GENERAL_PROTECTION],
    ['a 32-bit call there', '66 e8 00 00 01 00', GENERAL_PROTECTION],
    ['a 32-bit call there by a register', '66 ff d6', GENERAL_PROTECTION],
    ['a condition that is met', '66 0f 84 00 00 01 00', GENERAL_PROTECTION],
    ['a loop', '66 67 e2 f0', -1],
  ])('%s', (_, code, vector) => {
    const make = real(code, ({ cpu }) => {
      cpu.setRegister(EBX, 0xffff);
      cpu.setRegister(ESP, code === '50' || code.startsWith('e8') ? 1 : STACK);
      cpu.eflags = 0x42;
    });
    trace(make, 1);
    const bench = make({ specialise: true });
    bench.step();
    expect(bench.vector).toBe(vector);
  });

  it('IP wraps at 64 KB, also by a jump that was linked for another CS', () => {
    // JMP and JNZ lead to each other at 0:1000; then the same bytes stand at an IP from which the jump wraps.
    const make = real('eb 0e', (bench) => bench.pokeBytes(CODE + 0x10, [0x49, 0x75, 0xed]));
    trace(make, 8);
    const alias = (options: Options) => {
      const bench = make(options);
      bench.step(6);
      bench.cpu.setSegment(CS, 0, CODE - 0xfff8, 0xffff, 0x9300);
      bench.cpu.eip = 0xfff8;
      return bench;
    };
    trace(alias, 4);
    const bench = alias({ specialise: true });
    bench.step();
    expect(bench.cpu.eip).toBe(8);
  });

  it('goes on where the limits are those of protected mode', () => {
    const unreal: Prepare = ({ cpu }) => {
      for (const segment of [DS, ES]) cpu.setSegment(segment, 0, 0, -1, 0x9300);
      cpu.setRegister(ESI, 0x20010);
      cpu.setRegister(EBX, 0xffff);
    };
    trace(real('67 66 89 06 67 8b 0e 8b 07 67 66 8b 84 33 00 00 01 00', unreal), 4);
  });
});

describe('32-bit code', () => {
  const based = (bench: ProtectedMode): void => {
    bench.describe(FREE, 0x1000, 0xfffff, CODE_0, FLAT);
    bench.describe(FREE + 8, 0x3000, 0xfffff, DATA_0, FLAT);
    bench.describe(FREE + 16, 0x3000, 0x0fff, DATA_0, WIDE);
  };

  it.each([
    ['memory', '89 03 8b 13 01 43 02 66 01 43 02 ff 03 c7 43 04 34 12 00 00 8b 44 b3 fc 80 33 55', 8],
    ['the stack', '50 53 66 50 6a ff ff 33 5a 66 5a 5b c9', 9],
    ['calls', 'e8 04 00 00 00 eb 08 90 90 c3 90 90 90 90 90 66 e8 f6 ef', 5],
    ['loops', '40 e2 fd 40 e3 00 eb fe', 12],
  ])('in segments with a base: %s', (_, code, steps) => {
    const make = wide(code, (bench) => {
      based(bench);
      const { cpu } = bench;
      const attributes = 0xc09200;
      cpu.setSegment(CS, FREE, 0x800, -1, 0xc09a00);
      cpu.eip = CODE - 0x800;
      for (const segment of [DS, SS]) cpu.setSegment(segment, FREE + 8, 0x3000, -1, attributes);
      cpu.setRegister(ECX, 3);
    });
    trace(make, steps);
  });

  /** mov fs, ax; and gs. */
  const LOAD = '8e e0 8e e8';
  it.each([
    ['as per-processor data', '64 a1 10 20 00 00 64 03 05 20 20 00 00 64 ff 05 30 20 00 00 64 8b 04 b3', 6],
    [
      'as thread data, below its base',
      '65 8b 05 fc ff ff ff 65 89 1d f8 ff ff ff 65 80 3d f0 ff ff ff 00',
      5,
    ],
    ['over the end', '65 8b 05 fe ff ff ff', 3],
    ['by CS, and a store', '2e 8b 03 2e 89 03', 4],
    ['cmpxchg, which has no micro-op', '64 0f b1 0b 64 8d 03', 4],
    ['by 16-bit addresses', '64 67 8b 47 10 64 67 89 47 12', 4],
  ])('by FS and GS: %s', (_, code, steps) => {
    const make = wide(`${LOAD} ${code}`, (bench) => {
      based(bench);
      bench.cpu.setRegister(EAX, FREE + 8);
    });
    trace(make, steps);
  });

  it('the limit and the rights of FS are those that it has now', () => {
    const make = (segment: readonly [number, number, number, number]) =>
      wide('64 8b 03 64 89 03', ({ cpu }) => {
        cpu.setSegment(FS, ...segment);
        cpu.setSegment(GS, ...segment);
      });
    for (const [segment, steps, vector] of [
      [[FREE, 0x3000, 0x1fff, 0x409200], 1, GENERAL_PROTECTION],
      [[FREE, 0x3000, 0x2003, 0x409200], 2, -1],
      [[FREE, 0x3000, 0x2003, 0x409000], 2, GENERAL_PROTECTION],
      [[FREE, 0x3000, 0x1fff, 0x409600], 2, -1],
      [[FREE, 0x3000, 0x2000, 0x409600], 1, GENERAL_PROTECTION],
      [[0, 0, 0, 0], 1, GENERAL_PROTECTION],
    ] as const) {
      trace(make(segment), steps);
      const bench = make(segment)({ specialise: true });
      bench.step(steps);
      expect(bench.vector, `${segment}`).toBe(vector);
    }
  });
});
