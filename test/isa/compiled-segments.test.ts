import { describe, expect, it } from 'vitest';
import { CS, DS, EBX, ECX, ES, ESI, ESP, FS, SS } from '../../recorder/machine/cpu/state.ts';
import { le } from './assemble.ts';
import { type Program, same } from './both-tiers.ts';
import { CODE_16, DATA_16, FREE, KERNEL_CODE, type ProtectedMode } from './protected-mode.ts';
import { CODE, hexBytes } from './real-mode.ts';

/** Compiled code where segments matter (compiled-code.test.ts: flat code): both tiers end alike, cut anywhere. */

const CODE_SEGMENT = 0x9a00;
const DATA_SEGMENT = 0x9200;
const WIDE = 0x400000;
const EXPAND_DOWN = 0x400;
const GENERAL_PROTECTION = 13;
const word = (n: number) => le(n).slice(0, 5);

/** mov si, 2000h; mov cx, count; `body`; dec cx; jnz back; hlt */
const loop = (body: string, count = 1000) => {
  const back = (256 - body.split(' ').length - 3).toString(16).padStart(2, '0');
  return `be 00 20 b9 ${word(count)} ${body} 49 75 ${back} f4`;
};
/** add ax, bx; mov [si], ax; add dx, [si+2]; push dx; call f; pop di; jmp over f; f: inc ax; ret */
const WORK = '01 d8 89 04 03 54 02 52 e8 03 00 5f eb 02 40 c3';
/** The same in 32-bit code, its count given. */
const WIDE_WORK = '66 be 00 20 01 d8 89 06 03 56 04 52 e8 03 00 00 00 5f eb 02 40 c3 49 75 eb f4';

interface Segments {
  /** Code of 32 bits. */
  readonly wide?: boolean;
  readonly base?: number;
  readonly limit?: number;
  readonly data?: readonly [base: number, limit: number, attributes: number];
  readonly stack?: number;
}

/** Code at physical CODE in segments of their own. */
function segmented(
  bench: ProtectedMode,
  code: string,
  {
    wide = false,
    base = 0,
    limit = 0xffff,
    data = [0x80000, 0xffff, DATA_SEGMENT],
    stack = 0,
  }: Segments = {},
): ProtectedMode {
  const { cpu } = bench;
  bench.code(code);
  cpu.setSegment(CS, CODE_16, base, limit, CODE_SEGMENT | (wide ? WIDE : 0));
  for (const segment of [DS, ES, FS]) cpu.setSegment(segment, DATA_16, ...data);
  cpu.setSegment(SS, DATA_16, 0x90000, 0xffff, DATA_SEGMENT | stack);
  cpu.eip = CODE - base;
  return bench;
}

const program = (code: string, segments: Segments = {}, more: Partial<Program> = {}): Program => ({
  prepare: (bench) => segmented(bench, code, segments),
  ...more,
});

describe('compiled code where segments matter preserves', () => {
  it.each<[string, string, Segments]>([
    ['16 bits, CS at 0', loop(WORK), {}],
    ['16 bits, CS with a base that is no page', loop(WORK), { base: 0x810 }],
    ['16 bits, ESP as the stack pointer', loop(WORK), { stack: WIDE }],
    ['32 bits, CS with a base', WIDE_WORK, { wide: true, base: 0x800, limit: 0xfffff }],
  ])(
    'icount, and all that a deadline at each offset of a region shows: %s',
    (_, code, segments) => {
      const slices = [400, 1, 2, 3, 5, 7, 11, 13];
      same(program(code, segments, { slices, instructions: 240 }));
    },
    30_000,
  );

  it.each([0x2080, 0x2041])('the fault at the limit of a segment (%i)', (limit) => {
    // add word [si], bx; add si, 2
    const bench = same(
      program(loop('01 1c 83 c6 02'), { data: [0x80000, limit, DATA_SEGMENT] }, { instructions: 300 }),
      60,
    );
    expect(bench.vector).toBe(GENERAL_PROTECTION);
    expect(bench.mem.i32[ESI] & 0xffff).toBe(limit === 0x2080 ? 0x2080 : 0x2042);
  });

  it('the limit of the code segment, wherever it comes to lie in a region', () => {
    const code = loop(WORK);
    for (let limit = CODE + 6; limit < CODE + 24; limit += 7) {
      const between = ({ cpu, mem }: ProtectedMode) => {
        if (mem.i32[ECX] < 980) cpu.setSegment(CS, CODE_16, 0, limit, CODE_SEGMENT);
      };
      const bench = same(program(code, {}, { between, slices: [31], instructions: 700 }), 50);
      expect(bench.vector, `limit ${limit}`).toBe(GENERAL_PROTECTION);
    }
  }, 30_000);

  it('IP, which wraps at 64 KB: one page at two places of its segment', () => {
    // In the second, `jmp short` leads over the end of the segment, to a copy of what is behind it; and JNZ back.
    const places = [
      { base: 0x40000, start: 0x1000 },
      { base: 0x41000 - 0xfff6, start: 0xfff6 },
    ];
    const code = hexBytes(loop('01 d8 eb 00 89 04 43'));
    let turn = 0;
    const prepare = (bench: ProtectedMode) => {
      turn = 0;
      segmented(bench, 'f4', places[0]).cpu.eip = places[0].start;
      bench.pokeBytes(0x41000, code);
      bench.pokeBytes(places[1].base, code.slice(10));
      return bench;
    };
    const between = ({ cpu }: ProtectedMode) => {
      const before = places[turn % 2];
      const { base, start } = places[++turn % 2];
      cpu.setSegment(CS, CODE_16, base, 0xffff, CODE_SEGMENT);
      cpu.eip = (cpu.eip - before.start + start) & 0xffff;
    };
    same({ prepare, between, slices: [50, 31, 7], instructions: 400 }, 20);
  });

  it.each([
    ['JMP', 'eb 11', true],
    ['JMP by a word', 'e9 10 00', true],
    ['CALL', 'e8 10 00', true],
    ['JNZ', '75 11', true],
    ['LOOP', 'e2 11', true],
    ['JNZ by a double word, which goes to 64 KB', '66 0f 85 0c 00 00 00', false],
  ])('jumps over the end of the segment: %s', (_, jump, wraps) => {
    const base = 0x40000;
    const prepare = (bench: ProtectedMode) => {
      // inc bx; the jump, to IP 4: inc dx; jmp back
      segmented(bench, 'f4', { base })
        .code(`43 ${jump}`, base + 0xfff0)
        .code('42 e9 e8 ff', base + 4);
      bench.cpu.setRegister(ECX, 0x4000);
      bench.cpu.eip = 0xfff0;
      return bench;
    };
    const bench = same({ prepare, instructions: 200 }, wraps ? 100 : 0);
    expect(bench.mem.i32[EBX]).toBe(wraps ? 50 : 1);
    expect(bench.vector).toBe(wraps ? -1 : GENERAL_PROTECTION);
  });

  it('loads of segment registers, and segments that are not open', () => {
    // mov ax, ds; mov ds, dx; xchg ax, dx; mov [si], cx; es: add bx, [si+2]; cs: add bx, [si]
    const code = loop('8c d8 8e da 92 89 0c 26 03 5c 02 2e 03 1c');
    const prepare = (bench: ProtectedMode) => {
      bench.describe(FREE, 0x84000, 0x9fff, 0x92, 0);
      segmented(bench, code).cpu.setSegment(ES, DATA_16, 0x80000, 0x1000, DATA_SEGMENT | EXPAND_DOWN);
      bench.cpu.setRegister(2, FREE);
      return bench;
    };
    same({ prepare, instructions: 300, slices: [300, 5] }, 0);
  });

  it('the stack pointer: SP wraps at 64 KB, and the upper half of ESP stays', () => {
    const prepare = (bench: ProtectedMode) => {
      segmented(bench, loop('50 53 66 51 52 83 c3 07'));
      bench.cpu.setRegister(ESP, 0x1234_0008);
      return bench;
    };
    const bench = same({ prepare, instructions: 300 });
    expect(bench.mem.i32[ESP] >>> 16).toBe(0x1234);
  });

  it('one page in flat code and in segments with a base, by turns', () => {
    // The same bytes are code of 32 bits in both: inc eax; add ebx, eax; dec ecx; jnz; hlt
    let turn = 0;
    const prepare = (bench: ProtectedMode) => {
      turn = 0;
      bench.paging().code('40 01 c3 49 75 fa f4').cpu.setRegister(ECX, 5000);
      return bench;
    };
    const between = ({ cpu }: ProtectedMode) => {
      const flat = turn++ % 2 === 1;
      const before = cpu.segment(CS)[1];
      const base = flat ? 0 : 0x800;
      cpu.setSegment(CS, KERNEL_CODE, base, -1, 0xc09a00);
      cpu.eip = cpu.eip + before - base;
    };
    same({ prepare, between, slices: [40, 31], instructions: 600 }, 100);
  });
});
