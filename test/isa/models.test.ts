import { describe, expect, it } from 'vitest';
import { parseCpu } from '../../analysis/cli/values.ts';
import { CPU_MODELS, type CpuFeature, processorOf } from '../../recorder/machine/cpu/models.ts';
import { CR0, CR4, EAX, EBX, ECX, EDI, EDX, ESI, ESP } from '../../recorder/machine/cpu/state.ts';
import { BadInput } from '../../schemas/bad-input.ts';
import { KERNEL_STACK, ProtectedMode } from './protected-mode.ts';
import { CODE, DATA, RealMode, STACK } from './real-mode.ts';

const INVALID_OPCODE = 6;
const GENERAL_PROTECTION = 13;

/** Runs `code` in real mode on a processor; the vector it raised, -1 for none. */
function run(model: string, code: string, prepare: (bench: RealMode) => void = () => {}): RealMode {
  const bench = new RealMode({ model, fpu: false }).start(code);
  prepare(bench);
  bench.step();
  return bench;
}

/** Instructions that not every processor has, each with what it takes. */
const NEWER: readonly [what: string, code: string, needs: CpuFeature][] = [
  ['bswap eax', '66 0f c8', 'i486'],
  ['xadd bx, ax', '0f c1 c3', 'i486'],
  ['cmpxchg bx, ax', '0f b1 c3', 'i486'],
  ['invlpg [bx]', '0f 01 3f', 'i486'],
  ['invd', '0f 08', 'i486'],
  ['wbinvd', '0f 09', 'i486'],
  ['cpuid', '0f a2', 'cpuid'],
  ['rdtsc', '0f 31', 'tsc'],
  ['rdmsr', '0f 32', 'msr'],
  ['wrmsr', '0f 30', 'msr'],
  ['cmpxchg8b [bx]', '0f c7 0f', 'cx8'],
  ['cmove ax, bx', '0f 44 c3', 'cmov'],
  ['rdpmc', '0f 33', 'rdpmc'],
];

const WITHOUT: Record<string, readonly CpuFeature[]> = {
  '386': ['i486', 'cpuid', 'tsc', 'msr', 'cx8', 'cmov', 'rdpmc'],
  '486': ['cpuid', 'tsc', 'msr', 'cx8', 'cmov', 'rdpmc'],
  pentium: ['cmov', 'rdpmc'],
  pentiumpro: [],
};

describe.each(CPU_MODELS)('%s', (model) => {
  it.each(NEWER)('%s', (_, code, needs) => {
    const { vector } = run(model, code, ({ cpu }) => cpu.setRegister(ECX, needs === 'msr' ? 0x10 : 0));
    expect(vector).toBe(WITHOUT[model].includes(needs) ? INVALID_OPCODE : -1);
  });

  it.each(['0f 0b', '0f ff', '0f 24 c0', '0f 25 c0', '0f 34', '0f 05'])('%s is no instruction', (code) => {
    expect(run(model, code).vector).toBe(INVALID_OPCODE);
  });

  it('shows its signature in DX after a reset', () => {
    const { cpu } = new RealMode({ model });
    expect(cpu.register(EDX)).toBe({ '386': 0x308, '486': 0x404, pentium: 0x52c, pentiumpro: 0x617 }[model]);
  });

  it('has the flags that tell it from its predecessors', () => {
    // pushfd; pop eax; xor eax, AC|ID|VIF|VIP; push eax; popfd; pushfd; pop ebx: the usual test.
    const bench = new RealMode({ model }).start('66 9c 66 58 66 35 00 00 24 00 66 50 66 9d 66 9c 66 5b');
    bench.step(7);
    const changed = (bench.cpu.register(EBX) ^ 2) & 0x3c0000;
    expect(changed).toBe({ '386': 0, '486': 0x40000, pentium: 0x240000, pentiumpro: 0x240000 }[model]);
    expect(bench.cpu.register(ESP)).toBe(STACK);
  });

  it('keeps the bits of CR0 that it has', () => {
    const { cpu } = run(model, '0f 22 c0', (bench) => bench.cpu.setRegister(EAX, 0x7ffffffe));
    expect(cpu.cr0 >>> 0).toBe(model === '386' ? 0x1e : 0x6005003e);
  });

  it('refuses bits of CR4 that it has not', () => {
    const bits = { '386': 0, '486': 0, pentium: 0x5f, pentiumpro: 0x1df }[model] as number;
    for (let bit = 1; bit < 0x10000; bit <<= 1) {
      const bench = run(model, '0f 22 e0', ({ cpu }) => cpu.setRegister(EAX, bit));
      expect(bench.vector).toBe(bits === 0 ? INVALID_OPCODE : bits & bit ? -1 : GENERAL_PROTECTION);
      expect(bench.mem.i32[CR4]).toBe(bits & bit);
    }
  });
});

/** EAX, EBX, ECX, EDX after CPUID of `leaf`. */
function cpuid(model: string, leaf: number): number[] {
  const { cpu } = run(model, '0f a2', (bench) => bench.cpu.setRegister(EAX, leaf));
  return [EAX, EBX, ECX, EDX].map((register) => cpu.register(register) >>> 0);
}

describe('CPUID', () => {
  it('names the vendor and the highest leaf', () => {
    const words = cpuid('pentium', 0);
    expect(Buffer.from(new Uint32Array([words[1], words[3], words[2]]).buffer).toString()).toBe(
      'GenuineIntel',
    );
    expect(words[0]).toBe(1);
    expect(cpuid('pentiumpro', 0)[0]).toBe(2);
  });

  it('has signature and features in leaf 1, and beyond the last leaf what the last has', () => {
    // VME DE PSE TSC MSR MCE CX8; PGE and CMOV on a Pentium Pro.
    expect(cpuid('pentium', 1)).toEqual([0x52c, 0, 0, 0x1be]);
    expect(cpuid('pentium', 0x80000000)).toEqual([0x52c, 0, 0, 0x1be]);
    expect(cpuid('pentiumpro', 1)).toEqual([0x617, 0, 0, 0xa1be]);
    expect(cpuid('pentiumpro', 9)).toEqual([0x03020101, 0, 0, 0x06040a42]);
  });

  it('shows features that were added or removed', () => {
    expect(cpuid('pentium,+cmov,-vme', 1)[3]).toBe(0x81bc);
    expect(cpuid('486,+cpuid', 1)).toEqual([0x404, 0, 0, 0]);
  });

  it('is the processor of version 0.1 for traces that name none', () => {
    expect(cpuid('pentium-0.1', 1)).toEqual([0x543, 0, 0, 0x2138]);
  });
});

describe('a 386', () => {
  it('ignores CR0.WP', () => {
    expect(run('386', '0f 22 c0', ({ cpu }) => cpu.setRegister(EAX, 0x10000)).mem.i32[CR0]).toBe(0x10);
  });
});

describe('CMOVcc', () => {
  it('moves when the condition holds, and faults on its source either way', () => {
    const value = run('pentiumpro', '66 0f 45 07', (bench) => {
      bench.poke32(DATA, 0x12345678);
      bench.cpu.setRegister(EBX, DATA);
    });
    expect(value.cpu.register(EAX)).toBe(0x12345678);
    const kept = run('pentiumpro', '66 0f 44 07', (bench) => {
      bench.poke32(DATA, 0x12345678);
      bench.cpu.setRegister(EBX, DATA);
    });
    expect(kept.cpu.register(EAX)).toBe(0);
    const beyond = run('pentiumpro', '66 0f 44 07', ({ cpu }) => cpu.setRegister(EBX, 0xfffe));
    expect(beyond.vector).toBe(GENERAL_PROTECTION);
    expect(beyond.peek16(STACK - 6)).toBe(CODE);
  });
});

describe('CMOVcc in flat 32-bit code', () => {
  it.each([true, false])('by micro-ops (%s) and by its handler does the same', (specialise) => {
    // cmp eax, ebx; cmovb ecx, edx; cmovae esi, [0x2000]; cmovb edi, [0x2000]; cmove esp, edx
    const code = '39 d8 0f 42 ca 0f 43 35 00 20 00 00 0f 42 3d 00 20 00 00 0f 44 e2';
    const bench = new ProtectedMode({ model: 'pentium,+cmov', specialise }).code(code);
    bench.poke32(DATA, 0x12345678);
    [1, 3, 4, 2, 5, 6, 7].forEach((value, n) => {
      bench.cpu.setRegister([EAX, ECX, EDX, EBX, 5, ESI, EDI][n], value);
    });
    bench.step(5);
    expect([ECX, ESI, EDI].map((register) => bench.cpu.register(register))).toEqual([4, 6, 0x12345678]);
    expect(bench.cpu.register(ESP)).toBe(KERNEL_STACK);
    // A source that is not there faults though the condition does not hold.
    const absent = new ProtectedMode({ model: 'pentium,+cmov', specialise }).code('0f 44 05 00 20 40 00');
    absent.poke32(0x20000, 0x21003);
    for (let page = 0; page < 1024; page++) absent.poke32(0x21000 + 4 * page, (page << 12) | 3);
    absent.mmu.setCr3(0x20000);
    absent.mmu.setCr0(0x80000011 | 0);
    absent.cpu.setRegister(EAX, 9);
    absent.step();
    expect([absent.vector, absent.cpu.register(EAX)]).toEqual([14, 9]);
  });
});

describe('RDMSR and WRMSR', () => {
  it('know the registers that kernels read unasked, and no others', () => {
    for (const [model, msr] of [
      ['pentium', 0],
      ['pentium', 0x13],
      ['pentiumpro', 0x8b],
      ['pentiumpro', 0x17],
    ] as const) {
      expect(run(model, '0f 32', ({ cpu }) => cpu.setRegister(ECX, msr)).vector).toBe(-1);
      expect(run(model, '0f 30', ({ cpu }) => cpu.setRegister(ECX, msr)).vector).toBe(-1);
    }
    for (const msr of [0x1b, 0xc0000080, 0x8b]) {
      expect(run('pentium', '0f 32', ({ cpu }) => cpu.setRegister(ECX, msr)).vector).toBe(GENERAL_PROTECTION);
    }
  });
});

describe('--cpu', () => {
  it('says what is wrong', () => {
    expect(() => parseCpu('z80')).toThrow(BadInput);
    expect(() => parseCpu('pentium,cmov')).toThrow(/--cpu pentium,cmov: cmov is no feature/);
    expect(() => parseCpu('pentium,+sse')).toThrow(BadInput);
    expect(processorOf(parseCpu('pentium,+cmov')).has.has('cmov')).toBe(true);
  });
});

/** EFLAGS after `code` on `model`, in which all flags were clear. */
function flagsAfter(
  options: { model: string; revision?: number; specialise?: boolean },
  code: string,
): number {
  const bench = new RealMode({ fpu: false, ...options }).start(code);
  bench.cpu.setRegister(EAX, 5);
  bench.cpu.setRegister(ECX, 2);
  bench.cpu.eflags = 2;
  bench.step();
  return bench.cpu.eflags;
}

describe('undefined flags', () => {
  const AF = 0x10;
  it('of a division are changed by an Intel 486, by which Linux tells one of Cyrix', () => {
    // div cl: 5 / 2.
    expect(flagsAfter({ model: '486' }, 'f6 f1') & 0xff).not.toBe(2);
    expect(flagsAfter({ model: 'pentium' }, 'f6 f1') & 0xff).toBe(2);
  });

  it.each([
    ['shl eax, 2: bit 4 of the result', '66 c1 e0 02', AF],
    ['shr eax, 1', '66 d1 e8', AF],
    ['sar eax, 1', '66 d1 f8', AF],
    ['imul eax, ecx', '66 0f af c1', AF],
    ['shl eax, 1', '66 d1 e0', 0],
  ])('%s: AF on a 386, and not as version 0.1 had it', (_, code, af) => {
    expect(flagsAfter({ model: '386' }, code) & AF).toBe(af);
    expect(flagsAfter({ model: '386', revision: 0 }, code) & AF).toBe(0);
    expect(flagsAfter({ model: 'pentium' }, code) & AF).toBe(0);
  });

  it.each(['c1 e0 02', 'd1 e8', 'd1 f8', 'd3 e0', '0f af c1', '6b c1 07'])(
    '%s: micro-op and handler agree',
    (code) => {
      const flagsOf = (specialise: boolean) => {
        const bench = new ProtectedMode({ model: '386', specialise }).code(code);
        bench.cpu.setRegister(EAX, 5);
        bench.cpu.setRegister(ECX, 2);
        bench.step();
        return bench.cpu.eflags;
      };
      expect(flagsOf(true)).toBe(flagsOf(false));
      expect(flagsOf(true) & AF).toBe(AF);
    },
  );
});
