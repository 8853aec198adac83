import { beforeEach, describe, expect, it } from 'vitest';
import { ESP } from '../../recorder/machine/cpu/state.ts';
import { INTERRUPT_OP } from '../../schemas/events.ts';
import { assemble, callTo, le, load } from './assemble.ts';
import { KERNEL_STACK, ProtectedMode, USER_CODE } from './protected-mode.ts';
import { CODE } from './real-mode.ts';

/** Interrupt frames that follow the code to other stacks (cpu/followed-frames.ts), by what kernels do. */

const VECTOR = 0x80;
const IRQ = 0x81;
const ENTRY = 0x3000;
const FUNCTION = 0x3800;
const AWAY = 0x3900;
/** Of two threads, and of interrupt handlers: each on a page of its own. */
const THREAD_A = 0x21000;
const THREAD_B = 0x23000;
const IRQ_STACK = 0x25000;
/** The address at which user mode calls the kernel, by instructions of 2 bytes. */
const CALLS = CODE + 8;
const OLD_RULE = 0;

/** Linux's entry: to the top of a thread's stack, and only then a copy of the 5 words that the processor pushed. */
const copyTo = (top: number) => [
  '89 e6', //                      mov esi, esp
  load('edi', top - 20), //        mov edi, top - 20
  '89 fc', //                      mov esp, edi
  load('ecx', 5),
  'fc f3 a5', //                   cld; rep movsd
];
/** And its exit: the copy goes back first. */
const copyBack = [
  load('edi', KERNEL_STACK - 20),
  '89 e6', //                      mov esi, esp
  '89 fb', //                      mov ebx, edi
  load('ecx', 5),
  'fc f3 a5', //                   cld; rep movsd
  '89 dc', //                      mov esp, ebx
];

let bench: ProtectedMode;
beforeEach(() => {
  bench = machine();
});

function machine(options: { eventRevision?: number } = {}): ProtectedMode {
  const made = new ProtectedMode({ record: true, ...options });
  made.interruptGate(VECTOR, ENTRY);
  made.interruptGate(IRQ, AWAY);
  // mov ax, 23h; mov ds, ax; mov es, ax
  made.code('66 b8 23 00 8e d8 8e c0 cd 80 cd 80 cd 80').user();
  made.step(3);
  made.events('interrupts');
  // nop; ret
  made.code('90 c3', FUNCTION);
  return made;
}

const ended = (rows = bench.events('interrupts')) =>
  rows
    .filter(({ op }) => INTERRUPT_OP[op] !== 'raise')
    .map(({ op, id, reached }) => [INTERRUPT_OP[op], id, ...(INTERRUPT_OP[op] === 'iret' ? [reached] : [])]);

/** Steps to an address; the depth on the way there, instruction by instruction. */
function depthsTo(address: number, most = 200): number[] {
  const depths: number[] = [];
  for (let n = 0; n < most; n++) {
    bench.step();
    if (bench.cpu.eip === address) return depths;
    depths.push(bench.cpu.depth);
  }
  throw new Error(`never came to ${address.toString(16)}`);
}

describe('an entry that copies its frame to the stack of the thread', () => {
  const entry = assemble(
    ENTRY,
    ...copyTo(THREAD_A),
    (here) => callTo(here, FUNCTION),
    ...copyBack,
    'cf', // iret
  );

  it('stays inside to the IRET, and has reached its handler', () => {
    bench.code(entry, ENTRY);
    expect(new Set(depthsTo(CALLS + 2))).toEqual(new Set([1]));
    expect(bench.cpu.depth).toBe(0);
    expect(ended()).toEqual([
      ['deliver', 1],
      ['iret', 1, 1],
    ]);
  });

  it('did not, by the rule of older traces', () => {
    bench = machine({ eventRevision: OLD_RULE });
    bench.code(entry, ENTRY);
    expect(new Set(depthsTo(CALLS + 2))).toEqual(new Set([1, 0]));
    expect(ended()).toEqual([
      ['deliver', 1],
      ['iret', 1, 0],
    ]);
  });

  it('may copy before it moves, and return from the copy', () => {
    const code = assemble(
      ENTRY,
      '89 e6', //                      mov esi, esp
      load('edi', THREAD_A - 20),
      load('ecx', 5),
      'fc f3 a5',
      load('esp', THREAD_A - 20),
      (here) => callTo(here, FUNCTION),
      'cf',
    );
    bench.code(code, ENTRY);
    expect(new Set(depthsTo(CALLS + 2))).toEqual(new Set([1]));
    expect(ended()).toEqual([
      ['deliver', 1],
      ['iret', 1, 1],
    ]);
  });

  it('keeps two threads apart that use one entry stack', () => {
    // The first call sleeps: it switches to the second thread, which enters, wakes the first, and so on.
    const SAVED_A = 0x8f00 - 0x4000;
    const SAVED_B = SAVED_A + 4;
    const WHICH = SAVED_A + 8;
    const toUser = assemble(ENTRY + 0x200, ...copyBack, 'cf');
    const first = assemble(
      ENTRY + 0x100,
      ...copyTo(THREAD_A),
      (here) => callTo(here, FUNCTION),
      `89 25 ${le(SAVED_A)}`, //           mov [SAVED_A], esp
      load('esp', THREAD_B - 64), //       a thread that never ran: it returns to user mode by a frame made for it
      load('ebx', THREAD_B - 64),
      '83 c3 2c', //                       add ebx, 44
      '89 dc', //                          mov esp, ebx (within the page)
      'cf',
    );
    const second = assemble(
      ENTRY + 0x180,
      ...copyTo(THREAD_B),
      (here) => callTo(here, FUNCTION),
      `89 25 ${le(SAVED_B)}`, //           mov [SAVED_B], esp
      `8b 25 ${le(SAVED_A)}`, //           mov esp, [SAVED_A]
      (here) => `e9 ${le(ENTRY + 0x200 - here - 5)}`,
    );
    const chooser = assemble(
      ENTRY,
      `ff 05 ${le(WHICH)}`, //             inc dword [WHICH]
      `83 3d ${le(WHICH)} 01`, //          cmp dword [WHICH], 1
      `0f 84 ${le(0x100 - 19)}`, //        je first
      (here) => `e9 ${le(ENTRY + 0x180 - here - 5)}`,
    );
    bench
      .code(chooser, ENTRY)
      .code(first, ENTRY + 0x100)
      .code(second, ENTRY + 0x180)
      .code(toUser, ENTRY + 0x200);
    bench.poke32(WHICH, 0);
    [CALLS + 2, USER_CODE, 2, 0x6000, 0x23].forEach((word, n) => {
      bench.poke32(THREAD_B - 20 + 4 * n, word);
    });
    // The new thread comes to user mode outside of any interrupt; the first is still in its own.
    depthsTo(CALLS + 2);
    expect(bench.cpu.depth).toBe(0);
    expect(ended()).toEqual([['deliver', 1]]);
    // The second enters, takes up the first where it was left, and that one returns.
    const depths = depthsTo(CALLS + 2);
    expect(new Set(depths)).toEqual(new Set([1]));
    expect(ended()).toEqual([
      ['deliver', 2],
      ['iret', 1, 1],
    ]);
    expect(bench.cpu.depth).toBe(0);
  });

  it('does not end when a new thread returns by the entry stack', () => {
    const forks = assemble(
      ENTRY,
      ...copyTo(THREAD_A),
      (here) => callTo(here, FUNCTION),
      load('esp', THREAD_B - 64),
      '83 c4 2c', //                       add esp, 44: to a frame made for it
      ...copyBack,
      'cf',
    );
    bench.code(forks, ENTRY);
    [CALLS + 2, USER_CODE, 2, 0x6000, 0x23].forEach((word, n) => {
      bench.poke32(THREAD_B - 20 + 4 * n, word);
    });
    expect(new Set(depthsTo(CALLS + 2))).toEqual(new Set([1, 0]));
    expect(ended()).toEqual([['deliver', 1]]);
  });

  it('ends those of threads that never returned when their stack begins anew', () => {
    const exits = assemble(ENTRY, ...copyTo(THREAD_A), '50 50 50', load('esp', THREAD_B - 20), 'cf');
    bench.code(exits, ENTRY);
    [CALLS + 2, USER_CODE, 2, 0x6000, 0x23].forEach((word, n) => {
      bench.poke32(THREAD_B - 20 + 4 * n, word);
    });
    depthsTo(CALLS + 2);
    expect(ended()).toEqual([['deliver', 1]]);
    bench.code(entry, ENTRY);
    depthsTo(CALLS + 4);
    expect(ended()).toEqual([
      ['deliver', 2],
      ['abandon', 1],
      ['iret', 2, 1],
    ]);
  });
});

describe('a handler on a stack of its own', () => {
  it('stays inside while the old stack pointer is kept in a register', () => {
    const code = assemble(
      ENTRY,
      '89 e3', //                      mov ebx, esp
      load('esp', IRQ_STACK),
      (here) => callTo(here, FUNCTION),
      '89 dc', //                      mov esp, ebx
      'cf',
    );
    bench.code(code, ENTRY);
    expect(new Set(depthsTo(CALLS + 2))).toEqual(new Set([1]));
    // Again: nothing of the first time is left on that stack.
    expect(new Set(depthsTo(CALLS + 4))).toEqual(new Set([1]));
    expect(ended()).toEqual([
      ['deliver', 1],
      ['iret', 1, 1],
      ['deliver', 2],
      ['iret', 2, 1],
    ]);
  });

  it('or on that stack', () => {
    const code = assemble(
      ENTRY,
      '89 e0', //                      mov eax, esp
      `a3 ${le(IRQ_STACK - 4)}`, //    mov [IRQ_STACK - 4], eax
      load('eax', 0),
      load('esp', IRQ_STACK - 4),
      (here) => callTo(here, FUNCTION),
      '5c', //                         pop esp
      'cf',
    );
    bench.code(code, ENTRY);
    expect(new Set(depthsTo(CALLS + 2))).toEqual(new Set([1]));
    expect(ended()).toEqual([
      ['deliver', 1],
      ['iret', 1, 1],
    ]);
  });

  it('and an interrupt there is inside of it', () => {
    const code = assemble(ENTRY, '89 e3', load('esp', IRQ_STACK), 'cd 81', '89 dc', 'cf');
    bench.code(code, ENTRY).code('cf', AWAY);
    expect(Math.max(...depthsTo(CALLS + 2))).toBe(2);
    const rows = bench.events('interrupts');
    expect(rows[1]).toMatchObject({ id: 2, parent: 1 });
    expect(ended(rows)).toEqual([
      ['deliver', 1],
      ['deliver', 2],
      ['iret', 2, 0],
      ['iret', 1, 0],
    ]);
  });
});

it('a thread that is taken up where it was left has the depth that it had', () => {
  const SAVED = 0x4f00;
  const code = assemble(
    ENTRY,
    `89 25 ${le(SAVED)}`, //         mov [SAVED], esp
    load('esp', THREAD_A),
    (here) => callTo(here, FUNCTION),
    `8b 25 ${le(SAVED)}`, //         mov esp, [SAVED]
    'cf',
  );
  bench.code(code, ENTRY);
  expect(new Set(depthsTo(CALLS + 2))).toEqual(new Set([1, 0]));
  expect(ended()).toEqual([
    ['deliver', 1],
    ['iret', 1, 0],
  ]);
  expect(bench.cpu.register(ESP)).toBe(0x6000);
});
