import { describe, expect, it } from 'vitest';
import { CR0, CR3, DR, EAX, EBX, ECX, ESP, SYSTEM_FLAGS, TR } from '../../recorder/machine/cpu/state.ts';
import {
  CODE_16,
  DATA_16,
  KERNEL_CODE,
  KERNEL_DATA,
  LDT_SELECTOR,
  OTHER_SELECTOR,
  OTHER_TSS,
  ProtectedMode,
  SMALL_SELECTOR,
  SMALL_TSS,
  TASK_GATE,
  TSS,
  TSS_SELECTOR,
  USER_CODE,
  USER_DATA,
  VM,
} from './protected-mode.ts';
import { CODE, HANDLERS } from './real-mode.ts';

const NT = 0x4000;
const BUSY = 2;
const ENTRY = 0x3000;
const OTHER_STACK = 0x5000;
const INVALID_TSS = 10;
const SEGMENT_NOT_PRESENT = 11;
const STACK_FAULT = 12;
const GENERAL_PROTECTION = 13;

interface Task {
  readonly eip?: number;
  readonly flags?: number;
  readonly cs?: number;
  readonly ss?: number;
  readonly ds?: number;
  readonly ldt?: number;
  readonly cr3?: number;
  readonly trap?: number;
}

/** A machine whose other tasks are filled in. */
function machine(code: string, task: Task = {}): ProtectedMode {
  const bench = new ProtectedMode({ record: true }).code(code);
  const { eip = ENTRY, flags = 2, cs = KERNEL_CODE, ss = KERNEL_DATA, ds = KERNEL_DATA } = task;
  const word = (offset: number, value: number) => bench.poke32(OTHER_TSS + offset, value);
  word(0x1c, task.cr3 ?? 0);
  word(0x20, eip);
  word(0x24, flags);
  for (let n = 0; n < 8; n++) word(0x28 + 4 * n, 0x11110000 * n + n);
  word(0x28 + 16, OTHER_STACK);
  [ds, cs, ss, ds, 0, 0].forEach((selector, n) => {
    word(0x48 + 4 * n, selector);
  });
  word(0x60, task.ldt ?? 0);
  word(0x64, task.trap ?? 0);
  const small = (offset: number, value: number) =>
    bench.pokeBytes(SMALL_TSS + offset, [value & 255, value >> 8]);
  small(0x0e, ENTRY);
  small(0x10, 2);
  for (let n = 0; n < 8; n++) small(0x12 + 2 * n, 0x100 * n + n);
  small(0x12 + 8, OTHER_STACK);
  [DATA_16, CODE_16, DATA_16, DATA_16].forEach((selector, n) => {
    small(0x22 + 2 * n, selector);
  });
  bench.cpu.setRegister(EBX, 0xb0b0b0b0 | 0);
  return bench;
}

const far = (opcode: string, selector: number) =>
  `${opcode} 00 00 00 00 ${selector.toString(16).padStart(2, '0')} 00`;
const JUMP = 'ea';
const CALL = '9a';
const busy = (bench: ProtectedMode, selector: number) => (bench.access(selector) & BUSY) !== 0;

describe('JMP to a TSS', () => {
  it('saves the old task, loads the new one, and moves the busy bit', () => {
    const bench = machine(far(JUMP, OTHER_SELECTOR), { flags: 0x247 });
    bench.events('stack_switches');
    bench.step();
    const { cpu, mem } = bench;
    expect(bench.eip).toBe(ENTRY);
    expect(cpu.segment(TR)[0]).toBe(OTHER_SELECTOR);
    expect([cpu.register(ECX), cpu.register(EBX) >>> 0, cpu.register(ESP)]).toEqual([
      0x11110001,
      0x33330003,
      OTHER_STACK,
    ]);
    expect(cpu.eflags).toBe(0x247);
    expect(mem.i32[CR0] & 8).toBe(8);
    expect([busy(bench, TSS_SELECTOR), busy(bench, OTHER_SELECTOR)]).toEqual([false, true]);
    expect([bench.peek32(TSS + 0x20), bench.peek32(TSS + 0x34), bench.peek32(TSS + 0x4c)]).toEqual([
      CODE + 7,
      0xb0b0b0b0,
      KERNEL_CODE,
    ]);
    expect(bench.events('stack_switches')).toMatchObject([{ reason: 4 }]);
  });

  it('goes through a task gate as well', () => {
    const bench = machine(far(JUMP, TASK_GATE));
    bench.step();
    expect([bench.eip, bench.cpu.segment(TR)[0]]).toEqual([ENTRY, OTHER_SELECTOR]);
  });

  it('switches directories, and flushes', () => {
    const bench = machine(far(JUMP, OTHER_SELECTOR), { cr3: 0x22000 });
    for (const [directory, table] of [
      [0x20000, 0x21000],
      [0x22000, 0x23000],
    ]) {
      bench.poke32(directory, table | 7);
      for (let page = 0; page < 1024; page++) bench.poke32(table + 4 * page, (page << 12) | 7);
    }
    bench.poke32(0x23000 + 4 * (ENTRY >> 12), 0x30007);
    bench.pokeBytes(0x30000, [0xb8, 1, 2, 3, 4]);
    bench.mmu.setCr3(0x20000);
    bench.mmu.setCr0(0x80000011 | 0);
    bench.step(2);
    expect(bench.mem.i32[CR3]).toBe(0x22000);
    expect(bench.cpu.register(EAX)).toBe(0x04030201);
  });

  it('without paging leaves CR3 alone', () => {
    const bench = machine(far(JUMP, OTHER_SELECTOR), { cr3: 0x22000 });
    bench.step();
    expect(bench.mem.i32[CR3]).toBe(0);
  });

  it('may go to virtual-8086 mode', () => {
    const bench = machine(far(JUMP, OTHER_SELECTOR), { flags: VM | 2, cs: 0x100, ss: 0x200, ds: 0x300 });
    bench.step();
    expect([bench.inVirtual86, bench.cpl]).toEqual([true, 3]);
    expect(bench.cpu.segment(1)).toEqual([0x100, 0x1000, 0xffff, 0xf300]);
    expect(bench.selectors.slice(0, 4)).toEqual([0x300, 0x100, 0x200, 0x300]);
  });

  it('may go to an outer privilege', () => {
    const bench = machine(far(JUMP, OTHER_SELECTOR), { cs: USER_CODE, ss: USER_DATA, ds: USER_DATA });
    bench.step();
    expect([bench.cpl, bench.eip]).toEqual([3, ENTRY]);
  });

  it('loads the local table first', () => {
    const bench = machine(far(JUMP, OTHER_SELECTOR), { ldt: LDT_SELECTOR, ds: 4 });
    bench.pokeBytes(0x15000, [0xff, 0xff, 0, 0, 1, 0x92, 0x40, 0]);
    bench.step();
    expect(bench.cpu.segment(3)).toEqual([4, 0x10000, 0xffff, 0x409300]);
  });

  it('turns the local breakpoints off', () => {
    const bench = machine(far(JUMP, OTHER_SELECTOR));
    bench.mem.i32[DR + 7] = 0x4ff;
    bench.step();
    expect(bench.mem.i32[DR + 7]).toBe(0x4aa);
  });
});

describe('CALL to a TSS and IRET from it', () => {
  it('nest: NT, the back link, and both busy', () => {
    const bench = machine(far(CALL, OTHER_SELECTOR)).code('cf', ENTRY);
    bench.step();
    expect(bench.mem.i32[SYSTEM_FLAGS] & NT).toBe(NT);
    expect(bench.peek16(OTHER_TSS)).toBe(TSS_SELECTOR);
    expect([busy(bench, TSS_SELECTOR), busy(bench, OTHER_SELECTOR)]).toEqual([true, true]);
    bench.step();
    expect(bench.eip).toBe(CODE + 7);
    expect(bench.cpu.register(EBX) >>> 0).toBe(0xb0b0b0b0);
    expect(bench.cpu.segment(TR)[0]).toBe(TSS_SELECTOR);
    expect(bench.mem.i32[SYSTEM_FLAGS] & NT).toBe(0);
    expect([busy(bench, TSS_SELECTOR), busy(bench, OTHER_SELECTOR)]).toEqual([true, false]);
    // Left by IRET, its image has NT clear and resumes after the IRET.
    expect(bench.peek32(OTHER_TSS + 0x24) & NT).toBe(0);
    expect(bench.peek32(OTHER_TSS + 0x20)).toBe(ENTRY + 1);
  });

  it('IRET refuses a back link that is no busy TSS', () => {
    const bench = machine('cf');
    bench.mem.i32[SYSTEM_FLAGS] |= NT;
    bench.poke32(TSS, OTHER_SELECTOR);
    bench.step();
    expect([bench.vector, bench.top(0)]).toEqual([INVALID_TSS, OTHER_SELECTOR]);
  });
});

describe('a 16-bit TSS', () => {
  it('has words and four segments', () => {
    const bench = machine(far(CALL, SMALL_SELECTOR)).code('cf', ENTRY);
    bench.step();
    expect(bench.eip).toBe(ENTRY);
    expect(bench.cpu.register(ECX) & 0xffff).toBe(0x0101);
    expect(bench.selectors).toEqual([DATA_16, CODE_16, DATA_16, DATA_16, 0, 0]);
    expect(bench.peek16(SMALL_TSS)).toBe(TSS_SELECTOR);
    bench.step();
    expect([bench.eip, bench.cpu.register(EBX) >>> 0]).toEqual([CODE + 7, 0xb0b0b0b0]);
    expect(bench.peek16(SMALL_TSS + 0x0e)).toBe(ENTRY + 1);
  });

  it('gives the stacks of inner levels from its own places', () => {
    const bench = machine(far(JUMP, SMALL_SELECTOR));
    // CS and SS of privilege 3; SP0 and SS0.
    bench.describe(0x60, 0, 0xffff, 0xfa, 0);
    bench.describe(0x68, 0, 0xffff, 0xf2, 0);
    bench.pokeBytes(SMALL_TSS + 0x22, [0x6b, 0, 0x63, 0, 0x6b, 0, 0x6b, 0]);
    bench.pokeBytes(SMALL_TSS + 2, [0, 0x48, DATA_16, 0]);
    bench.code('cd 30', ENTRY);
    bench.interruptGate(0x30, HANDLERS + 0xc0, CODE_16, 0xe6);
    bench.step(2);
    expect([bench.vector, bench.cpl]).toEqual([0x30, 0]);
    expect(bench.cpu.register(ESP) & 0xffff).toBe(0x47f6);
    expect([0, 2, 4, 6, 8].map((n) => bench.peek16(0x47f6 + n))).toEqual([
      ENTRY + 2,
      0x63,
      bench.peek16(0x47f6 + 4),
      OTHER_STACK,
      0x6b,
    ]);
  });
});

describe('interrupts through a task gate', () => {
  it('nest, and IRET goes back; the depth with them', () => {
    const bench = machine('cd 30 90').code('cf', ENTRY);
    bench.interruptGate(0x30, 0, OTHER_SELECTOR, 0xe5);
    bench.step();
    expect([bench.eip, bench.cpu.register(ESP)]).toEqual([ENTRY, OTHER_STACK]);
    bench.step();
    expect(bench.eip).toBe(CODE + 2);
    expect(bench.cpu.depth).toBe(0);
  });

  it('put the error code on the stack of the new task', () => {
    const bench = machine('8e d8');
    bench.interruptGate(GENERAL_PROTECTION, 0, OTHER_SELECTOR, 0xe5);
    bench.cpu.setRegister(EAX, 0x1230);
    bench.step(0);
    bench.code('90', ENTRY);
    bench.step();
    expect(bench.cpu.register(ESP)).toBe(OTHER_STACK - 4);
    expect(bench.top(0)).toBe(0x1230);
    expect(bench.peek32(TSS + 0x20)).toBe(CODE);
  });
});

describe('refusals', () => {
  const fault = (
    task: Task,
    prepare: (bench: ProtectedMode) => void = () => {},
    selector = OTHER_SELECTOR,
  ) => {
    const bench = machine(far(JUMP, selector), task);
    prepare(bench);
    bench.step();
    return [bench.vector, bench.top(0), bench.cpu.segment(TR)[0]];
  };

  it('before the switch are the old task’s', () => {
    expect(fault({}, (b) => b.describe(OTHER_SELECTOR, OTHER_TSS, 0x67, 0x8b, 0))).toEqual([
      GENERAL_PROTECTION,
      OTHER_SELECTOR,
      TSS_SELECTOR,
    ]);
    expect(fault({}, (b) => b.describe(OTHER_SELECTOR, OTHER_TSS, 0x67, 0x09, 0))).toEqual([
      SEGMENT_NOT_PRESENT,
      OTHER_SELECTOR,
      TSS_SELECTOR,
    ]);
    expect(fault({}, (b) => b.describe(OTHER_SELECTOR, OTHER_TSS, 0x66, 0x89, 0))).toEqual([
      INVALID_TSS,
      OTHER_SELECTOR,
      TSS_SELECTOR,
    ]);
  });

  it('after it are the new task’s', () => {
    // The handler runs on the stack of the new task where that is good.
    const [vector, code, task] = fault({ ds: 0x2f8 });
    expect([vector, code, task]).toEqual([INVALID_TSS, 0x2f8, OTHER_SELECTOR]);
    expect(fault({ ldt: KERNEL_DATA }).slice(2)).toEqual([OTHER_SELECTOR]);
    const notPresent = (b: ProtectedMode) => b.describe(0x60, 0, 0xfffff, 0x12, 12);
    expect(fault({ ds: 0x60 }, notPresent)).toEqual([SEGMENT_NOT_PRESENT, 0x60, OTHER_SELECTOR]);
  });

  it('of a stack segment cannot be handled on that stack', () => {
    const bench = machine(far(JUMP, OTHER_SELECTOR), { ss: 0x60 });
    bench.describe(0x60, 0, 0xfffff, 0x12, 12);
    bench.describe(SMALL_SELECTOR, SMALL_TSS, 0x2b, 0x81, 0);
    bench.interruptGate(STACK_FAULT, 0, SMALL_SELECTOR, 0xe5);
    bench.code('90', ENTRY);
    bench.step();
    expect(bench.cpu.segment(TR)[0]).toBe(SMALL_SELECTOR);
    expect(bench.peek16(bench.cpu.register(ESP) & 0xffff)).toBe(0x60);
    expect(bench.peek16(SMALL_TSS)).toBe(OTHER_SELECTOR);
  });
});
