import { describe, expect, it } from 'vitest';
import { NO_PROFILE } from '../../recorder/machine/config.ts';
import { EAX, ECX, EDI, ESI } from '../../recorder/machine/cpu/state.ts';
import type { BenchOptions } from './bench.ts';
import { ProtectedMode } from './protected-mode.ts';

/** Reads through the alternate page table map: the first per TLB fill is recorded, and of a repeated instruction every one. */

const DIRECTORY = 0x20000;
const OTHER_DIRECTORY = 0x23000;
const OTHER_TABLE = 0x24000;
const SLOT = 5;
const ALTERNATE = 959;
const WINDOW = ((ALTERNATE << 22) | (SLOT << 12)) >>> 0;
const ENTRIES = 12;

function scanning(code: string, options: BenchOptions = {}): ProtectedMode {
  const profile = { ...NO_PROFILE, recursiveSlot: 958, alternateSlot: ALTERNATE };
  const bench = new ProtectedMode({ record: true, profile, ...options }).paging().code(code);
  bench.poke32(DIRECTORY + 958 * 4, DIRECTORY | 3);
  bench.poke32(DIRECTORY + ALTERNATE * 4, OTHER_DIRECTORY | 3);
  bench.poke32(OTHER_DIRECTORY + SLOT * 4, OTHER_TABLE | 3);
  bench.poke32(OTHER_TABLE + ENTRIES * 4, 0x55003);
  bench.cpu.setRegister(EDI, WINDOW | 0);
  bench.cpu.setRegister(ESI, WINDOW | 0);
  bench.cpu.setRegister(ECX, 1024);
  bench.cpu.setRegister(EAX, 0);
  return bench;
}

/** The rows of the reads, after so many instructions, a few at a time. */
function rows(bench: ProtectedMode, instructions: number, slice = instructions) {
  for (let done = 0; done < instructions; done += slice) bench.step(slice);
  return bench.events('apt_accesses').map(({ icount, linear, value, size, access }) => ({
    icount,
    linear: (linear - WINDOW) >>> 0,
    value,
    size,
    access,
  }));
}

describe('REPE SCAS through the alternate window', () => {
  const code = 'f3 af f4';
  const all = Array.from({ length: ENTRIES + 1 }, (_, n) => ({
    icount: n,
    linear: 4 * n,
    value: n === ENTRIES ? 0x55003 : 0,
    size: 4,
    access: 0,
  }));

  it.each([100, 1, 3])('has a row for each read, %i instructions at a time', (slice) => {
    expect(rows(scanning(code), ENTRIES + 1, Math.min(slice, ENTRIES + 1))).toEqual(all);
  });

  it('has one for each fill of the TLB in traces of before', () => {
    expect(rows(scanning(code, { eventRevision: 0 }), ENTRIES + 1)).toEqual(all.slice(0, 1));
  });
});

describe('other reads through the window', () => {
  it('of REP LODS and REP MOVS have a row each', () => {
    const loads = scanning('f3 ad f4');
    loads.cpu.setRegister(ECX, 3);
    expect(rows(loads, 3).map(({ linear }) => linear)).toEqual([0, 4, 8]);
    const moves = scanning('f3 a5 f4');
    moves.cpu.setRegister(ECX, 3);
    moves.cpu.setRegister(EDI, 0x3000);
    expect(rows(moves, 3).map(({ linear }) => linear)).toEqual([0, 4, 8]);
  });

  it('not repeated have one for each fill', () => {
    expect(rows(scanning('af af af f4'), 3)).toHaveLength(1);
  });

  it('elsewhere have none', () => {
    const bench = scanning('f3 af f4');
    bench.cpu.setRegister(EDI, 0x3000);
    expect(rows(bench, 5)).toEqual([]);
  });
});
