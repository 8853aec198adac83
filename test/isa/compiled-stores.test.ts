import { describe, expect, it } from 'vitest';
import { BIOS_ROM_BYTES, OPTION_ROM_BYTES } from '../../recorder/machine/layout.ts';
import { Stops } from '../../recorder/machine/state/stops.ts';
import { load } from './assemble.ts';
import { DATA, LOADS_AND_STORES, loop, outcome, same } from './both-tiers.ts';
import type { ProtectedMode } from './protected-mode.ts';

/** Stores of compiled code that something must see (compiled-code.test.ts: all else). */

describe('compiled code preserves', () => {
  it('stores that are watched: page tables', () => {
    same(
      {
        prepare: (bench) => {
          bench.paging().code(loop('8b 05 00 10 02 00 a3 00 10 02 00 89 06', 1000));
        },
      },
      0,
    );
  });

  it('stores to the PTE that maps the page table itself', () => {
    // mov eax, [21000]; mov [21084], edx; mov eax, [21004]; xor edx, 100000: the mapping changes at each turn, without INVLPG.
    const code = loop('a1 00 10 02 00 89 15 84 10 02 00 a1 04 10 02 00 81 f2 00 00 10 00');
    const prepare = (bench: ProtectedMode) => {
      bench.paging().code(`${load('edx', 0x21067 ^ 0x100000)} ${code}`);
      bench.poke32(0x21084, 0x21067);
    };
    same({ prepare }, 0);
    expect(outcome({ prepare }, 1, 400).state.events.tlb_events.length).toBeGreaterThan(10);
  });

  it('detail "stores": each store of compiled code is an event, also of what it modifies', () => {
    // mov [esi+ecx*4], eax; mov word [esi+2], bx; mov [esi+7], ah; add [esi], ecx; sub word [esi+4], dx; xor [esi+5], cl; push; call
    const code = loop(
      '89 04 8e 66 89 5e 02 88 66 07 01 0e 66 29 56 04 30 4e 05 52 e8 00 00 00 00 5f 5a 81 c6 fc 0f 00 00 81 e6 ff ff 08 00 8d 58 01',
    );
    const prepare = (bench: ProtectedMode) => {
      bench.paging().code(code);
      bench.mmu.recordEveryStore(true);
    };
    same({ prepare, instructions: 600 }, 400);
    const { state } = outcome({ prepare, instructions: 600 }, 1, 600);
    expect(state.events.stores.length).toBeGreaterThan(200);
  });

  it('detail "stores" that begins and ends while compiled code runs', () => {
    let turn = 0;
    const code = loop('89 04 8e 01 0e 66 29 56 04 30 4e 05 40');
    const prepare = (bench: ProtectedMode) => {
      turn = 0;
      bench.paging().code(code);
    };
    const between = ({ mmu }: ProtectedMode) => mmu.recordEveryStore(turn++ % 2 === 0);
    same({ prepare, between, instructions: 600, slices: [100, 31, 7] }, 100);
  });

  it('stores to ROM, which are lost', () => {
    const code = loop('89 04 8e 8b 14 8e 01 d3 01 1c 8e 40').replace(load('esi', DATA), load('esi', 0xc8000));
    const bench = same(
      {
        options: { romBytes: BIOS_ROM_BYTES + OPTION_ROM_BYTES },
        prepare: (bench) => bench.paging().code(code),
      },
      0,
    );
    expect(bench.peek32(0xc8000 + 4 * 1000)).toBe(0);
  });

  it.each([
    [true, true],
    [false, true],
    [true, false],
  ])('watchpoints of a debugger, at the position of the access (reads %s, writes %s)', (reads, writes) => {
    const watch = { space: 'linear' as const, first: DATA + 4 * 960, last: DATA + 4 * 971, reads, writes };
    const hits = (after: number) => {
      const seen: string[] = [];
      let stops: Stops | undefined;
      const prepare = (bench: ProtectedMode) => {
        stops = new Stops(bench.cpu, [], [watch]);
        stops.mode = 'note';
        bench.paging().code(loop(LOADS_AND_STORES)).mmu.watchFor(stops);
      };
      const between = () => {
        seen.push(JSON.stringify(stops?.hit));
      };
      return { state: outcome({ prepare, between }, after, 10).state, seen };
    };
    const reference = hits(0);
    expect(new Set(reference.seen).size).toBeGreaterThan(10);
    expect(hits(1)).toEqual(reference);
  });
});
