import { describe, expect, it } from 'vitest';
import { CR4, CS, EAX, EDX, ESP, SYSTEM_FLAGS } from '../../recorder/machine/cpu/state.ts';
import {
  FREE,
  KERNEL_CODE,
  KERNEL_DATA,
  KERNEL_STACK,
  ProtectedMode,
  TSS,
  USER_STACK,
  VM,
} from './protected-mode.ts';
import { CODE, HANDLERS } from './real-mode.ts';

const IOPL_3 = 0x3000;
const IF = 0x200;
const VIF = 0x80000;
const VIP = 0x100000;
const INVALID_OPCODE = 6;
const GENERAL_PROTECTION = 13;

const at3 = (code: string, flags = 0) => new ProtectedMode().code(code).virtual86(IOPL_3 | flags);
const at0 = (code: string, flags = 0) => new ProtectedMode().code(code).virtual86(flags);
/** With VME on. */
const extended = (code: string, flags = 0) => {
  const bench = new ProtectedMode().code(code);
  bench.mmu.setCr4(1);
  return bench.virtual86(flags);
};

describe('entry by IRET', () => {
  it('loads all six segments as on an 8086, at CPL 3', () => {
    const bench = at3('90');
    expect(bench.inVirtual86).toBe(true);
    expect(bench.cpl).toBe(3);
    expect(bench.selectors).toEqual([0x101, 0, 0, 0x100, 0x102, 0x103]);
    expect(bench.cpu.segment(5)).toEqual([0x103, 0x1030, 0xffff, 0xf300]);
    expect(bench.cpu.register(ESP)).toBe(USER_STACK);
    expect(bench.eip).toBe(CODE);
  });

  it('refuses an EIP beyond 64 KB', () => {
    const bench = new ProtectedMode();
    bench.stack(0x10000, 0, VM | 2, USER_STACK, 0, 0, 0, 0, 0).code('cf');
    bench.step();
    expect(bench.vector).toBe(GENERAL_PROTECTION);
    expect(bench.inVirtual86).toBe(false);
    expect(bench.top(1)).toBe(CODE);
  });

  it('is for privilege 0 alone: elsewhere the flag does not change', () => {
    const bench = new ProtectedMode().code('cf').user();
    bench.stack(0x1234, 0x1b, VM | 2);
    bench.step();
    expect(bench.inVirtual86).toBe(false);
    expect(bench.eip).toBe(0x1234);
  });
});

describe('the task itself', () => {
  it('loads segments and transfers as on an 8086', () => {
    // mov ax, 0x234; mov ds, ax; jmp 0x10:0xf00+...
    const bench = at3('b8 34 02 8e d8 ea 08 0f 10 00');
    bench.step(3);
    expect(bench.cpu.segment(3)).toEqual([0x234, 0x2340, 0xffff, 0xf300]);
    expect(bench.cpu.segment(CS)).toEqual([0x10, 0x100, 0xffff, 0xf300]);
    expect(bench.eip).toBe(0xf08);
  });

  it.each([
    ['hlt', 'f4', GENERAL_PROTECTION],
    ['mov eax, cr0', '0f 20 c0', GENERAL_PROTECTION],
    ['lgdt [0]', '0f 01 16 00 00', GENERAL_PROTECTION],
    ['lmsw ax', '0f 01 f0', GENERAL_PROTECTION],
    ['clts', '0f 06', GENERAL_PROTECTION],
    ['sldt ax', '0f 00 c0', INVALID_OPCODE],
    ['ltr ax', '0f 00 d8', INVALID_OPCODE],
    ['verr ax', '0f 00 e0', INVALID_OPCODE],
    ['lar ax, bx', '0f 02 c3', INVALID_OPCODE],
    ['lsl ax, bx', '0f 03 c3', INVALID_OPCODE],
    ['arpl ax, bx', '63 d8', INVALID_OPCODE],
  ])('%s', (_, code, vector) => {
    const bench = at3(code);
    bench.step();
    expect(bench.vector).toBe(vector);
  });

  it('may use ports by the permission map alone, whatever IOPL is', () => {
    for (const start of [at0, at3]) {
      const bench = start('ec ec');
      bench.poke8(TSS + 0xa0 + (0x3f8 >> 3), 0xfe);
      bench.cpu.setRegister(EDX, 0x3f8);
      bench.ports.answers.set(0x3f8, 0x55);
      bench.step();
      expect(bench.cpu.register(EAX)).toBe(0x55 | (bench.cpu.register(EAX) & ~0xff));
      bench.cpu.setRegister(EDX, 0x3f9);
      bench.step();
      expect(bench.vector).toBe(GENERAL_PROTECTION);
    }
  });

  it('is a user to the pages', () => {
    const bench = at3('a0 00 00');
    // An identity map of 4 MB in which page 0x1000, where DS begins, is the supervisor's.
    bench.poke32(0x20000, 0x21007);
    for (let page = 0; page < 1024; page++) bench.poke32(0x21000 + 4 * page, (page << 12) | 7);
    bench.poke32(0x21000 + 4, 0x1003);
    bench.pokeBytes(0x2000, [0xa0, 0, 0]);
    bench.cpu.eip = 0x2000;
    bench.mmu.setCr3(0x20000);
    bench.mmu.setCr0(0x80000011);
    bench.step();
    expect(bench.vector).toBe(14);
    expect(bench.top(0)).toBe(5);
  });
});

describe('instructions that depend on IOPL', () => {
  it.each([
    ['cli', 'fa'],
    ['sti', 'fb'],
    ['pushf', '9c'],
    ['pushfd', '66 9c'],
    ['popf', '9d'],
    ['popfd', '66 9d'],
    ['int 21h', 'cd 21'],
    ['iret', 'cf'],
    ['iretd', '66 cf'],
  ])('%s is a fault below 3', (_, code) => {
    const bench = at0(code);
    bench.step();
    expect(bench.vector).toBe(GENERAL_PROTECTION);
    expect(bench.top(0)).toBe(0);
    expect(bench.top(1)).toBe(CODE);
    expect(bench.top(3) & VM).toBe(VM);
  });

  it('CLI, STI, PUSHF and POPF work at 3, but IOPL and VM stay', () => {
    const bench = at3('fa fb 9c 58 b8 00 00 50 9d');
    bench.step();
    expect(bench.mem.i32[SYSTEM_FLAGS] & IF).toBe(0);
    bench.step();
    expect(bench.mem.i32[SYSTEM_FLAGS] & IF).toBe(IF);
    bench.step(2);
    expect(bench.cpu.register(EAX) & 0xffff).toBe(0x3202);
    bench.step(3);
    expect(bench.cpu.eflags & (IF | IOPL_3 | VM)).toBe(IOPL_3 | VM);
  });

  it('IRET at 3 returns within the task', () => {
    const bench = at3('cf');
    bench.pokeBytes(USER_STACK - 6, [0x34, 0x12, 0x10, 0x00, 0x03, 0x00]);
    bench.cpu.setRegister(ESP, USER_STACK - 6);
    bench.step();
    expect([bench.eip, bench.selectors[1], bench.cpu.register(ESP)]).toEqual([0x1234, 0x10, USER_STACK]);
    expect(bench.cpu.eflags & (VM | IOPL_3 | 1)).toBe(VM | IOPL_3 | 1);
  });

  it('INT3 does not', () => {
    const bench = at0('cc');
    bench.step();
    expect(bench.vector).toBe(3);
    expect(bench.top(0)).toBe(CODE + 1);
  });
});

describe('interrupts out of the task', () => {
  it('INT n at IOPL 3 goes to privilege 0 with nine words, and IRET back', () => {
    const bench = new ProtectedMode({ record: true }).code('cd 21').virtual86(IOPL_3 | IF);
    bench.poke8(HANDLERS + 4 * 0x21, 0xcf);
    bench.events('interrupts');
    bench.step();
    expect(bench.vector).toBe(0x21);
    expect(bench.inVirtual86).toBe(false);
    expect(bench.cpl).toBe(0);
    expect(bench.cpu.register(ESP)).toBe(KERNEL_STACK - 36);
    const frame = Array.from({ length: 9 }, (_, n) => bench.top(n));
    expect(frame).toEqual([CODE + 2, 0, VM | IOPL_3 | IF | 2, USER_STACK, 0, 0x101, 0x100, 0x102, 0x103]);
    expect(bench.selectors).toEqual([0, KERNEL_CODE, KERNEL_DATA, 0, 0, 0]);
    expect(bench.cpu.eflags & (VM | IF)).toBe(0);
    expect(bench.cpu.depth).toBe(1);
    bench.step();
    expect(bench.inVirtual86).toBe(true);
    expect(bench.eip).toBe(CODE + 2);
    expect(bench.selectors).toEqual([0x101, 0, 0, 0x100, 0x102, 0x103]);
    expect(bench.cpu.depth).toBe(0);
    const [deliver, iret] = bench.events('interrupts');
    expect(deliver).toMatchObject({ vector: 0x21, depth: 0, cpl: 3 });
    expect(iret).toMatchObject({ id: deliver.id, vector: 0x21, depth: 1, cpl: 0 });
  });

  it('an IRQ does the same', () => {
    const bench = at0('90 90', IF);
    bench.requests.vector = 0x50;
    bench.step();
    expect(bench.vector).toBe(0x50);
    expect(bench.top(0)).toBe(CODE);
    expect(bench.top(2) & VM).toBe(VM);
  });

  it('a fault pushes its code on top', () => {
    const bench = at0('a1 ff ff');
    bench.step();
    expect(bench.vector).toBe(GENERAL_PROTECTION);
    expect([bench.top(0), bench.top(1), bench.top(4)]).toEqual([0, CODE, USER_STACK]);
    expect(bench.cpu.register(ESP)).toBe(KERNEL_STACK - 40);
  });

  it('only privilege 0 may handle them', () => {
    const bench = at3('cd 21');
    bench.describe(FREE, 0, 0xfffff, 0xba, 12);
    bench.interruptGate(0x21, 0x1234, FREE | 1);
    bench.step();
    expect(bench.vector).toBe(GENERAL_PROTECTION);
    expect(bench.top(0)).toBe(FREE);
  });

  it('a 16-bit gate pushes words', () => {
    const bench = at3('cd 21');
    bench.interruptGate(0x21, HANDLERS + 4 * 0x21, KERNEL_CODE, 0xe6);
    bench.step();
    expect(bench.vector).toBe(0x21);
    expect(bench.cpu.register(ESP)).toBe(KERNEL_STACK - 18);
    expect(bench.peek16(KERNEL_STACK - 2)).toBe(0x103);
  });
});

describe('VME', () => {
  it('gives the task a flag of its own', () => {
    const bench = extended('fb 9c 58 fa 9c 58');
    bench.step(3);
    expect(bench.mem.i32[SYSTEM_FLAGS] & (VIF | IF)).toBe(VIF);
    expect(bench.cpu.register(EAX) & 0xffff).toBe(0x3202);
    bench.step(3);
    expect(bench.mem.i32[SYSTEM_FLAGS] & VIF).toBe(0);
    expect(bench.cpu.register(EAX) & 0xffff).toBe(0x3002);
  });

  it('tells the monitor when the task would take an interrupt that waits', () => {
    for (const code of ['fb', '68 00 02 9d']) {
      const bench = extended(code, VIP);
      bench.step(code === 'fb' ? 1 : 2);
      expect(bench.vector).toBe(GENERAL_PROTECTION);
    }
  });

  it('32-bit forms still fault', () => {
    const bench = extended('66 9c');
    bench.step();
    expect(bench.vector).toBe(GENERAL_PROTECTION);
  });

  it('keeps INT n in the task where the redirection bitmap says so', () => {
    const bench = extended('cd 21', VIF);
    bench.poke8(TSS + 0x80 + (0x21 >> 3), 0xff & ~(1 << (0x21 & 7)));
    bench.poke32(0x21 * 4, 0x00203000);
    bench.poke8(0x3200, 0xcf);
    bench.step();
    expect(bench.inVirtual86).toBe(true);
    expect([bench.selectors[1], bench.eip]).toEqual([0x20, 0x3000]);
    const sp = bench.cpu.register(ESP);
    expect([sp, bench.peek16(sp), bench.peek16(sp + 2), bench.peek16(sp + 4)]).toEqual([
      USER_STACK - 6,
      CODE + 2,
      0,
      0x3202,
    ]);
    expect(bench.mem.i32[SYSTEM_FLAGS] & VIF).toBe(0);
    bench.step();
    expect(bench.eip).toBe(CODE + 2);
    expect(bench.mem.i32[SYSTEM_FLAGS] & (VIF | VM)).toBe(VIF | VM);
    expect(bench.cpu.depth).toBe(0);
  });

  it('sends it to the monitor where the bit is set', () => {
    const bench = extended('cd 21');
    bench.step();
    expect(bench.vector).toBe(GENERAL_PROTECTION);
  });

  it('is not there before the Pentium', () => {
    const bench = new ProtectedMode({ model: '486' }).code('fb').virtual86();
    bench.mem.i32[CR4] = 0;
    bench.step();
    expect(bench.vector).toBe(GENERAL_PROTECTION);
  });
});

describe('PVI', () => {
  it('is VIF for CLI and STI at CPL 3 in protected mode', () => {
    const bench = new ProtectedMode().code('fb fa').user();
    bench.mmu.setCr4(2);
    bench.step();
    expect(bench.mem.i32[SYSTEM_FLAGS] & (VIF | IF)).toBe(VIF);
    bench.step();
    expect(bench.mem.i32[SYSTEM_FLAGS] & (VIF | IF)).toBe(0);
  });
});
