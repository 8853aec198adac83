import { describe, expect, it } from 'vitest';
import { DR, EAX, EBX, ECX, EDI, EDX, EIP, ESI, SYSTEM_FLAGS } from '../../recorder/machine/cpu/state.ts';
import { OTHER_SELECTOR, OTHER_TSS, ProtectedMode } from './protected-mode.ts';
import { CODE, DATA, HANDLERS, hexBytes } from './real-mode.ts';

const TF = 0x100;
const RF = 0x10000;
const BS = 0x4000;
const DEBUG = 1;
/** R/W and LEN of DR7. */
const EXECUTE = 0;
const WRITE = 1;
const PORT = 2;
const ACCESS = 3;

/** Sets breakpoint `n` as MOV to DR would, enabled globally. */
function arm(bench: ProtectedMode, n: number, address: number, kind: number, bytes = 1): void {
  const length = { 1: 0, 2: 1, 4: 3 }[bytes] as number;
  const { i32 } = bench.mem;
  const value = i32[DR + 7] | (2 << (2 * n)) | ((kind | (length << 2)) << (16 + 4 * n));
  // mov dr0+n, eax; mov dr7, ebx
  const at = 0xa00;
  bench.pokeBytes(at, [0x0f, 0x23, 0xc0 | (n << 3), 0x0f, 0x23, 0xfb]);
  const saved = [i32[EAX], i32[EBX], i32[EIP]];
  i32[EAX] = address;
  i32[EBX] = value;
  i32[EIP] = at;
  bench.step(2);
  [i32[EAX], i32[EBX], i32[EIP]] = saved;
}

/** Runs until a handler is reached. */
function run(bench: ProtectedMode, most = 100): ProtectedMode {
  for (let n = 0; n < most && bench.vector < 0; n++) bench.step();
  return bench;
}
const dr6 = (bench: ProtectedMode) => bench.mem.i32[DR + 6] & 0xe00f;

describe('execution breakpoints', () => {
  // inc eax; inc eax; inc eax; inc eax; hlt
  const code = '40 40 40 40 f4';

  it.each([
    ['386', RF],
    ['pentium', 0],
  ])('fault before the instruction (%s)', (model, pushed) => {
    const bench = new ProtectedMode({ model }).code(code);
    arm(bench, 2, CODE + 2, EXECUTE);
    const before = bench.cpu.icount;
    run(bench);
    expect([bench.vector, bench.top(0), bench.cpu.register(EAX), dr6(bench)]).toEqual([
      DEBUG,
      CODE + 2,
      2,
      4,
    ]);
    expect(bench.top(2) & RF).toBe(pushed);
    expect(bench.cpu.icount - before).toBeLessThanOrEqual(4);
  });

  it('are met in blocks that were linked before', () => {
    // mov ecx, 5; l: dec ecx; jnz l; jmp l2; l2: inc eax; hlt
    const bench = new ProtectedMode().code('b9 05 00 00 00 49 75 fd eb 00 40 f4');
    bench.step(20);
    bench.cpu.eip = CODE;
    bench.mem.i32[70] = 0;
    bench.cpu.setRegister(EAX, 0);
    arm(bench, 0, CODE + 10, EXECUTE);
    bench.step(100);
    expect([bench.vector, bench.top(0), bench.cpu.register(EAX)]).toEqual([DEBUG, CODE + 10, 0]);
  });

  it('RF in the image that IRET loads steps over one instruction', () => {
    const bench = new ProtectedMode().code('40 40 90 f4');
    arm(bench, 0, CODE, EXECUTE);
    bench.stack(CODE, 8, RF | 2);
    bench.pokeBytes(0x900, [0xcf]);
    bench.cpu.eip = 0x900;
    bench.step(2);
    expect([bench.eip, bench.cpu.register(EAX)]).toEqual([CODE + 1, 1]);
    expect(bench.mem.i32[SYSTEM_FLAGS] & RF).toBe(0);
    bench.cpu.eip = CODE;
    bench.step();
    expect(bench.vector).toBe(DEBUG);
  });

  it('fire once at a repeated string instruction, also when an interrupt comes between', () => {
    const bench = new ProtectedMode().code('f3 aa f4');
    bench.cpu.setRegister(ECX, 6);
    bench.cpu.setRegister(EDI, DATA);
    arm(bench, 0, CODE, EXECUTE);
    bench.pokeBytes(HANDLERS + 4, [0x90, 0xcf]);
    bench.pokeBytes(HANDLERS + 4 * 0x50, [0x90, 0xcf]);
    bench.step();
    expect(bench.vector).toBe(DEBUG);
    bench.poke32(bench.cpu.register(4) + 8, RF | 0x202);
    bench.step(3);
    expect([bench.eip, bench.cpu.register(ECX)]).toEqual([CODE, 4]);
    bench.requests.vector = 0x50;
    bench.step();
    expect(bench.top(2) & RF).toBe(RF);
    bench.step(20);
    expect([bench.cpu.register(ECX), bench.cpu.halted, bench.eip]).toEqual([0, true, CODE + 3]);
  });
});

describe('faults', () => {
  it('push RF, traps and interrupts do not', () => {
    const bench = new ProtectedMode().code('0f 0b');
    bench.step();
    expect(bench.top(2) & RF).toBe(RF);
    const software = new ProtectedMode().code('cd 30');
    software.step();
    expect(software.top(2) & RF).toBe(0);
  });
});

describe('data breakpoints', () => {
  const PAGING: Record<string, (bench: ProtectedMode) => ProtectedMode> = {
    'without paging': (bench) => bench,
    'in pages of 4 KB': (bench) => bench.paging(),
    'in a page of 4 MB': (bench) => bench.paging(true),
  };
  const CASES: readonly (readonly [string, string, number, number, boolean])[] = [
    ['a write', 'a3 00 20 00 00 40 f4', WRITE, 1, true],
    ['a write of the byte beside', 'a2 01 20 00 00 40 f4', WRITE, 1, false],
    ['a write across its first byte', 'a3 fd 1f 00 00 40 f4', WRITE, 4, true],
    ['a read', 'a1 00 20 00 00 40 f4', ACCESS, 2, true],
    ['a read does not meet a write breakpoint', 'a1 00 20 00 00 40 f4', WRITE, 4, false],
    ['a read-modify-write', 'ff 05 00 20 00 00 40 f4', WRITE, 4, true],
    ['a push', 'bc 04 20 00 00 50 40 f4', WRITE, 4, true],
    ['cmp', '3b 05 00 20 00 00 40 f4', ACCESS, 4, true],
  ];
  it.each(
    Object.keys(PAGING).flatMap((paging) => CASES.map((one) => [one[0], paging, ...one.slice(1)] as const)),
  )('%s, %s', (_, paging, text, kind, bytes, met) => {
    const bench = PAGING[paging as string](new ProtectedMode()).code(text as string);
    // Once before, so that the page is on the fast path and the block decoded.
    bench.step(4);
    bench.cpu.eip = CODE;
    bench.mem.i32[70] = 0;
    arm(bench, 1, DATA, kind as number, bytes as number);
    bench.step(4);
    expect(bench.vector).toBe(met ? DEBUG : -1);
    const end = CODE + hexBytes(text as string).length;
    if (!met) {
      expect(bench.eip).toBe(end);
      return;
    }
    // After the instruction that made the access, and before the next.
    expect(bench.top(0)).toBe(end - 2);
    expect(dr6(bench)).toBe(2);
    expect(bench.top(2) & RF).toBe(0);
  });

  it.each(['call *', 'jmp *'])('at %s through watched memory', (kind) => {
    const bench = new ProtectedMode().code(kind === 'call *' ? 'ff 15 00 20 00 00' : 'ff 25 00 20 00 00');
    bench.poke32(DATA, 0x3000);
    bench.code('40 40 f4', 0x3000);
    arm(bench, 0, DATA, ACCESS, 4);
    bench.step(5);
    expect([bench.vector, bench.top(0), bench.cpu.register(EAX)]).toEqual([DEBUG, 0x3000, 0]);
  });

  it('stop a repeated string instruction after the iteration', () => {
    const bench = new ProtectedMode().code('f3 a5 f4');
    bench.cpu.setRegister(ESI, 0x2800);
    bench.cpu.setRegister(EDI, DATA);
    bench.cpu.setRegister(ECX, 8);
    arm(bench, 3, DATA + 8, WRITE, 4);
    bench.step(20);
    expect([bench.vector, bench.top(0), bench.cpu.register(ECX), dr6(bench)]).toEqual([DEBUG, CODE, 5, 8]);
    expect(bench.top(2) & RF).toBe(RF);
  });

  it('are not met by an access that faults', () => {
    const bench = new ProtectedMode().code('a3 fe 1f 00 00');
    bench.cpu.setSegment(3, 0x10, 0, 0x2000, 0x409300);
    arm(bench, 0, DATA, WRITE, 1);
    bench.step();
    expect([bench.vector, dr6(bench)]).toEqual([13, 0]);
  });

  it('show in DR6 also those that are not enabled, if one is', () => {
    const bench = new ProtectedMode().code('a3 00 20 00 00 f4');
    arm(bench, 0, DATA, WRITE, 4);
    arm(bench, 1, DATA, WRITE, 4);
    bench.mem.i32[DR + 7] &= ~0xc;
    bench.step(2);
    expect(dr6(bench)).toBe(3);
  });

  it('cost the fast path only while they are armed', () => {
    const bench = new ProtectedMode().code('a3 00 20 00 00 eb f9');
    arm(bench, 0, DATA + 0x100, WRITE, 4);
    bench.step(10);
    const slot = (0x400000 >> 2) + (DATA >> 12);
    expect(bench.mem.i32[slot]).toBe(0);
    bench.pokeBytes(0xb00, [0x0f, 0x23, 0xf8]);
    bench.cpu.setRegister(EAX, 0);
    bench.cpu.eip = 0xb00;
    bench.step();
    bench.cpu.eip = CODE;
    bench.step(10);
    expect(bench.mem.i32[slot]).not.toBe(0);
  });
});

describe('port breakpoints', () => {
  it.each([
    ['with CR4.DE', 8, DEBUG],
    ['without', 0, -1],
  ])('%s', (_, cr4, vector) => {
    const bench = new ProtectedMode().code('ee 90 f4');
    bench.mmu.setCr4(cr4);
    bench.cpu.setRegister(EDX, 0x3f9);
    arm(bench, 0, 0x3f8, PORT, 2);
    bench.step(3);
    expect(bench.vector).toBe(vector);
    if (vector >= 0) expect([bench.top(0), dr6(bench)]).toEqual([CODE + 1, 1]);
  });

  it('DR4 and DR5 are undefined with CR4.DE, other names without', () => {
    const bench = new ProtectedMode().code('0f 21 e0');
    bench.step();
    expect(bench.cpu.register(EAX) >>> 0).toBe(0xffff0ff0);
    const extended = new ProtectedMode().code('0f 21 e0');
    extended.mmu.setCr4(8);
    extended.step();
    expect(extended.vector).toBe(6);
  });
});

describe('general detect', () => {
  it('faults on the next access to a debug register, and is cleared for the handler', () => {
    const bench = new ProtectedMode().code('0f 23 f8 0f 21 c3 f4');
    bench.cpu.setRegister(EAX, 0x2000);
    bench.step(2);
    expect([bench.vector, bench.top(0), dr6(bench)]).toEqual([DEBUG, CODE + 3, 0x2000]);
    expect(bench.mem.i32[DR + 7] & 0x2000).toBe(0);
  });
});

describe('single step', () => {
  /** EIPs at which the trap was taken, and the one where the run stood at last; the handler is IRET. */
  function traced(text: string, steps: number, prepare: (bench: ProtectedMode) => void = () => {}): number[] {
    const bench = new ProtectedMode().code(text);
    bench.poke8(HANDLERS + 4, 0xcf);
    bench.stack(CODE, 8, TF | 2);
    bench.pokeBytes(0x900, [0xcf]);
    bench.cpu.eip = 0x900;
    prepare(bench);
    bench.step();
    const seen: number[] = [];
    for (let n = 0; n < steps; n++) {
      const was = bench.cpu.icount;
      bench.step();
      if (bench.vector === DEBUG && bench.cpu.icount > was) seen.push(bench.top(0) - CODE);
    }
    return seen;
  }

  it('traps after each instruction, not after the IRET that set TF', () => {
    expect(traced('40 40 40 f4', 5)).toEqual([1, 2, 3]);
  });

  it('traps after a POPF that clears TF', () => {
    // pushf; and dword [esp], ~TF; popf; inc eax
    expect(traced('9c 81 24 24 ff fe ff ff 9d 40 40 f4', 8)).toEqual([1, 8, 9]);
  });

  it('not between a load of SS and the instruction after it', () => {
    // mov ecx, ss; mov ss, ecx; inc eax; inc eax
    expect(traced('8c d1 8e d1 40 40 f4', 6)).toEqual([2, 5, 6]);
  });

  it('traps after STI', () => {
    expect(traced('fb 40 f4', 4)).toEqual([1, 2]);
  });

  it('steps over INT n as if it were one instruction', () => {
    expect(traced('cd 30 40 f4', 5, (bench) => bench.poke8(HANDLERS + 4 * 0x30, 0xcf))).toEqual([3, 4]);
  });

  it('traps after each iteration of a repeated instruction', () => {
    expect(
      traced('f3 aa f4', 6, ({ cpu }) => {
        cpu.setRegister(ECX, 3);
        cpu.setRegister(EDI, DATA);
      }),
    ).toEqual([0, 0, 2]);
  });

  it('sets BS, and TF is clear in the handler', () => {
    const bench = new ProtectedMode().code('40');
    bench.mem.i32[SYSTEM_FLAGS] |= TF;
    bench.step();
    expect([bench.vector, dr6(bench), bench.top(2) & TF]).toEqual([DEBUG, BS, TF]);
    expect(bench.mem.i32[SYSTEM_FLAGS] & TF).toBe(0);
  });
});

describe('ICEBP', () => {
  it('is a trap that no gate guards and DR6 does not show', () => {
    const bench = new ProtectedMode().code('f1').user();
    bench.interruptGate(DEBUG, HANDLERS + 4, 8, 0x8e);
    bench.step();
    expect([bench.vector, bench.top(0), dr6(bench)]).toEqual([DEBUG, CODE + 1, 0]);
  });
});

describe('the T bit of a TSS', () => {
  it('traps before the first instruction of the task', () => {
    const bench = new ProtectedMode().code('ea 00 00 00 00 48 00');
    for (const [at, value] of [
      [0x20, 0x3000],
      [0x38, 0x5000],
      [0x4c, 8],
      [0x50, 16],
      [0x64, 1],
    ]) {
      bench.poke32(OTHER_TSS + at, value);
    }
    bench.code('40', 0x3000);
    bench.step();
    expect([bench.vector, bench.top(0), dr6(bench)]).toEqual([DEBUG, 0x3000, 0x8000]);
    expect(bench.cpu.segment(7)[0]).toBe(OTHER_SELECTOR);
  });
});

describe('a run cut anywhere', () => {
  it('meets the same breakpoints', () => {
    const make = () => {
      const bench = new ProtectedMode().code('f3 a5 a3 00 20 00 00 40 8e d0 40 a1 04 20 00 00 f4');
      bench.poke8(HANDLERS + 4, 0xcf);
      bench.cpu.setRegister(EAX, 0x10);
      bench.cpu.setRegister(ESI, 0x2800);
      bench.cpu.setRegister(EDI, 0x1ff8);
      bench.cpu.setRegister(ECX, 6);
      arm(bench, 0, DATA, ACCESS, 4);
      arm(bench, 1, DATA + 4, WRITE, 4);
      arm(bench, 2, CODE + 2, EXECUTE);
      bench.mem.i32[SYSTEM_FLAGS] |= TF;
      return bench;
    };
    const whole = make();
    const sliced = make();
    whole.step(40);
    for (let n = 0; n < 40; n++) sliced.step();
    expect(sliced.fingerprint()).toBe(whole.fingerprint());
  });
});
