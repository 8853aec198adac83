import { describe, expect, it } from 'vitest';
import { EAX, EBX, EDI, EDX, ESI } from '../../recorder/machine/cpu/state.ts';
import { assemble, callTo, le, load } from './assemble.ts';
import { ProtectedMode } from './protected-mode.ts';
import { CODE } from './real-mode.ts';

/** Decoded and compiled code whose bytes change: what a store hits is made anew, and nothing else. */

const to = (target: number) => (here: number) => callTo(here, target);
const HLT = 'f4';

/** Runs machine code of a program at CODE to its end, by the interpreter or with compiled code. */
function run(
  compileAfter: number,
  prepare: (bench: ProtectedMode) => void,
  ...program: Parameters<typeof assemble>[1][]
) {
  const bench = new ProtectedMode({ ramBytes: 1 << 20, compileAfter });
  prepare(bench);
  bench.code(assemble(CODE, ...program, HLT));
  while (!bench.cpu.halted && bench.cpu.shutdown === null) bench.step(1000);
  expect(bench.cpu.shutdown).toBeNull();
  return bench;
}

describe.each([0, 1, 3])('code that changes, compiled at execution %i', (compileAfter) => {
  it('leaves the rest of its page as it is', () => {
    const CHANGING = CODE + 0x200;
    const AROUND = 200;
    const bench = run(
      compileAfter,
      (bench) => bench.code('83 c0 01 c3', CHANGING),
      load('ecx', 100),
      // loop: inc the immediate operand of add eax, 1; call it; some more
      `fe 05 ${le(CHANGING + 2)}`,
      to(CHANGING),
      Array(AROUND).fill('01 c3').join(' '),
      (here) => `49 0f 85 ${le(CODE + 5 - (here + 7))}`,
    );
    // 2 + 3 + … + 101
    expect(bench.mem.i32[EAX]).toBe(5150);
    const { compiled } = bench.cpu;
    if (compileAfter > 0) expect(compiled!.instructions).toBeGreaterThan(100 * AROUND * 0.7);
  });

  it('is seen in an instruction over the end of its page, when those of the next page have changed', () => {
    // mov eax, 1 into the second page; mov ebx, 1 from there into the third.
    const bench = run(
      compileAfter,
      (bench) => {
        bench.code('b8 01 00 00 00 c3', 0x41fff);
        bench.code('bb 01 00 00 00 c3', 0x42fff);
      },
      to(0x41fff),
      to(0x42fff),
      `c6 05 ${le(0x43000)} 07`,
      `c6 05 ${le(0x42000)} 09`,
      to(0x41fff),
      to(0x42fff),
    );
    expect([bench.mem.i32[EAX], bench.mem.i32[EBX]]).toEqual([9, 7]);
  });

  it('by another translation of its own page: what INVLPG led to once is not what it leads to', () => {
    const [PAGE, PTE] = [0x60000, 0x21000 + 0x60 * 4];
    const [FIRST, SECOND] = [0x60007, 0x61007];
    const map = `89 3d ${le(PTE)} 0f 01 3d ${le(PAGE)}`;
    // mov [PTE], esi; invlpg; then inc ebx in the one frame, inc edx in the other; ret
    const change = `89 35 ${le(PTE)} 0f 01 3d ${le(PAGE)}`;
    const bench = run(
      compileAfter,
      (bench) => {
        bench.paging();
        bench.code(`${change} 43 c3`, 0x60000);
        bench.code(`${change} 42 c3`, 0x61000);
        bench.mem.i32[EDI] = FIRST;
        bench.mem.i32[EDX] = 0;
      },
      ...[SECOND, FIRST, SECOND, FIRST].flatMap((next) => [map, load('esi', next), to(PAGE)]),
    );
    expect(bench.mem.i32[ESI]).toBe(FIRST);
    expect([bench.mem.i32[EBX], bench.mem.i32[EDX]]).toEqual([2, 2]);
  });
});
