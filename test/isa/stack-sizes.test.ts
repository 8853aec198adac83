import { describe, expect, it } from 'vitest';
import { BIG, SEGMENT_PRESENT } from '../../recorder/machine/cpu/descriptors.ts';
import { CPL, CS, EBP, ESP, SS } from '../../recorder/machine/cpu/state.ts';
import type { BenchOptions } from './bench.ts';
import {
  asNew,
  CODE_0,
  CODE_3,
  CODE_16,
  DATA_0,
  DATA_3,
  FREE,
  KERNEL_CODE,
  LDT_SELECTOR,
  OTHER_SELECTOR,
  OTHER_TSS,
  type ProtectedMode,
  SMALL_SELECTOR,
  SMALL_TSS,
  TSS,
  VM,
  WIDE,
} from './protected-mode.ts';
import { CODE, hexBytes } from './real-mode.ts';

/**
 * Instructions that load SS, or move the stack pointer by more than a push, and the ESP and EBP that they leave, for both operand sizes and
 * stacks of both sizes, before and after. Right values are worked out here from the manual (80386 PRM, chapter 17; SDM volume
 * 2): a 16-bit stack pointer is SP, and the upper half of ESP stays. What the manual leaves open was seen on an Intel Xeon, whose
 * user code may have 16-bit stacks in its LDT.
 */

type Size = 2 | 4;
interface How {
  readonly operand: Size;
  /** SS.B before: 4 for a stack pointer of 32 bits. */
  readonly stack: Size;
  /** Of the SS that is loaded; as before where none is. */
  readonly next: Size;
  /** CS.D: 4 for code of 32 bits. */
  readonly code: Size;
}

/** Stacks at privilege 0 and 3, of both sizes. */
const STACKS: Record<Size, number> = { 2: FREE, 4: FREE + 8 };
const USER_STACKS: Record<Size, number> = { 2: (FREE + 16) | 3, 4: (FREE + 24) | 3 };
const USER_CODES: Record<Size, number> = { 2: (FREE + 32) | 3, 4: (FREE + 40) | 3 };
const GATES: Record<Size, number> = { 2: (FREE + 48) | 3, 4: (FREE + 56) | 3 };
const TOP = 0x7000;
const INNER_TOP = 0x5000;
const UPPER = 0xabcd0000;
/** The upper half of a stack pointer: with flat stack segments it is an address, and stays 0. */
const upper = (size: Size): number => (size === 2 ? UPPER : 0);
const EBP_BEFORE = 0x12346000;

/** ESP moved to `value` as a stack of this size moves it. */
const moved = (size: Size, esp: number, value: number): number =>
  size === 4 ? value >>> 0 : ((esp & 0xffff0000) | (value & 0xffff)) >>> 0;

interface Row {
  readonly name: string;
  readonly code: string;
  /** Puts in place what the instruction needs; `esp` is the stack pointer. */
  prepare?(bench: ProtectedMode, how: How): void;
  /** ESP and EBP after. */
  right(how: How, esp: number, ebp: number): { esp: number; ebp?: number };
  readonly loads: boolean;
}

/** Lays words of the operand's size on the stack, the first on top. */
function lay(bench: ProtectedMode, { operand }: How, words: readonly number[], at = TOP): void {
  words.forEach((word, n) => {
    const to = at + n * operand;
    for (let byte = 0; byte < operand; byte++) bench.poke8(to + byte, (word >>> (8 * byte)) & 0xff);
  });
}
const low = (size: Size, value: number): number => (size === 4 ? value : value & 0xffff);
const codeOf = ({ code }: How): number => (code === 4 ? KERNEL_CODE : CODE_16);
/** An outer stack pointer that a return finds: below 64 KB, with an upper half where the operand and a 16-bit stack have one. */
const outerEsp = ({ operand, next }: How): number => (operand === 4 && next === 2 ? 0x77776000 : 0x6000);

const ROWS: readonly Row[] = [
  {
    name: 'POP SS',
    code: '17',
    prepare: (bench, how) => lay(bench, how, [STACKS[how.next]]),
    right: ({ operand, stack }, esp) => ({ esp: moved(stack, esp, esp + operand) }),
    loads: true,
  },
  {
    name: 'MOV SS, AX',
    code: '8e d0',
    prepare: (bench, how) => bench.cpu.setRegister(0, STACKS[how.next]),
    right: (_, esp) => ({ esp }),
    loads: true,
  },
  {
    name: 'LSS (E)SP, m',
    code: '0f b2 25 00 20 00 00',
    prepare: (bench, how) => {
      lay(bench, how, [0x99990000 | 0x6800, 0], 0x2000);
      bench.poke8(0x2000 + how.operand, STACKS[how.next]);
    },
    right: ({ operand }, esp) => ({ esp: operand === 4 ? 0x99996800 : ((esp & 0xffff0000) | 0x6800) >>> 0 }),
    loads: true,
  },
  {
    name: 'RETF 6 to the same level',
    code: 'ca 06 00',
    prepare: (bench, how) => lay(bench, how, [0x1800, codeOf(how)]),
    right: ({ operand, stack }, esp) => ({ esp: moved(stack, esp, esp + 2 * operand + 6) }),
    loads: false,
  },
  {
    name: 'RETF 6 to an outer level',
    code: 'ca 06 00',
    prepare: (bench, how) => {
      // Six bytes of parameters lie between.
      lay(bench, how, [0x1800, USER_CODES[how.code]]);
      lay(bench, how, [outerEsp(how), USER_STACKS[how.next]], TOP + 2 * how.operand + 6);
    },
    right: (how, esp) => ({ esp: moved(how.next, esp, outerEsp(how) + 6) }),
    loads: true,
  },
  {
    name: 'IRET to the same level',
    code: 'cf',
    prepare: (bench, how) => lay(bench, how, [0x1800, codeOf(how), 2]),
    right: ({ operand, stack }, esp) => ({ esp: moved(stack, esp, esp + 3 * operand) }),
    loads: false,
  },
  {
    name: 'IRET to an outer level',
    code: 'cf',
    prepare: (bench, how) =>
      lay(bench, how, [0x1800, USER_CODES[how.code], 2, outerEsp(how), USER_STACKS[how.next]]),
    right: (how, esp) => ({ esp: moved(how.next, esp, outerEsp(how)) }),
    loads: true,
  },
  {
    name: 'LEAVE',
    code: 'c9',
    prepare: (bench, how) => {
      bench.cpu.setRegister(EBP, how.stack === 2 ? EBP_BEFORE : EBP_BEFORE & 0xffff);
      lay(bench, how, [0x55554444], EBP_BEFORE & 0xffff);
    },
    right: ({ operand, stack }, esp, ebp) => ({
      esp: moved(stack, esp, (ebp & 0xffff) + operand),
      ebp: operand === 4 ? 0x55554444 : ((ebp & 0xffff0000) | 0x4444) >>> 0,
    }),
    loads: false,
  },
  {
    name: 'ENTER 8, 0',
    code: 'c8 08 00 00',
    right: ({ operand, stack }, esp, ebp) => {
      const frame = moved(stack, esp, esp - operand);
      return {
        esp: moved(stack, esp, frame - 8),
        ebp: operand === 4 ? frame : ((ebp & 0xffff0000) | (frame & 0xffff)) >>> 0,
      };
    },
    loads: false,
  },
  {
    name: 'ENTER 8, 1',
    code: 'c8 08 00 01',
    right: ({ operand, stack }, esp, ebp) => {
      const frame = moved(stack, esp, esp - operand);
      return {
        esp: moved(stack, esp, frame - operand - 8),
        ebp: operand === 4 ? frame : ((ebp & 0xffff0000) | (frame & 0xffff)) >>> 0,
      };
    },
    loads: false,
  },
  {
    name: 'POPA',
    code: '61',
    prepare: (bench, how) => lay(bench, how, [1, 2, 0x33334444, 0x66665555, 5, 6, 7, 8]),
    right: ({ operand, stack }, esp, ebp) => ({
      esp: moved(stack, esp, esp + 8 * operand),
      ebp: operand === 4 ? 0x33334444 : ((ebp & 0xffff0000) | 0x4444) >>> 0,
    }),
    loads: false,
  },
  {
    name: 'PUSHA',
    code: '60',
    right: ({ operand, stack }, esp) => ({ esp: moved(stack, esp, esp - 8 * operand) }),
    loads: false,
  },
];

const SIZES: readonly Size[] = [2, 4];
function* ways(loads: boolean): Generator<How> {
  for (const operand of SIZES)
    for (const stack of SIZES)
      for (const next of loads ? SIZES : [stack])
        for (const code of SIZES) yield { operand, stack, next, code };
}
const name = (size: Size): string => `${size * 8}`;
const inWords = ({ operand, stack, next, code }: How): string =>
  `operand ${name(operand)}, stack ${name(stack)} to ${name(next)}, code ${name(code)}`;

/** Code and stack as asked for, at CPL 0, ESP at TOP. */
function prepared(how: How, code: string, options: BenchOptions = {}): ProtectedMode {
  const bench = asNew(options);
  bench.describe(OTHER_SELECTOR, OTHER_TSS, 0x67, 0x89, 0);
  bench.describe(SMALL_SELECTOR, SMALL_TSS, 0x2b, 0x81, 0);
  for (const size of SIZES) {
    const flags = size === 4 ? WIDE : 0;
    bench.describe(STACKS[size], 0, 0xffff, DATA_0, flags);
    bench.describe(USER_STACKS[size], 0, 0xffff, DATA_3, flags);
    bench.describe(USER_CODES[size], 0, 0xffff, CODE_3, flags);
  }
  const big = how.code === 4 ? BIG : 0;
  bench.cpu.setSegment(CS, codeOf(how), 0, 0xffff, SEGMENT_PRESENT | (CODE_0 << 8) | big);
  const wide = how.stack === 4 ? BIG : 0;
  bench.cpu.setSegment(SS, STACKS[how.stack], 0, 0xffff, SEGMENT_PRESENT | (DATA_0 << 8) | wide);
  bench.cpu.setRegister(ESP, upper(how.stack) | TOP);
  bench.cpu.setRegister(EBP, EBP_BEFORE);
  // Addresses have 32 bits in every way of it.
  const bytes = [...(how.operand === how.code ? [] : [0x66]), ...(how.code === 4 ? [] : [0x67])];
  bench.pokeBytes(CODE, [...bytes, ...hexBytes(code)]);
  return bench;
}

const register = (bench: ProtectedMode, number: number): number => bench.cpu.register(number) >>> 0;

describe.each(ROWS)('$name', ({ code, prepare, right, loads }) => {
  it.each([...ways(loads)].map((how) => [inWords(how), how] as const))('%s', (_, how) => {
    for (const specialise of [true, false]) {
      const bench = prepared(how, code, { specialise });
      prepare?.(bench, how);
      const [esp, ebp] = [register(bench, ESP), register(bench, EBP)];
      bench.step();
      expect(bench.vector).toBe(-1);
      const { esp: wantedEsp, ebp: wantedEbp = ebp } = right(how, esp, ebp);
      expect([register(bench, ESP), register(bench, EBP)].map((value) => value.toString(16))).toEqual(
        [wantedEsp, wantedEbp].map((value) => (value >>> 0).toString(16)),
      );
      expect(bench.cpu.segment(SS)[3] & BIG).toBe(how.next === 4 ? BIG : 0);
    }
  });
});

describe('to an inner level', () => {
  const inner = [...ways(true)];

  it.each(inner.map((how) => [inWords(how), how] as const))('CALL through a gate, %s', (_, how) => {
    const bench = prepared(how, `9a 00 00 00 00 ${GATES[how.operand].toString(16)} 00`, {});
    // The gate has the size of the operand; code at CPL 3, with two words of parameters on its stack.
    bench.callGate(GATES[how.operand], KERNEL_CODE, 0x1800, how.operand === 4 ? 0xec : 0xe4, 2);
    if (how.code === 2) bench.pokeBytes(CODE, hexBytes(`9a 00 00 ${GATES[how.operand].toString(16)} 00`));
    else bench.pokeBytes(CODE, hexBytes(`9a 00 00 00 00 ${GATES[how.operand].toString(16)} 00`));
    enterUser(bench, how);
    lay(bench, how, [0x1111, 0x2222]);
    const esp = register(bench, ESP);
    bench.step();
    expect(bench.eip).toBe(0x1800);
    const words = 6;
    expect(register(bench, ESP)).toBe(moved(how.next, esp, INNER_TOP - words * how.operand));
    const pushed = (n: number) => wordAt(bench, how, INNER_TOP - words * how.operand + n * how.operand);
    expect([2, 3, 4, 5].map(pushed)).toEqual([0x1111, 0x2222, low(how.operand, esp), USER_STACKS[how.stack]]);
  });

  it.each(inner.map((how) => [inWords(how), how] as const))('INT through a gate, %s', (_, how) => {
    const bench = prepared(how, 'cd 40', {});
    bench.pokeBytes(CODE, [0xcd, 0x40]);
    bench.interruptGate(0x40, 0x1800, KERNEL_CODE, how.operand === 4 ? 0xee : 0xe6);
    enterUser(bench, how);
    const esp = register(bench, ESP);
    bench.step();
    expect(bench.eip).toBe(0x1800);
    expect(register(bench, ESP)).toBe(moved(how.next, esp, INNER_TOP - 5 * how.operand));
    expect(wordAt(bench, how, INNER_TOP - 2 * how.operand)).toBe(low(how.operand, esp));
  });

  /** At CPL 3 on the stack asked for, with the inner one of size `next` in the TSS. */
  function enterUser(bench: ProtectedMode, how: How): void {
    bench.poke32(TSS + 4, INNER_TOP);
    bench.poke32(TSS + 8, STACKS[how.next]);
    const flags = (size: Size) => (size === 4 ? BIG : 0);
    bench.mem.i32[CPL] = 3;
    bench.cpu.setSegment(
      CS,
      USER_CODES[how.code],
      0,
      0xffff,
      SEGMENT_PRESENT | (CODE_3 << 8) | flags(how.code),
    );
    bench.cpu.setSegment(
      SS,
      USER_STACKS[how.stack],
      0,
      0xffff,
      SEGMENT_PRESENT | (DATA_3 << 8) | flags(how.stack),
    );
  }

  const wordAt = (bench: ProtectedMode, { operand }: How, at: number): number =>
    operand === 4 ? bench.peek32(at) : bench.peek16(at);
});

describe('a task switch', () => {
  it.each(SIZES)('loads all of ESP from a TSS of 32 bits, stack of size %i', (next) => {
    const bench = prepared(
      { operand: 4, stack: 4, next, code: 4 },
      `ea 00 00 00 00 ${OTHER_SELECTOR.toString(16)} 00`,
      {},
    );
    for (const [at, value] of [
      [0x20, 0x1800],
      [0x24, 2],
      [0x38, 0x77776000],
      [0x4c, KERNEL_CODE],
      [0x50, STACKS[next]],
    ])
      bench.poke32(OTHER_TSS + at, value);
    bench.step();
    expect([bench.eip, register(bench, ESP), bench.cpu.segment(SS)[0]]).toEqual([
      0x1800,
      0x77776000,
      STACKS[next],
    ]);
  });

  it.each(SIZES)('fills the upper halves with ones from a TSS of 16 bits, stack of size %i', (next) => {
    const start = (revision: number) => {
      const how: How = { operand: 4, stack: 4, next, code: 4 };
      const bench = prepared(how, `ea 00 00 00 00 ${SMALL_SELECTOR.toString(16)} 00`, { revision });
      [
        0x1800,
        2,
        0x1111,
        0x2222,
        0x3333,
        0x4444,
        0x6000,
        0x5555,
        0x6666,
        0x7777,
        0,
        KERNEL_CODE,
        STACKS[next],
        0,
        LDT_SELECTOR,
      ].forEach((word, n) => {
        bench.pokeBytes(SMALL_TSS + 0x0e + 2 * n, [word & 0xff, word >>> 8]);
      });
      bench.cpu.setRegister(0, 0xaaaa0000 | 0);
      bench.step();
      expect(bench.eip).toBe(0x1800);
      return bench;
    };
    const now = start(2);
    expect(Array.from({ length: 8 }, (_, n) => register(now, n))).toEqual(
      [0x1111, 0x2222, 0x3333, 0x4444, 0x6000, 0x5555, 0x6666, 0x7777].map((word) => 0xffff0000 + word),
    );
    expect(register(start(1), 0)).toBe(0xaaaa1111);
  });
});

describe('IRET to virtual-8086 mode', () => {
  it.each(SIZES)('loads all of ESP, from a stack of size %i', (stack) => {
    const how: How = { operand: 4, stack, next: 2, code: 4 };
    const bench = prepared(how, 'cf', {});
    lay(bench, how, [CODE, 0, VM | 2, 0x77776000, 0, 0x101, 0x100, 0x102, 0x103]);
    bench.step();
    expect([bench.inVirtual86, register(bench, ESP)]).toEqual([true, 0x77776000]);
  });
});

describe('in virtual-8086 mode, whose stacks have 16 bits', () => {
  const raisedBy = (bytes: number) => UPPER | (0x5800 + bytes);
  it.each([
    ['POP SS', '17', raisedBy(2)],
    ['POP SS with a 32-bit operand', '66 17', raisedBy(4)],
    ['MOV SS, AX', '8e d0', raisedBy(0)],
    ['LSS SP, [2000h]', '2e 0f b2 26 00 20', UPPER | 0x6800],
    ['LSS ESP, [2000h]', '66 2e 0f b2 26 00 20', 0x99996800],
    ['RETF', 'cb', raisedBy(4)],
    ['POPA', '61', raisedBy(16)],
    ['LEAVE', 'c9', UPPER | 0x6002],
  ])('%s', (_, code, right) => {
    const bench = asNew().virtual86(0x3000);
    bench.code(code);
    bench.poke32(0x2000, 0x99996800);
    bench.poke32(0x2004, 0);
    bench.cpu.setRegister(EBP, EBP_BEFORE);
    bench.cpu.setRegister(ESP, UPPER | 0x5800);
    bench.step();
    expect(register(bench, ESP)).toBe(right >>> 0);
    expect(bench.vector).toBe(-1);
  });
});

describe('a 386 alone', () => {
  it('pops the upper half of ESP from the slot that POPAD skips, on a 16-bit stack', () => {
    const esp = (model: string, stack: Size, revision = 2) => {
      const how: How = { operand: 4, stack, next: stack, code: 4 };
      const bench = prepared(how, '61', { model, revision });
      lay(bench, how, [1, 2, 3, 0xdead1234, 5, 6, 7, 8]);
      bench.step();
      return register(bench, ESP);
    };
    expect(esp('386', 2)).toBe(0xdead7020);
    expect(esp('386', 4)).toBe(0x7020);
    expect(['486', 'pentium', 'pentiumpro'].map((model) => esp(model, 2))).toEqual(
      [UPPER, UPPER, UPPER].map((up) => up + 0x7020),
    );
    expect(esp('386', 2, 1)).toBe(UPPER + 0x7020);
  });
});

describe('old machines', () => {
  it('raise ESP by the size of the new stack, and ENTER keeps half of EBP on a 16-bit stack', () => {
    const how: How = { operand: 4, stack: 2, next: 4, code: 4 };
    const bench = prepared(how, '17', { revision: 1 });
    bench.cpu.setRegister(ESP, 0x2fffc);
    bench.poke32(0xfffc, STACKS[4]);
    bench.step();
    expect(register(bench, ESP)).toBe(0x30000);
    const enter = prepared({ ...how, next: 2 }, 'c8 08 00 00', { revision: 1 });
    enter.step();
    expect(register(enter, EBP)).toBe(0x12346ffc);
  });

  it('and now by the size that it had', () => {
    const how: How = { operand: 4, stack: 2, next: 4, code: 4 };
    const bench = prepared(how, '17', {});
    bench.cpu.setRegister(ESP, 0x2fffc);
    bench.poke32(0xfffc, STACKS[4]);
    bench.step();
    expect(register(bench, ESP)).toBe(0x20000);
  });
});
