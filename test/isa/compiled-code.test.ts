import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DEBUG_PENDING, DR, EBX, ECX, EDI, ESI, ESP } from '../../recorder/machine/cpu/state.ts';
import type { Probes } from '../../recorder/machine/events/probes.ts';
import { callTo, le, load } from './assemble.ts';
import { DATA, LOADS_AND_STORES, loop, NOTHING, outcome, type Program, same } from './both-tiers.ts';
import { CODE, HANDLERS } from './real-mode.ts';

/**
 * All that compiled code must preserve, item by item: the same program by the interpreter, and compiled at each block's first execution,
 * whole and cut into pieces of every size. State, TLB and events must be the same (compiled-stores.test.ts, compiled-segments.test.ts: more).
 */

describe('compiled code preserves', () => {
  it('icount: a deadline at each offset of a region', () => {
    const program: Program = {
      prepare: (bench) => bench.code(loop(LOADS_AND_STORES)),
      slices: Array.from({ length: 20 }, (_, n) => n + 1),
      instructions: 200,
    };
    same(program);
  });

  it('the start of an instruction that faults: EIP, icount, registers and flags', () => {
    const bench = same(
      {
        prepare: (bench) => {
          bench.paging().code(loop('01 d8 89 44 8e b0 83 d0 01 01 44 8e b0', 40));
          // The page that the loop comes to half way, going down.
          bench.poke32(0x21000 + ((DATA >>> 12) - 1) * 4, 0);
        },
      },
      30,
    );
    expect(bench.vector).toBe(14);
  }, 30_000);

  it('the fetch latch: code on another page consults the TLB', () => {
    // A loop that calls functions on as many pages of one set of the TLB as evict each other.
    const pages = Array.from({ length: 6 }, (_, n) => 0x40000 + n * 0x8000);
    same({
      options: {},
      prepare: (bench) => {
        bench.paging();
        for (const page of pages) bench.code('40 c3', page);
        const calls = pages.map((page, n) => {
          const from = CODE + 10 + n * 5;
          const by = page - from - 5;
          return `e8 ${[0, 8, 16, 24].map((s) => ((by >>> s) & 255).toString(16)).join(' ')}`;
        });
        bench.code(loop(calls.join(' ')));
      },
      // Ends of runs at every place: an instruction on another page is not fetched before it is its turn.
      slices: [400, ...Array.from({ length: 24 }, (_, n) => n + 20)],
    });
  }, 60_000);

  it('the end of a run: behind INVLPG and loads of CR3, and at a call to another page', () => {
    // invlpg [esi]; mov cr3, edi; call to another page whose entry in the TLB is gone.
    const by = 0x48000 - (CODE + 10 + 6) - 5;
    const call = `e8 ${[0, 8, 16, 24].map((s) => ((by >>> s) & 255).toString(16)).join(' ')}`;
    same({
      prepare: (bench) => {
        bench
          .paging()
          .code('40 c3', 0x48000)
          .code(loop(`0f 01 3e 0f 22 df ${call}`));
        bench.mem.i32[EDI] = 0x20000;
      },
      instructions: 200,
      slices: [400, ...Array.from({ length: 24 }, (_, n) => n + 9)],
    });
  }, 60_000);

  it('the TLB: fills, evictions, and the accessed and dirty bits as events', () => {
    const bench = same({
      prepare: (bench) => {
        bench.paging();
        // Strides of a page: load, then store.
        bench.code(loop('8b 06 89 06 81 c6 00 10 00 00 81 e6 ff ff 0b 00', 1000));
      },
      instructions: 1500,
    });
    expect(bench.mem.i32[ESI] >>> 18).toBe(DATA >>> 18);
  });

  it('the TLB: an instruction of two accesses that leaves at the second has filled nothing for it', () => {
    // Loads of four pages of one set, the first of them again by MOVSB, to a fifth, which holds code: its entry takes the first one's place.
    const page = (n: number) => le(CODE + n * 0x8000);
    const loads = [1, 2, 3, 4].map((n) => `a1 ${page(n)}`).join(' ');
    same(
      {
        prepare: (bench) => bench.paging().code(loop(`${loads} be ${page(1)} bf ${le(CODE + 0x800)} a4`, 9)),
      },
      0,
    );
  });

  it('code that lies over the end of a page, when its second page changes', () => {
    // call f; inc byte [the operand of f's "add eax, imm8"], on the next page
    const f = 0x40fff;
    same(
      {
        prepare: (bench) => {
          bench.paging().code('83 c0 01 c3', f);
          bench.code(loop(`${callTo(CODE + 10, f)} fe 05 ${le(f + 2)} 89 06`));
        },
      },
      0,
    );
  });

  it('code that changes itself: the running block, and the next one', () => {
    // inc byte [code of "add eax, imm8" + 2], which comes next; the block goes on behind it.
    const change = CODE + 10 + 6 + 2;
    const address = [0, 8, 16, 24].map((s) => ((change >>> s) & 255).toString(16)).join(' ');
    same({ prepare: (bench) => bench.code(loop(`fe 05 ${address} 83 c0 01 89 06`)) }, 0);
  });

  it('what is stored beside code', () => {
    same({ prepare: (bench) => bench.code(loop('89 05 00 08 00 00 40')) }, 0);
  });

  it('the shadows of STI and of loads of SS, and interrupts at every instruction', () => {
    same(
      {
        prepare: (bench) => {
          bench.code(loop('fb 40 43 fa 16 17 01 d8'));
          bench.code('cf', HANDLERS + 4 * 0x30);
          bench.requests.vector = 0x30;
          bench.requests.sticky = true;
        },
        slices: [400, 1, 5],
      },
      0,
    );
  });

  it('single steps: TF set in the middle of a loop', () => {
    same(
      {
        prepare: (bench) => {
          // pushf; or dword [esp], 100h; popf; inc eax; pushf; and; popf
          bench.code(loop('40 43 9c 81 0c 24 00 01 00 00 9d 40 43'));
          bench.code('81 64 24 08 ff fe ff ff cf', HANDLERS + 4);
        },
      },
      0,
    );
  });

  it('breakpoints of the processor: execution and data', () => {
    const bench = same(
      {
        prepare: (bench) => {
          bench.code(loop('40 89 1c 8e 43 8b 14 8e'));
          const { i32 } = bench.mem;
          i32[DR] = CODE + 14;
          i32[DR + 1] = DATA + 4 * 990;
          i32[DR + 7] = 0x402 | (2 << 2) | (1 << 20) | (3 << 22);
          bench.cpu.reload();
          bench.code('83 44 24 00 00 81 4c 24 08 00 00 01 00 cf', HANDLERS + 4);
        },
      },
      NOTHING,
    );
    expect(bench.mem.i32[DEBUG_PENDING]).toBe(0);
    expect(bench.mem.i32[DR + 6] & 15).not.toBe(0);
  });

  it('probes: of a page that is another name of compiled code', () => {
    const ALIAS = 0x90000;
    const at: number[] = [];
    const hits = (after: number) => {
      at.length = 0;
      const { state } = outcome(
        {
          prepare: (bench) => {
            bench.paging().code('40 43 c3', 0x40000);
            bench.poke32(0x21000 + (ALIAS >>> 12) * 4, 0x40007);
            bench.code(loop(`${callTo(CODE + 10, 0x40000)} ${callTo(CODE + 15, ALIAS)}`));
            const probes = {
              onReturn: () => {},
              breaksIn: (page: number) => page === ALIAS >>> 12,
              isBreakpoint: (linear: number) => linear === ALIAS + 1,
              executes: (linear: number) => linear === ALIAS + 1 && at.push(bench.cpu.icount) < 0,
            };
            bench.cpu.probe([probes as unknown as Probes]);
          },
        },
        after,
        400,
      );
      return { state, at: [...at] };
    };
    const reference = hits(0);
    expect(reference.at.length).toBeGreaterThan(30);
    expect(hits(1)).toEqual(reference);
  });

  it('REP: each iteration is an instruction', () => {
    same({ prepare: (bench) => bench.code(loop(`51 ${load('ecx', 5)} bf 00 90 08 00 f3 ab 59 40`)) }, 50);
  });

  it.each(['fc', 'fd'])('string instructions, up and down (%s)', (direction) => {
    // movsd; movsw; movsb; lodsd; stosb; lodsb; stosw; scasd; adc eax, ecx; cmpsb; cmpsw; setz bl
    const bench = same({
      prepare: (bench) => {
        bench.paging().code(`${direction} ${loop('a5 66 a5 a4 ad aa ac 66 ab af 11 c8 a6 66 a7 0f 94 c3')}`);
        bench.mem.i32[EDI] = 0x90ff0;
      },
    });
    expect(bench.mem.i32[ESI]).not.toBe(DATA);
  });

  it('the time-stamp counter, wherever a run ends', () => {
    // rdtsc; add ebx, eax; add esi, edx; the upper half changes too
    const bench = same({
      prepare: (bench) => {
        bench.code(loop('0f 31 01 c3 01 d6'));
        bench.cpu.icount = 2 ** 32 - 120;
      },
    });
    expect(bench.mem.i32[ESI]).toBeGreaterThan(DATA);
  });

  it('that a CALL has retired, and moves of ESP to another stack', () => {
    const bench = same(
      {
        prepare: (bench) => {
          // mov ebx, esp; mov esp, edx; call next; pop eax; mov esp, ebx
          bench.code(loop('89 e3 89 d4 e8 00 00 00 00 58 89 dc'));
          bench.mem.i32[2] = bench.mem.i32[ESP] - 0x1800;
        },
      },
      0,
    );
    expect(bench.mem.i32[EBX]).not.toBe(0);
  });

  it.each(['386', '486', 'pentium'])('flags that are undefined, as a %s leaves them', (model) => {
    // shl, sar, imul, ror, rol, shr of 16 bits; pushf into EDI
    // Compiled code is left at the pushf, which begins a block.
    same({
      options: { model },
      prepare: (bench) =>
        bench.code(loop('d1 e0 01 d8 c1 fb 03 0f af d8 c1 c8 05 c1 c3 03 66 d1 e8 eb 00 9c 5f 31 f8')),
    });
  });

  it('the end of a hash period: the first store to a frame from then on is seen', () => {
    const program: Program = {
      prepare: (bench) => bench.paging().code(loop(LOADS_AND_STORES)),
      slices: [1, 3, 50],
    };
    const changed = (after: number, slice: number) => {
      const frames: number[][] = [];
      outcome(
        { ...program, between: (bench) => frames.push([...bench.mmu.endOfHashPeriod()]) },
        after,
        slice,
      );
      return frames;
    };
    for (const slice of [3, 50]) {
      const frames = changed(1, slice);
      expect(frames).toEqual(changed(0, slice));
      expect(frames.flat()).toContain(DATA >>> 12);
    }
  });

  it('loops of several entries, conditions of all kinds, and LOOP', () => {
    // A jump into the middle of a loop whose parts lead to each other by every condition.
    const conditions = Array.from({ length: 16 }, (_, n) => `${(0x70 + n).toString(16)} 02 01 d8 83 d3 11`);
    same(
      {
        prepare: (bench) => {
          bench.code(
            `${load('ecx', 200)} ${load('esi', DATA)} eb 02 01 c3 ${conditions.join(' ')} 49 74 02 eb 86 f4`,
          );
          bench.mem.i32[EBX] = 0x7ffffff0;
        },
      },
      20,
    );
    same({ prepare: (bench) => bench.code(`${load('ecx', 300)} 01 c8 e3 02 29 d8 e2 f8 f4`) });
    expect(
      same({ prepare: (bench) => bench.code(`${load('ecx', 300)} 39 d8 e1 fc e0 fa f4`) }, 0).mem.i32[ECX],
    ).not.toBe(0);
  });

  it('bytes of registers: AH to BH', () => {
    expect(
      same({ prepare: (bench) => bench.code(loop('00 fc 28 d7 8a 26 88 7e 05 fe c7 0f b6 fc')) }).mem.i32[
        EDI
      ],
    ).toBeDefined();
  });
});

it('the page names a test that exists for all that compiled code preserves', () => {
  const root = join(import.meta.dirname, '../..');
  const page = readFileSync(join(root, 'docs/compiler.md'), 'utf8');
  const files = [
    'isa/compiled-code',
    'isa/compiled-segments',
    'isa/compiled-stores',
    'fuzz/random-code',
    'replay/facts',
    'replay/lockstep',
  ];
  const tests = files.map((file) => readFileSync(join(root, `test/${file}.test.ts`), 'utf8')).join('');
  const rows = [...page.matchAll(/^\| ([^|]+) \| [^|]+ \| ([^|]+) \|$/gm)].slice(2);
  expect(rows.length).toBeGreaterThan(12);
  for (const [, what, names] of rows)
    for (const name of names.split('; ')) expect(tests, what).toContain(`'${name}`);
});
