import { describe, expect, it } from 'vitest';
import { CR0, EAX } from '../../recorder/machine/cpu/state.ts';
import type { CoprocessorLines } from '../../recorder/machine/device.ts';
import type { BenchOptions } from './bench.ts';
import { CODE, DATA, RealMode } from './real-mode.ts';

const INVALID_OPCODE = 6;
const NO_COPROCESSOR = 7;
const COPROCESSOR_ERROR = 16;
const MP = 2;
const EM = 4;
const TS = 8;
const NE = 0x20;

/** Real mode, `code` and then a HLT; runs until the processor halts. `[bx]` is DATA. */
function run(
  code: string,
  cr0 = NE,
  options: BenchOptions = {},
  prepare: (bench: RealMode) => void = () => {},
) {
  const bench = new RealMode(options).start(`bb 00 20 ${code} f4`);
  bench.mmu.setCr0(bench.mem.i32[CR0] | cr0);
  prepare(bench);
  for (let n = 0; n < 50 && !bench.cpu.halted; n++) bench.step();
  return bench;
}

const DATA_WORDS = (bench: RealMode, count: number) =>
  Array.from({ length: count }, (_, n) => bench.peek16(DATA + 2 * n).toString(16));

describe('reset and initialisation', () => {
  it('starts with the control word 40h, and FNINIT makes it 37Fh', () => {
    expect(run('d9 3f').peek16(DATA)).toBe(0x40);
    expect(run('db e3 d9 3f').peek16(DATA)).toBe(0x37f);
  });

  it('is probed as kernels probe: FNINIT, FNSTSW AX, FNSTCW', () => {
    const bench = run('b8 5a 5a db e3 df e0 d9 3f');
    expect(bench.cpu.register(EAX) & 0xffff).toBe(0);
    expect(bench.peek16(DATA) & 0x103f).toBe(0x003f);
  });

  it('is not there without one: FNSTSW leaves AX alone', () => {
    const bench = run('b8 5a 5a db e3 df e0', NE, { fpu: false });
    expect(bench.cpu.register(EAX) & 0xffff).toBe(0x5a5a);
  });

  it('is told by CPUID', () => {
    expect(run('66 b8 01 00 00 00 0f a2').cpu.register(2) & 1).toBe(1);
    expect(run('66 b8 01 00 00 00 0f a2', NE, { fpu: false }).cpu.register(2) & 1).toBe(0);
  });
});

describe('#NM and #UD', () => {
  it.each([
    ['an escape with EM', 'd9 e8', EM, NO_COPROCESSOR],
    ['an escape with TS', 'd9 e8', TS, NO_COPROCESSOR],
    ['FNINIT with TS', 'db e3', TS, NO_COPROCESSOR],
    ['WAIT with MP and TS', '9b', MP | TS, NO_COPROCESSOR],
    ['WAIT with TS alone', '9b', TS, -1],
    ['WAIT with EM', '9b', EM | MP, -1],
    ['a reserved encoding', 'd9 d1', 0, INVALID_OPCODE],
    ['a reserved encoding with EM', 'd9 d1', EM, NO_COPROCESSOR],
    ['FCMOVB on a Pentium', 'da c1', 0, INVALID_OPCODE],
    ['FCOMI on a Pentium', 'db f1', 0, INVALID_OPCODE],
    ['an escape with EM and no FPU', 'd9 e8', EM, NO_COPROCESSOR],
  ])('%s', (_what, code, cr0, vector) => expect(run(code, NE | cr0).vector).toBe(vector));

  it('FCOMI is known to a Pentium Pro', () => {
    expect(run('db e3 d9 e8 d9 ee df f1', NE, { model: 'pentiumpro' }).vector).toBe(-1);
  });
});

/** FNINIT; unmask ZE by FLDCW of 037B at [bx]; FLD1; FLDZ; FDIVP. */
const DIVIDE_BY_ZERO = 'db e3 c7 07 7b 03 d9 2f d9 e8 d9 ee de f9';

describe('exceptions that are not masked', () => {
  it.each(['db f1', 'da c1', 'db e9'])('come after the #UD of what a Pentium does not know (%s)', (code) => {
    expect(run(`${DIVIDE_BY_ZERO} ${code}`).vector).toBe(INVALID_OPCODE);
    expect(run(`${DIVIDE_BY_ZERO} ${code}`, NE, { model: 'pentiumpro' }).vector).toBe(COPROCESSOR_ERROR);
  });

  it('come at the next instruction that waits', () => {
    expect(run(DIVIDE_BY_ZERO).vector).toBe(-1);
    expect(run(`${DIVIDE_BY_ZERO} 9b`).vector).toBe(COPROCESSOR_ERROR);
    expect(run(`${DIVIDE_BY_ZERO} d9 ee`).vector).toBe(COPROCESSOR_ERROR);
    expect(run(`${DIVIDE_BY_ZERO} df e0 db e2 9b`).vector).toBe(-1);
  });

  it('return to the instruction that waited', () => {
    const bench = run(`${DIVIDE_BY_ZERO} d9 ee`);
    expect(bench.peek16(0x7000 - 6)).toBe(CODE + 3 + 14);
    expect(bench.cpu.register(EAX) & 0xffff).toBe(0);
  });

  it('leave operands and stack as they were', () => {
    // FNSAVE in 16-bit format: control, status, tags.
    const bench = run(`${DIVIDE_BY_ZERO} dd 37`);
    expect(DATA_WORDS(bench, 3)).toEqual(['37b', 'b084', '1fff']);
  });

  it('without CR0.NE and without lines are ignored', () => {
    expect(run(`${DIVIDE_BY_ZERO} 9b d9 ee`, 0).vector).toBe(-1);
  });
});

/** FERR# as it comes, IGNNE# as a test wants it. */
class Lines implements CoprocessorLines {
  readonly levels: boolean[] = [];
  ignoreErrors = false;
  error(asserted: boolean): void {
    this.levels.push(asserted);
  }
}

describe('FERR# and IGNNE#, with CR0.NE clear', () => {
  it('stops before the instruction that waits until an interrupt comes', () => {
    const lines = new Lines();
    const bench = new RealMode({ lines }).start(`bb 00 20 fb ${DIVIDE_BY_ZERO} d9 ee f4`);
    bench.step(100);
    expect(bench.cpu.halted).toBe(true);
    expect(bench.cpu.eip).toBe(CODE + 4 + 14);
    expect(lines.levels).toEqual([true]);
    bench.requests.vector = 0x75;
    bench.step(1);
    expect(bench.vector).toBe(0x75);
    expect(bench.peek16(0x7000 - 6)).toBe(CODE + 4 + 14);
  });

  it('FNCLEX takes FERR# back', () => {
    const lines = new Lines();
    const bench = new RealMode({ lines }).start(`bb 00 20 fb ${DIVIDE_BY_ZERO} d9 ee f4`);
    bench.pokeBytes(0x8000 + 4 * 0x75, [0xdb, 0xe2, 0xcf]);
    bench.step(100);
    bench.requests.vector = 0x75;
    bench.step(100);
    expect(lines.levels).toEqual([true, false]);
    expect(bench.cpu.eip).toBe(CODE + 4 + 14 + 3);
  });

  it('IGNNE# lets it go on', () => {
    const lines = new Lines();
    lines.ignoreErrors = true;
    expect(run(`${DIVIDE_BY_ZERO} d9 ee`, 0, { lines }).cpu.eip).toBe(CODE + 3 + 14 + 3);
    expect(lines.levels).toEqual([]);
  });
});

describe('environments', () => {
  /** FNINIT; FLD1; FST dword [bx+40h], which is remembered. */
  const STORE = 'db e3 d9 e8 d9 57 40';

  it('16-bit real: pointers are linear addresses', () => {
    const bench = run(`${STORE} d9 37`);
    expect(DATA_WORDS(bench, 7)).toEqual(['37f', '3800', '3fff', '1007', '157', '2040', '0']);
  });

  it('32-bit real', () => {
    const bench = run(`${STORE} 66 d9 37`);
    const words = Array.from({ length: 7 }, (_, n) => bench.peek32(DATA + 4 * n).toString(16));
    expect(words).toEqual(['ffff037f', 'ffff3800', 'ffff3fff', 'ffff1007', '157', 'ffff2040', '0']);
  });

  it('FNSTENV masks all exceptions', () => {
    const bench = run(`${DIVIDE_BY_ZERO} d9 37 d9 3f`);
    expect(bench.peek16(DATA)).toBe(0x37f);
  });

  it('FNSAVE then FRSTOR brings everything back', () => {
    const bench = run(`${STORE} d9 eb dd 37 db e3 dd 27 dd b7 80 00`);
    for (let at = 0; at < 94; at++) expect(bench.peek8(DATA + 0x80 + at)).toBe(bench.peek8(DATA + at));
  });

  it('FNSAVE over the end of the segment stores nothing', () => {
    const bench = new RealMode().start('bb f0 ff db e3 dd 37 f4');
    bench.step(4);
    expect(bench.vector).toBe(13);
    expect(bench.peek16(0xfff0)).toBe(0);
  });
});

describe('FYL2XP1', () => {
  /** y * log2(1 + x), rounded up, at DATA; the status word in AX. */
  const logarithm = (y: readonly number[], x: readonly number[]) =>
    run('db e3 db 2f db 6f 0a d9 6f 14 d9 f9 db 3f df e0', NE, {}, (prepared) =>
      prepared.pokeBytes(DATA, [...y, ...x, 0x7f, 0x0b]),
    );

  it('does not take 1 + x for x where x is large', () => {
    const one = [0, 0, 0, 0, 0, 0, 0, 0x80, 0xff, 0x3f];
    const twoTo300 = [0, 0, 0, 0, 0, 0, 0, 0x80, 0x2b, 0x41];
    // The next number after 300.
    expect(DATA_WORDS(logarithm(one, twoTo300), 5)).toEqual(['1', '0', '0', '9600', '4007']);
  });

  it('takes 1 + x exactly: it has more bits than x', () => {
    const leastNormal = [0, 0, 0, 0, 0, 0, 0, 0x80, 1, 0];
    const belowOne = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe, 0x3f];
    // y * (1 - 0.72 * 2^-64) becomes y, which is no underflow. Of 1 + x cut to 64 bits it would be one.
    const bench = logarithm(leastNormal, belowOne);
    expect(DATA_WORDS(bench, 5)).toEqual(['0', '0', '0', '8000', '1']);
    expect(bench.cpu.register(EAX) & 0x3f).toBe(0x20);
  });
});
