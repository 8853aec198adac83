import { beforeEach, describe, expect, it } from 'vitest';
import { EAX, ECX, EDX } from '../../recorder/machine/cpu/state.ts';
import { INTERRUPT_OP, INTERRUPT_SOURCE } from '../../schemas/events.ts';
import { assemble, callTo, le, load } from './assemble.ts';
import { KERNEL_CODE, KERNEL_STACK, ProtectedMode, USER_STACK } from './protected-mode.ts';
import { CODE as START } from './real-mode.ts';

/** Interrupt frames of SYSENTER (cpu/interrupt-depth.ts, followed-frames.ts), by what kernels do. */

const ENTRY = 0x3000;
const FUNCTION = 0x3800;
const VECTOR = 0x80;
const IRQ = 0x81;
const HANDLER = 0x3900;
/** The stack at which SYSENTER begins; above it the address of the stack of the thread, as in Linux's TSS. */
const ENTRY_STACK = 0x24f00;
const THREAD = 0x27000;
const OTHER_THREAD = 0x29000;
const SAVED = 0x4f00;
/** The address at which user mode calls the kernel. */
const CODE = START + 6;
/** An entry of the page table in force. */
const PTE = 0x21000 + 4 * 0x300;

const toThread = `8b 64 24 04`; //                             mov esp, [esp + 4]
const back = [load('eax', ENTRY_STACK - 8), '89 c4']; //       mov esp, eax
const sysexit = (to: number) => [load('ecx', USER_STACK), load('edx', to), '0f 35'];
const callFunction = (here: number) => callTo(here, FUNCTION);
const setThread = (top: number) => bench.poke32(ENTRY_STACK + 4, top);

let bench: ProtectedMode;
beforeEach(() => {
  bench = machine();
});

/** At CPL 3 with paging on, and about to make system calls by instructions of 2 bytes at CODE. */
function machine(options: { eventRevision?: number } = {}): ProtectedMode {
  const made = new ProtectedMode({ model: 'pentiumpro,+sep', record: true, ...options });
  [KERNEL_CODE, ENTRY_STACK, ENTRY].forEach((value, n) => {
    made.code('0f 30', 0x980);
    made.cpu.setRegister(ECX, 0x174 + n);
    made.cpu.setRegister(EDX, 0);
    made.cpu.setRegister(EAX, value);
    made.cpu.eip = 0x980;
    made.step();
  });
  made.interruptGate(VECTOR, HANDLER);
  made.interruptGate(IRQ, HANDLER);
  // nop; ret
  made.code('90 c3', FUNCTION);
  // mov ax, 23h; mov ds, ax
  made.paging().code('66 b8 23 00 8e d8 0f 34 0f 34 0f 34').user();
  made.step(2);
  made.events('stack_switches');
  made.events('interrupts');
  made.poke32(ENTRY_STACK + 4, THREAD);
  return made;
}

/** Steps to an address; the depth on the way there, instruction by instruction. */
function depthsTo(address: number): number[] {
  const depths: number[] = [];
  for (let n = 0; n < 200; n++) {
    bench.step();
    if (bench.cpu.eip === address) return [...new Set(depths)];
    depths.push(bench.cpu.depth);
  }
  throw new Error(`never came to ${address.toString(16)}`);
}

const told = () =>
  bench
    .events('interrupts')
    .filter(({ op }) => INTERRUPT_OP[op] !== 'raise')
    .map(({ op, id, reached }) => [INTERRUPT_OP[op], id, ...(INTERRUPT_OP[op] === 'iret' ? [reached] : [])]);

describe('a call that stays on the stack it begins on', () => {
  it('is a frame from SYSENTER to SYSEXIT, with what is written inside', () => {
    const write = `c7 05 ${le(PTE)} ${le(0x00300003)}`; //     mov dword [PTE], 300003h
    bench.code(assemble(ENTRY, callFunction, write, ...sysexit(CODE + 2)), ENTRY);
    expect(depthsTo(CODE + 2)).toEqual([1]);
    expect([bench.cpu.depth, bench.cpu.frameId]).toEqual([0, 0]);
    const [enter, exit] = bench.events('interrupts');
    const both = { id: 1, parent: 0, vector: 0, irq: 255, source: INTERRUPT_SOURCE.indexOf('sysenter') };
    expect(enter).toMatchObject({ ...both, op: 1, eip: CODE, cpl: 3, depth: 0, target_eip: ENTRY });
    expect(enter).toMatchObject({ esp: ENTRY_STACK, interrupted_cpl: 3 });
    expect(exit).toMatchObject({
      ...both,
      op: 2,
      cpl: 0,
      depth: 1,
      frame_id: 1,
      reached: 1,
      target_eip: CODE + 2,
    });
    const writes = bench.events('paging_writes').filter(({ icount }) => icount > enter.icount);
    expect(writes.filter(({ physical }) => physical === PTE)).toMatchObject([
      { depth: 1, frame_id: 1, new: 0x00300003 },
    ]);
    expect(bench.events('stack_switches').map(({ reason }) => reason)).toEqual([0, 1]);
  });

  it('calls nothing in a stub', () => {
    bench.code(assemble(ENTRY, ...sysexit(CODE + 2)), ENTRY);
    depthsTo(CODE + 2);
    expect(told()).toEqual([
      ['deliver', 1],
      ['iret', 1, 0],
    ]);
  });

  it('has what interrupts it inside', () => {
    // sti; nop; nop
    bench.code(assemble(ENTRY, 'fb 90 90', callFunction, ...sysexit(CODE + 2)), ENTRY).code('90 cf', HANDLER);
    bench.requests.vector = IRQ;
    expect(depthsTo(CODE + 2)).toEqual([1, 2]);
    const rows = bench.events('interrupts');
    expect(rows.map(({ op, id, parent }) => [INTERRUPT_OP[op], id, parent])).toEqual([
      ['deliver', 1, 0],
      ['deliver', 2, 1],
      ['iret', 2, 1],
      ['iret', 1, 0],
    ]);
    expect(bench.cpu.depth).toBe(0);
  });

  it('and of these debuggers know where EIP was pushed', () => {
    bench.code(assemble(ENTRY, 'cd 80', ...sysexit(CODE + 2)), ENTRY).code('cd 81 cf', HANDLER);
    bench.interruptGate(IRQ, HANDLER + 2);
    depthsTo(HANDLER + 2);
    expect(bench.cpu.depth).toBe(3);
    expect(bench.cpu.pushedFrames).toEqual([ENTRY_STACK - 12, ENTRY_STACK - 24]);
  });

  it('ends at an IRET to user mode too', () => {
    const words = [0x23, USER_STACK, 2, 0x1b, CODE + 2];
    const code = assemble(ENTRY, callFunction, ...words.map((word) => `68 ${le(word)}`), 'cf');
    bench.code(code, ENTRY);
    expect(depthsTo(CODE + 2)).toEqual([1]);
    expect([bench.cpu.depth, bench.cpu.frameId]).toEqual([0, 0]);
    expect(told()).toEqual([
      ['deliver', 1],
      ['iret', 1, 1],
    ]);
  });

  it('also by the rule of older traces', () => {
    bench = machine({ eventRevision: 0 });
    bench.code(assemble(ENTRY, callFunction, ...sysexit(CODE + 2)), ENTRY);
    expect(depthsTo(CODE + 2)).toEqual([1]);
    expect(told()).toEqual([
      ['deliver', 1],
      ['iret', 1, 1],
    ]);
  });
});

describe('a call whose entry code goes to the stack of the thread', () => {
  const entry = assemble(ENTRY, toThread, callFunction, ...back, ...sysexit(CODE + 2));

  it('stays inside, there and on its way back', () => {
    bench.code(entry, ENTRY);
    expect(depthsTo(CODE + 2)).toEqual([1]);
    expect(bench.cpu.depth).toBe(0);
    expect(told()).toEqual([
      ['deliver', 1],
      ['iret', 1, 1],
    ]);
  });

  it('keeps two threads apart that use one entry stack', () => {
    // The first saves its stack and goes to the second, which never ran: it returns to user mode by a frame made for it.
    const sleeps = assemble(
      ENTRY,
      toThread,
      callFunction,
      `89 25 ${le(SAVED)}`, //                 mov [SAVED], esp
      load('esp', OTHER_THREAD - 20),
      'cf',
    );
    bench.code(sleeps, ENTRY);
    [CODE + 2, 0x1b, 2, USER_STACK, 0x23].forEach((word, n) => {
      bench.poke32(OTHER_THREAD - 20 + 4 * n, word);
    });
    expect(depthsTo(CODE + 2)).toEqual([1, 0]);
    expect(told()).toEqual([['deliver', 1]]);
    // That calls too, and wakes the first, whose call returns.
    const wakes = assemble(
      ENTRY,
      toThread,
      callFunction,
      `8b 25 ${le(SAVED)}`, //                 mov esp, [SAVED]
      ...back,
      ...sysexit(CODE + 4),
    );
    setThread(OTHER_THREAD);
    bench.code(wakes, ENTRY);
    expect(depthsTo(CODE + 4)).toEqual([1]);
    expect(told()).toEqual([
      ['deliver', 2],
      ['iret', 1, 1],
    ]);
    expect(bench.cpu.depth).toBe(0);
  });

  it('ends when its thread never returned and its stack begins anew', () => {
    const exits = assemble(ENTRY, toThread, callFunction, '50 50 50', load('esp', OTHER_THREAD - 20), 'cf');
    bench.code(exits, ENTRY);
    [CODE + 2, 0x1b, 2, USER_STACK, 0x23].forEach((word, n) => {
      bench.poke32(OTHER_THREAD - 20 + 4 * n, word);
    });
    depthsTo(CODE + 2);
    expect(told()).toEqual([['deliver', 1]]);
    bench.code(assemble(ENTRY, toThread, callFunction, ...back, ...sysexit(CODE + 4)), ENTRY);
    depthsTo(CODE + 4);
    expect(told()).toEqual([
      ['deliver', 2],
      ['abandon', 1],
      ['iret', 2, 1],
    ]);
  });

  it('is not what an interrupt of user mode meanwhile returns from', () => {
    const sleeps = assemble(ENTRY, toThread, callFunction, load('esp', OTHER_THREAD - 20), 'cf');
    bench.code(sleeps, ENTRY).code('90 cf', HANDLER);
    [CODE + 2, 0x1b, 0x202, USER_STACK, 0x23].forEach((word, n) => {
      bench.poke32(OTHER_THREAD - 20 + 4 * n, word);
    });
    bench.code('90 90', CODE + 2);
    depthsTo(CODE + 2);
    bench.requests.vector = IRQ;
    expect(depthsTo(CODE + 3)).toEqual([1, 0]);
    expect(told()).toEqual([
      ['deliver', 1],
      ['deliver', 2],
      ['iret', 2, 0],
    ]);
    expect(bench.cpu.pushedFrames).not.toContain(KERNEL_STACK - 20);
  });
});
