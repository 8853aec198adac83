import { describe, expect, it } from 'vitest';
import { CS, DS, EAX, EBX, ECX, ESP, IDT_LIMIT, SS, SYSTEM_FLAGS } from '../../recorder/machine/cpu/state.ts';
import {
  CODE_16,
  DATA_0,
  DATA_16,
  FREE,
  KERNEL_CODE,
  KERNEL_DATA,
  KERNEL_STACK,
  LDT_TABLE,
  ProtectedMode,
  USER_CODE,
  USER_DATA,
  USER_STACK,
  WIDE,
} from './protected-mode.ts';
import { CODE, DATA, HANDLERS, RealMode, STACK } from './real-mode.ts';

const STACK_FAULT = 12;
const GENERAL_PROTECTION = 13;

describe('real mode', () => {
  it.each([
    ['a word across 64 KB', 'a1 ff ff', GENERAL_PROTECTION],
    ['a doubleword across 64 KB', '66 a1 fd ff', GENERAL_PROTECTION],
    ['its last byte', 'a0 ff ff', -1],
    ['the same on the stack', 'bd ff ff 8b 46 00', STACK_FAULT],
    ['a 32-bit address beyond', '67 a1 00 00 01 00', GENERAL_PROTECTION],
    ['code beyond', '66 ea 00 00 01 00 00 00', GENERAL_PROTECTION],
  ])('%s', (_, code, vector) => {
    const bench = new RealMode().start(code);
    bench.step(code.startsWith('bd') ? 2 : 1);
    expect(bench.vector).toBe(vector);
  });

  it('an odd stack pointer at the bottom ends in shutdown', () => {
    const bench = new RealMode().start('50');
    bench.cpu.setRegister(ESP, 1);
    bench.step();
    expect(bench.cpu.shutdown).toMatch(/^triple fault/);
  });

  it('beyond the limit of the interrupt table is exception 8', () => {
    const bench = new RealMode().start('cd 80');
    bench.mem.i32[IDT_LIMIT] = 0xff;
    bench.step();
    expect(bench.vector).toBe(8);
    expect(bench.peek16(STACK - 6)).toBe(CODE);
    const short = new RealMode().start('cd 80');
    short.mem.i32[IDT_LIMIT] = 0x1f;
    short.step();
    expect(short.cpu.shutdown).toMatch(/double fault/);
  });

  it('BIOS services that return by RETF 2 are closed', () => {
    const bench = new RealMode({ record: true }).start('cd 13 90');
    bench.pokeBytes(HANDLERS + 4 * 0x13, [0xca, 2, 0]);
    bench.step(2);
    expect([bench.cpu.eip, bench.cpu.register(ESP), bench.cpu.depth]).toEqual([CODE + 2, STACK, 0]);
    expect(bench.events('interrupts')).toHaveLength(2);
  });

  it('a handler that leaves without returning is given up when its frame is overwritten', () => {
    const bench = new RealMode().start('cd 20');
    bench.pokeBytes(HANDLERS + 4 * 0x20, [0x83, 0xc4, 6, 0xe9]);
    const back = CODE - (HANDLERS + 4 * 0x20 + 6);
    bench.pokeBytes(HANDLERS + 4 * 0x20 + 4, [back & 255, (back >> 8) & 255]);
    bench.step(30);
    expect(bench.cpu.depth).toBeLessThanOrEqual(1);
    expect(bench.cpu.register(ESP)).toBe(STACK);
  });
});

/** Real mode after a visit to protected mode that gave DS (and CS, by a jump there) other limits. */
function visited(model: string): RealMode {
  const bench = new RealMode({ model });
  // mov cr0, eax; mov ds, bx; dec ax; mov cr0, eax; mov ds, cx
  bench.start('0f 22 c0 8e db 48 0f 22 c0 8e d9');
  bench.pokeBytes(0x500 + 8, [0xff, 0xff, 0, 0, 0, 0x92, 0xcf, 0]);
  bench.mem.i32[64] = 0x500;
  bench.mem.i32[65] = 15;
  bench.cpu.setRegister(EAX, 0x11);
  bench.cpu.setRegister(EBX, 8);
  bench.cpu.setRegister(ECX, 0x20);
  bench.step(5);
  return bench;
}

describe('unreal mode', () => {
  it('keeps the limit that protected mode gave, under a base that real mode gives', () => {
    const bench = visited('386');
    expect(bench.cpu.cr0 & 1).toBe(0);
    const [selector, base, limit] = bench.cpu.segment(DS);
    expect([selector, base, limit]).toEqual([0x20, 0x200, -1]);
    // mov eax, [ebx] beyond 1 MB
    bench.pokeBytes(CODE + 0x20, [0x67, 0x66, 0x8b, 0x03]);
    bench.poke32(0x200200, 0x12345678);
    bench.cpu.setRegister(EBX, 0x200000);
    bench.cpu.eip = CODE + 0x20;
    bench.step();
    expect(bench.cpu.register(EAX)).toBe(0x12345678);
  });

  it.each([
    ['386', 0xffff],
    ['pentium', 0xfffff],
  ])('a far jump on a %s leaves CS with the limit %#x', (model, limit) => {
    const bench = visited(model);
    bench.cpu.setSegment(CS, 0, 0, 0xfffff, 0x9300);
    bench.pokeBytes(CODE + 0x20, [0xea, 0, 0, 0x10, 0]);
    bench.cpu.eip = CODE + 0x20;
    bench.step();
    expect(bench.cpu.segment(CS).slice(0, 3)).toEqual([0x10, 0x100, limit]);
  });

  it('code may be written through CS once protection is off', () => {
    const bench = new RealMode().start('0f 22 c0 2e a3 00 20');
    bench.cpu.setRegister(EAX, 0x11);
    bench.step();
    bench.cpu.setSegment(CS, 0, 0, 0xffff, 0x9b00);
    bench.cpu.setRegister(EAX, 0x10);
    bench.cpu.eip = CODE;
    bench.step(2);
    expect(bench.vector).toBe(-1);
    expect(bench.peek16(DATA)).toBe(0x10);
  });
});

/** In 16-bit code and stack at CPL 0. */
function small(code: string): ProtectedMode {
  const bench = new ProtectedMode().code(code);
  bench.cpu.setSegment(CS, CODE_16, 0, 0xffff, 0x9b00);
  bench.cpu.setSegment(SS, DATA_16, 0, 0xffff, 0x9300);
  return bench;
}

describe('16-bit protected mode', () => {
  it('wraps SP, and leaves the upper half of ESP alone', () => {
    const bench = small('50 58');
    bench.cpu.setRegister(ESP, 0x12340000);
    bench.step();
    expect(bench.cpu.register(ESP)).toBe(0x1234fffe);
    bench.step();
    expect(bench.cpu.register(ESP)).toBe(0x12340000);
  });

  it('interrupts through 16-bit gates push words, and IRET leaves the upper flags alone', () => {
    const bench = small('cd 30');
    bench.interruptGate(0x30, HANDLERS + 0xc0, CODE_16, 0x87);
    bench.interruptGate(0x30, HANDLERS + 0xc0, CODE_16, 0x87 | 0x60);
    bench.poke8(HANDLERS + 0xc0, 0xcf);
    bench.mem.i32[SYSTEM_FLAGS] |= 0x40000;
    bench.step();
    expect(bench.vector).toBe(0x30);
    expect(bench.cpu.register(ESP)).toBe(KERNEL_STACK - 6);
    bench.step();
    expect(bench.eip).toBe(CODE + 2);
    expect(bench.cpu.eflags & 0x40000).toBe(0x40000);
  });

  it('calls through a 16-bit gate to an inner level copy words', () => {
    const bench = new ProtectedMode();
    bench.callGate(FREE, CODE_16, 0x3000, 0xe4, 2);
    bench.code('9a 00 00 00 00 63 00').code('ca 04 00', 0x3000).user();
    const user = USER_STACK - 4;
    bench.pokeBytes(user, [0x11, 0x11, 0x22, 0x22]);
    bench.cpu.setRegister(ESP, user);
    bench.step();
    expect([bench.cpl, bench.eip, bench.cpu.register(ESP)]).toEqual([0, 0x3000, KERNEL_STACK - 12]);
    const words = [0, 2, 4, 6, 8, 10].map((at) => bench.peek16(KERNEL_STACK - 12 + at));
    expect(words).toEqual([CODE + 7, USER_CODE, 0x1111, 0x2222, user, USER_DATA]);
    bench.step();
    expect([bench.cpl, bench.eip, bench.cpu.register(ESP)]).toEqual([3, CODE + 7, USER_STACK]);
  });

  it('the new stack that is too small is a stack fault with its selector', () => {
    const bench = new ProtectedMode().code('cd 30').user();
    bench.describe(FREE, 0, 0xffff, DATA_0, WIDE);
    bench.pokeBytes(0x12000 + 4, [8, 0, 0, 0, FREE]);
    bench.interruptGate(STACK_FAULT, 0, 0x48, 0xe5);
    // The task that takes it.
    for (const [at, value] of [
      [0x20, 0x3000],
      [0x38, 0x5000],
      [0x4c, KERNEL_CODE],
      [0x50, KERNEL_DATA],
    ]) {
      bench.poke32(0x13000 + at, value);
    }
    bench.poke8(0x3000, 0x90);
    bench.step();
    expect(bench.cpu.register(ESP)).toBe(0x4ffc);
    expect(bench.top(0)).toBe(FREE);
  });
});

describe('expand-down segments', () => {
  it.each([
    ['below the limit', 0xfff, 0, GENERAL_PROTECTION],
    ['above the limit', 0x1000, 0, -1],
    ['up to 64 KB', 0xfffc, 0, -1],
    ['across 64 KB', 0xfffd, 0, GENERAL_PROTECTION],
    ['across 64 KB with B', 0xfffd, WIDE, -1],
  ])('%s', (_, offset, wide, vector) => {
    const bench = new ProtectedMode().code('8e d9 8b 03');
    bench.describe(FREE, 0, 0xfff, 0x96, wide);
    bench.cpu.setRegister(ECX, FREE);
    bench.cpu.setRegister(EBX, offset);
    bench.step(2);
    expect(bench.vector).toBe(vector);
  });
});

describe('local descriptors', () => {
  it('are those of the table in LDTR', () => {
    const bench = new ProtectedMode().code('0f 00 d0 8e d9');
    bench.cpu.setRegister(EAX, 0x40);
    bench.cpu.setRegister(ECX, 0x0c);
    bench.pokeBytes(LDT_TABLE + 8, [0xff, 0xff, 0x78, 0x56, 0x34, 0x92, 0x40, 0x12]);
    bench.step(2);
    expect(bench.cpu.segment(DS)).toEqual([0x0c, 0x12345678, 0xffff, 0x409300]);
  });
});
