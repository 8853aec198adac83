import { describe, expect, it } from 'vitest';
import { parseCpu } from '../../analysis/cli/options/machine-options.ts';
import { processorOf } from '../../recorder/machine/cpu/decode/models.ts';
import { CR0, CR4, EAX, EBX, ECX, EDI, EDX, ESI, ESP } from '../../recorder/machine/cpu/state.ts';
import { BadInput } from '../../schemas/bad-input.ts';
import { CPU_MODELS, type CpuFeature } from '../../schemas/trace/processor-name.ts';
import { asNew, KERNEL_STACK, ProtectedMode } from './protected-mode.ts';
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
  ['nop [bx+si]', '0f 1f 00', 'nopl'],
  ['endbr32', 'f3 0f 1e fb', 'nopl'],
  ['a hint NOP', '0f 18 c8', 'nopl'],
  ['umov [bx], al', '0f 10 07', 'umov'],
  ['umov cx, dx', '0f 13 ca', 'umov'],
];

const WITHOUT: Record<string, readonly CpuFeature[]> = {
  '386': ['i486', 'cpuid', 'tsc', 'msr', 'cx8', 'cmov', 'rdpmc', 'nopl'],
  '486': ['cpuid', 'tsc', 'msr', 'cx8', 'cmov', 'rdpmc', 'nopl'],
  pentium: ['cmov', 'rdpmc', 'nopl', 'umov'],
  pentiumpro: ['umov'],
};

describe.each(CPU_MODELS)('%s', (model) => {
  it.each(NEWER)('%s', (_, code, needs) => {
    const { vector } = run(model, code, ({ cpu }) => cpu.setRegister(ECX, needs === 'msr' ? 0x10 : 0));
    expect(vector).toBe(WITHOUT[model].includes(needs) ? INVALID_OPCODE : -1);
  });

  it.each(['0f 0b', '0f ff', '0f 24 c0', '0f 25 c0', '0f 34', '0f 35', '0f 05'])(
    '%s is no instruction',
    (code) => {
      expect(run(model, code).vector).toBe(INVALID_OPCODE);
    },
  );

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
    // SEP, of which software believes a signature from 633 on; DX after a reset says the same.
    expect(cpuid('pentiumpro,+sep', 1)).toEqual([0x633, 0, 0, 0xa9be]);
    expect(new RealMode({ model: 'pentiumpro,+sep' }).cpu.register(EDX)).toBe(0x633);
    expect(cpuid('pentium,+sep', 1)).toEqual([0x52c, 0, 0, 0x9be]);
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
    expect(() => parseCpu('pentium,cmov')).toThrow(/--cpu pentium,cmov: cmov is not a feature/);
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
    ['shl eax, 2', '66 c1 e0 02', AF],
    ['shr eax, 1', '66 d1 e8', AF],
    ['sar eax, 1', '66 d1 f8', AF],
    ['imul eax, ecx', '66 0f af c1', AF],
    ['shl eax, 1: always', '66 d1 e0', AF],
  ])('%s: AF on a 386, and not as version 0.1 had it', (_, code, af) => {
    expect(flagsAfter({ model: '386' }, code) & AF).toBe(af);
    expect(flagsAfter({ model: '386', revision: 0 }, code) & AF).toBe(0);
    expect(flagsAfter({ model: 'pentium' }, code) & AF).toBe(0);
  });

  it('shl eax, 1: AF is bit 4 of the result on a 486, and was on a 386', () => {
    expect(flagsAfter({ model: '486' }, '66 d1 e0') & AF).toBe(0);
    expect(flagsAfter({ model: '486' }, '66 c1 e0 02') & AF).toBe(AF);
    expect(flagsAfter({ model: '386', revision: 1 }, '66 d1 e0') & AF).toBe(0);
  });

  it.each([
    'c1 e0 02',
    'c1 e0 01',
    '66 c1 e0 01',
    '66 c1 e0 03',
    'd1 e8',
    'd1 f8',
    'd3 e0',
    '0f af c1',
    '6b c1 07',
  ])('%s: micro-op and handler agree', (code) => {
    const flagsOf = (specialise: boolean) => {
      const bench = new ProtectedMode({ model: '386', specialise }).code(code);
      bench.cpu.setRegister(EAX, 5);
      bench.cpu.setRegister(ECX, 2);
      bench.step();
      return bench.cpu.eflags;
    };
    expect(flagsOf(true)).toBe(flagsOf(false));
    expect(flagsOf(true) & AF).toBe(AF);
  });
});

describe('hint NOPs', () => {
  it.each([true, false])('access nothing (by micro-ops %s)', (specialise) => {
    // 0F 18 to 0F 1F with an address where there is no segment, in flat code and by FS, then inc eax.
    for (let code = 0x18; code < 0x20; code++) {
      for (const prefix of ['', '64 ', '66 ', 'f3 ']) {
        const bench = asNew({ model: 'pentiumpro', specialise });
        bench.code(`${prefix}0f ${code.toString(16)} 80 00 00 00 f0 40`);
        bench.step(2);
        expect([bench.vector, bench.cpu.register(EAX)]).toEqual([-1, 1]);
      }
    }
  });

  it('take no LOCK, and are no instructions of a machine of before', () => {
    expect(run('pentiumpro', 'f0 0f 1f 00').vector).toBe(INVALID_OPCODE);
    const old = new RealMode({ model: 'pentiumpro', revision: 1 }).start('0f 1f 00');
    old.step();
    expect(old.vector).toBe(INVALID_OPCODE);
    expect(run('pentium,+nopl', '0f 1f 00').vector).toBe(-1);
  });
});

describe('UMOV', () => {
  it.each([
    ['0f 10 1d 00 80 00 00', { memory: 0xffffff66 }],
    ['0f 11 1d 00 80 00 00', { memory: 0x77665566 }],
    ['66 0f 11 1d 00 80 00 00', { memory: 0xffff5566 }],
    ['0f 12 1d 00 80 00 00', { ebx: 0x776655ff }],
    ['0f 13 1d 00 80 00 00', { ebx: 0xffffffff }],
    ['0f 13 d8', { ebx: 0x11223344 }],
  ])('%s moves as MOV does', (code, expected) => {
    const bench = asNew({ model: '486' });
    bench.cpu.setRegister(EAX, 0x11223344);
    bench.cpu.setRegister(EBX, 0x77665566);
    bench.poke32(0x8000, -1);
    bench.code(code);
    bench.step();
    expect(bench.vector).toBe(-1);
    const ebx = bench.cpu.register(EBX) >>> 0;
    const memory = bench.peek32(0x8000) >>> 0;
    expect({ ebx, memory }).toEqual({ ebx: 0x77665566, memory: 0xffffffff, ...expected });
  });

  it('is no instruction of a machine of before', () => {
    const old = new RealMode({ model: '386', revision: 1 }).start('0f 10 07');
    old.step();
    expect(old.vector).toBe(INVALID_OPCODE);
    expect(run('pentium,+umov', '0f 10 07').vector).toBe(-1);
  });
});

describe('selectors on the stack', () => {
  const PUSHES = [
    ['push es', '06'],
    ['push cs', '0e'],
    ['push ds', '1e'],
    ['push fs', '0f a0'],
  ] as const;
  it.each(PUSHES.flatMap(([what, code]) => CPU_MODELS.map((model) => [what, model, code] as const)))(
    '%s with a 32-bit operand leaves the upper half of its slot (%s)',
    (_, model, code) => {
      for (const specialise of [true, false]) {
        const upperHalf = (revision: number) => {
          const bench = asNew({ model, specialise, revision }).code(code);
          bench.poke32(KERNEL_STACK - 4, 0xdeadbeef);
          bench.step();
          expect(bench.cpu.register(ESP)).toBe(KERNEL_STACK - 4);
          return bench.top(0) >>> 16;
        };
        expect([upperHalf(2), upperHalf(1)]).toEqual([0xdead, 0]);
      }
    },
  );

  it('are popped as words, also by a 32-bit operand: the last word of the segment will do', () => {
    const pop = (revision: number) => {
      // pop es, with ESP 2 below the end of the stack segment.
      const bench = asNew({ revision }).code('07');
      bench.poke32(0x6ffc, 0x00100000);
      bench.cpu.setSegment(2, 0x10, 0, 0x6fff, 0x409300);
      bench.cpu.setRegister(ESP, 0x6ffe);
      bench.step();
      return bench;
    };
    expect([pop(2).eip, pop(2).cpu.segment(0)[0], pop(2).cpu.register(ESP)]).toEqual([
      CODE + 1,
      0x10,
      0x7002,
    ]);
    expect(pop(1).vector).toBe(12);
  });
});

describe('BSWAP of 16 bits', () => {
  it('clears the register, and the upper half stays', () => {
    const swapped = (revision: number) => {
      const bench = asNew({ revision }).code('66 0f c8');
      bench.cpu.setRegister(EAX, 0x11223344);
      bench.step();
      return bench.cpu.register(EAX);
    };
    expect([swapped(2), swapped(1)]).toEqual([0x11220000, 0x44332211]);
  });
});

describe('SHLD and SHRD of 16 bits by more than 16', () => {
  it.each([
    ['shld ax, dx, 20', '66 0f a4 d0 14', 0xbcd1, 0xbcda, 0xbcd0],
    ['shrd ax, dx, 20', '66 0f ac d0 14', 0x4abc, 0xdabc, 0xdabc],
    ['shld ax, dx, 31', '66 0f a4 d0 1f', 0x891a, 0xd5e6, 0x8000],
    ['shld ax, dx, 16', '66 0f a4 d0 10', 0xabcd, 0xabcd, 0xabcd],
  ])(
    '%s shifts the destination in again on a Pentium Pro, and else the source',
    (_, code, p6, others, before) => {
      const shifted = (model: string, revision = 2) => {
        const bench = asNew({ model, revision }).code(code);
        bench.cpu.setRegister(EAX, 0x1234);
        bench.cpu.setRegister(EDX, 0xabcd);
        bench.step();
        return bench.cpu.register(EAX);
      };
      expect(shifted('pentiumpro')).toBe(p6);
      expect(['386', '486', 'pentium'].map((model) => shifted(model))).toEqual([others, others, others]);
      // A machine of before shifted in zeros to the left.
      expect(shifted('pentiumpro', 1)).toBe(before);
    },
  );
});

describe('a SIB byte without an index', () => {
  it('scales the base on a 386, and on no other', () => {
    // lea ebx, [eax*4 without index + 8]
    const effective = (model: string, revision = 2) => {
      const bench = asNew({ model, revision }).code('8d 5c a0 08');
      bench.cpu.setRegister(EAX, 0x100);
      bench.step();
      return bench.cpu.register(EBX);
    };
    expect(effective('386')).toBe(0x408);
    expect(['486', 'pentium', 'pentiumpro'].map((model) => effective(model))).toEqual([0x108, 0x108, 0x108]);
    expect(effective('386', 1)).toBe(0x108);
  });

  it('without a base has nothing to scale, and with ESP lies in the stack segment', () => {
    const bench = asNew({ model: '386' }).code('8d 1c a5 78 56 34 12 8b 0c 64');
    bench.cpu.setRegister(ESP, 0x1000);
    bench.poke32(0x2000, 0x55);
    bench.step(2);
    expect([EBX, ECX].map((register) => bench.cpu.register(register))).toEqual([0x12345678, 0x55]);
  });
});

/**
 * Values that a 386SX leaves in flags that the manual calls undefined, as barotto/test386.asm (POST E0) has it of the chip itself: the
 * instruction, what it works on, and CF, PF, AF, ZF, SF and OF after it.
 */
describe('undefined flags of a 386', () => {
  const [CF, PF, AF, ZF, SF, OF] = [1, 4, 0x10, 0x40, 0x80, 0x800];
  const NONE_SHIFTED = PF | AF | ZF;
  it.each([
    ['aad', 'd5 0a', 0x0001, CF | AF | OF, 0],
    ['aad', 'd5 0a', 0x0d8e, 0, CF | AF | OF],
    ['aad', 'd5 0a', 0x0106, 0, AF],
    ['aad', 'd5 0a', 0x01f7, 0, CF | AF],
    ['aam', 'd4 0a', 0, CF | AF | OF, ZF | PF],
    ['aaa', '37', 0x7a, 0, CF | AF | SF | OF],
    ['aas', '3f', 0x0680, AF, CF | AF | OF],
    ['daa', '27', 0x1a, CF, CF | AF | SF | OF],
    ['das', '2f', 0x80, AF, AF | OF],
    ['shl al, 1', 'd0 e0', 0x81, 0, CF | AF | OF],
    ['shl al, 2', 'c0 e0 02', 0x41, 0, CF | AF | OF],
    ['shl al, 8', 'c0 e0 08', 1, 0, CF | OF | NONE_SHIFTED],
    ['shl al, 16', 'c0 e0 10', 1, 0, CF | OF | NONE_SHIFTED],
    ['shl al, 16 of 0', 'c0 e0 10', 0, CF, NONE_SHIFTED],
    ['shl al, 24', 'c0 e0 18', 1, 0, CF | OF | NONE_SHIFTED],
    ['shl ax, 16', '66 c1 e0 10', 1, 0, CF | OF | NONE_SHIFTED],
    ['shr al, 16', 'c0 e8 10', 0x80, 0, CF | NONE_SHIFTED],
    ['shr al, 24', 'c0 e8 18', 0x80, 0, CF | NONE_SHIFTED],
    ['shr ax, 16', '66 c1 e8 10', 0x8000, 0, CF | NONE_SHIFTED],
    ['shr al, 32', 'c0 e8 20', 0x80, 0, 0],
    ...[0, 1, 2, 3].flatMap((index) =>
      ['66 ', ''].flatMap((size) =>
        ['e0', 'e8', 'f0', 'f8'].map((operation): [string, string, number, number, number] => [
          `bt and its kin of 1 by ${index}`,
          `${size}0f ba ${operation} 0${index}`,
          1,
          0,
          index === 0 ? CF : index < 3 ? OF : 0,
        ]),
      ),
    ),
    ['rcr al, 9', 'c0 d8 09', 0x40, CF | OF, CF | OF],
    ['rcl al, 9', 'c0 d0 09', 0x80, CF | OF, CF],
  ])('%s (%s) of %i', (_, code, value, before, after) => {
    for (const specialise of [true, false]) {
      const bench = asNew({ model: '386', specialise }).code(code);
      bench.cpu.setRegister(EAX, value);
      bench.cpu.eflags = 2 | before;
      bench.step();
      expect(bench.cpu.eflags).toBe(2 | after);
    }
  });

  it('of BT by a register are those of the tested bit', () => {
    // bt eax, ecx: bit 0 of a word whose top bit is set.
    const bench = asNew({ model: '386' }).code('0f a3 c8');
    bench.cpu.setRegister(EAX, 0x80000000 | 0);
    bench.cpu.eflags = 2;
    bench.step();
    expect(bench.cpu.eflags).toBe(2 | OF);
  });

  it('of BT stay on all others', () => {
    for (const model of ['486', 'pentium', 'pentiumpro']) {
      const bench = asNew({ model }).code('0f ba e0 01');
      bench.cpu.setRegister(EAX, 1);
      bench.cpu.eflags = 2;
      bench.step();
      expect(bench.cpu.eflags).toBe(2);
    }
  });
});
