import { describe, expect, it } from 'vitest';
import { CS, DS, EAX, ECX, EDX, ESP, SS } from '../../recorder/machine/cpu/state.ts';
import type { BenchOptions } from './bench.ts';
import {
  KERNEL_CODE,
  KERNEL_DATA,
  KERNEL_STACK,
  ProtectedMode,
  USER_CODE,
  USER_DATA,
  USER_STACK,
  VM,
} from './protected-mode.ts';
import { CODE, RealMode } from './real-mode.ts';

/** SYSENTER and SYSEXIT (SDM volume 2). */

const INVALID_OPCODE = 6;
const GENERAL_PROTECTION = 13;
const SYSENTER = '0f 34';
const SYSEXIT = '0f 35';
const ENTRY = 0x3000;
const TOP = 0x22000;
/** Attributes that both load: present, accessed, 32-bit, in pages; code that can be read, data that can be written. */
const FLAT_CODE = 0xc09b00;
const FLAT_DATA = 0xc09300;
const DPL_3 = 0x6000;
const IF = 0x200;

function write(bench: ProtectedMode, msr: number, value: number): void {
  const at = 0x980;
  bench.code('0f 30', at);
  bench.cpu.setRegister(ECX, msr);
  bench.cpu.setRegister(EDX, 0);
  bench.cpu.setRegister(EAX, value);
  bench.cpu.eip = at;
  bench.step();
}

/** At CPL 0, with the three registers set, and about to execute `code` at CODE. */
function ready(code: string, options: BenchOptions = {}, cs = KERNEL_CODE): ProtectedMode {
  const bench = new ProtectedMode({ model: 'pentiumpro,+sep', ...options }).code(code);
  [cs, TOP, ENTRY].forEach((value, n) => {
    write(bench, 0x174 + n, value);
  });
  bench.cpu.eip = CODE;
  return bench;
}

describe.each([true, false])('by micro-ops: %s', (specialise) => {
  it('SYSENTER goes from user mode to the kernel by the three registers alone', () => {
    const bench = ready(SYSENTER, { specialise })
      .code('9c', ENTRY)
      .user(IF | 0x8d5);
    bench.step();
    const { cpu } = bench;
    expect([cpu.eip, cpu.cpl, cpu.register(ESP)]).toEqual([ENTRY, 0, TOP]);
    expect(cpu.segment(CS)).toEqual([KERNEL_CODE, 0, -1, FLAT_CODE]);
    expect(cpu.segment(SS)).toEqual([KERNEL_DATA, 0, -1, FLAT_DATA]);
    expect(cpu.eflags).toBe(0x8d7);
    // pushfd: the stack is there, and nothing was pushed on it before.
    bench.step();
    expect([cpu.register(ESP), bench.top(0)]).toEqual([TOP - 4, 0x8d7]);
  });

  it('and SYSEXIT back, by ECX and EDX', () => {
    // mov ecx, USER_STACK; mov edx, CODE + 2; sysexit
    const bench = ready(`${SYSENTER} 9c`, { specialise })
      .code(`b9 00 60 00 00 ba 02 10 00 00 ${SYSEXIT}`, ENTRY)
      .user();
    const edx = CODE + 2;
    bench.poke32(ENTRY + 6, edx);
    const data = bench.cpu.segment(DS);
    bench.step(4);
    const { cpu } = bench;
    expect([cpu.eip, cpu.cpl, cpu.register(ESP)]).toEqual([edx, 3, USER_STACK]);
    expect(cpu.segment(CS)).toEqual([USER_CODE, 0, -1, FLAT_CODE | DPL_3]);
    expect(cpu.segment(SS)).toEqual([USER_DATA, 0, -1, FLAT_DATA | DPL_3]);
    // It takes nothing from data segments, as a return by IRET does.
    expect(cpu.segment(DS)).toEqual(data);
    // pushfd, at CPL 3.
    bench.step();
    expect([cpu.eip, cpu.register(ESP)]).toEqual([edx + 1, USER_STACK - 4]);
  });
});

it('the selectors come from the register and not from tables: RPL and all', () => {
  const bench = ready(SYSENTER, {}, 0x7f3).user();
  bench.step();
  expect([CS, SS].map((segment) => bench.cpu.segment(segment)[0])).toEqual([0x7f0, 0x7f8]);
  const back = ready(SYSEXIT, {}, 0x7f1);
  back.cpu.setRegister(ECX, USER_STACK);
  back.cpu.setRegister(EDX, CODE);
  back.step();
  expect([CS, SS].map((segment) => back.cpu.segment(segment)[0])).toEqual([0x803, 0x80b]);
});

it('SYSENTER leaves virtual-8086 mode', () => {
  const bench = ready(SYSENTER).virtual86(IF);
  bench.step();
  expect([bench.cpu.eip, bench.cpu.cpl, bench.inVirtual86]).toEqual([ENTRY, 0, false]);
  expect(bench.cpu.eflags & (VM | IF)).toBe(0);
});

describe('#GP(0)', () => {
  const refused = (bench: ProtectedMode) => {
    const { eip } = bench.cpu;
    bench.step();
    expect(bench.vector).toBe(GENERAL_PROTECTION);
    expect([bench.top(0), bench.top(1)]).toEqual([0, eip]);
  };

  it('without a selector, whatever its RPL', () => {
    for (const cs of [0, 3]) {
      refused(ready(SYSENTER, {}, cs));
      refused(ready(SYSENTER, {}, cs).user());
      refused(ready(SYSEXIT, {}, cs));
    }
  });

  it('of SYSEXIT, outside of CPL 0', () => {
    refused(ready(SYSEXIT).user());
    const virtual = ready(SYSEXIT).virtual86();
    virtual.step();
    expect(virtual.vector).toBe(GENERAL_PROTECTION);
  });

  it.each([SYSENTER, SYSEXIT])('of %s, in real mode', (code) => {
    const bench = new RealMode({ model: 'pentiumpro,+sep' }).start(code);
    bench.step();
    expect(bench.vector).toBe(GENERAL_PROTECTION);
  });
});

describe('MSRs 174h to 176h', () => {
  const read = (bench: ProtectedMode, msr: number) => {
    bench.code('0f 32', 0x990);
    bench.cpu.setRegister(ECX, msr);
    bench.cpu.setRegister(EDX, 7);
    bench.cpu.eip = 0x990;
    bench.step();
    return [bench.cpu.register(EDX), bench.cpu.register(EAX)];
  };

  it('keep 32 bits, and are 0 after a reset', () => {
    const bench = ready('90');
    expect([0x174, 0x175, 0x176].map((msr) => read(bench, msr))).toEqual([
      [0, KERNEL_CODE],
      [0, TOP],
      [0, ENTRY],
    ]);
    const fresh = new ProtectedMode({ model: 'pentiumpro,+sep' });
    expect([0x174, 0x175, 0x176].map((msr) => read(fresh, msr)[1])).toEqual([0, 0, 0]);
  });

  it('are none without `sep`', () => {
    for (const msr of [0x174, 0x175, 0x176]) {
      const bench = new ProtectedMode({ model: 'pentiumpro' });
      read(bench, msr);
      expect(bench.vector).toBe(GENERAL_PROTECTION);
    }
  });
});

it.each([SYSENTER, SYSEXIT])('%s takes no LOCK, and is #UD without `sep`', (code) => {
  const locked = ready(`f0 ${code}`);
  locked.step();
  expect(locked.vector).toBe(INVALID_OPCODE);
  for (const model of ['386', '486', 'pentium', 'pentiumpro']) {
    const bench = new ProtectedMode({ model }).code(code);
    bench.step();
    expect(bench.vector).toBe(INVALID_OPCODE);
    expect(bench.cpu.register(ESP)).toBe(KERNEL_STACK - 12);
  }
});

it('the trap of a single step comes at the first instruction of the kernel', () => {
  const bench = ready(SYSENTER).user(0x102);
  bench.step();
  expect([bench.vector, bench.top(0)]).toEqual([1, ENTRY]);
});
