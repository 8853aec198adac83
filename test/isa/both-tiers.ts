import { expect } from 'vitest';
import { EVENT_KIND_NAMES } from '../../schemas/events.ts';
import { load } from './assemble.ts';
import type { BenchOptions } from './bench.ts';
import { ProtectedMode } from './protected-mode.ts';

/** The same program by the interpreter and by compiled code, whole and cut into pieces of every size. */

const RAM_BYTES = 1 << 20;

export interface Program {
  readonly options?: BenchOptions;
  readonly prepare: (bench: ProtectedMode) => unknown;
  /** Between pieces. */
  readonly between?: (bench: ProtectedMode) => void;
  readonly instructions?: number;
  readonly slices?: readonly number[];
}

export function outcome(program: Program, compileAfter: number, slice: number) {
  const { instructions = 400 } = program;
  const bench = new ProtectedMode({ record: true, ramBytes: RAM_BYTES, ...program.options, compileAfter });
  program.prepare(bench);
  const end = bench.cpu.icount + instructions;
  while (bench.cpu.icount < end && bench.cpu.shutdown === null && !bench.cpu.halted) {
    bench.step(Math.min(slice, end - bench.cpu.icount));
    program.between?.(bench);
  }
  const tlb: number[] = [];
  bench.mmu.forEachTlbWord((word) => tlb.push(word));
  const events = EVENT_KIND_NAMES.map((kind) => [kind, bench.events(kind)] as const);
  const state = {
    icount: bench.cpu.icount,
    tlb,
    state: bench.fingerprint(),
    events: Object.fromEntries(events),
  };
  return { bench, state, compiled: bench.cpu.compiled };
}

/**
 * Runs a program both ways, cut alike. Where pieces are long compiled code must have been entered, and `whole` instructions at least
 * retired in blocks that it was not left in; NOTHING where none can be.
 */
export const NOTHING = -1;
export function same(program: Program, whole = 100): ProtectedMode {
  const { slices = [400, 1, 3, 7, 31] } = program;
  let last: ProtectedMode | undefined;
  for (const slice of slices) {
    const reference = outcome(program, 0, slice);
    for (const after of slice >= 31 ? [1, 3] : [1]) {
      const other = outcome(program, after, slice);
      expect(other.state, `pieces of ${slice}, compiled at execution ${after}`).toEqual(reference.state);
      if (slice >= 31 && after === 1 && whole >= 0) {
        expect(other.compiled?.runs).toBeGreaterThan(0);
        expect(other.compiled?.instructions).toBeGreaterThanOrEqual(whole);
      }
      last = other.bench;
    }
  }
  return last!;
}

export const DATA = 0x80000;
/** mov esi, DATA; mov ecx, count; then `body`, dec ecx and jnz back to it. */
export const loop = (body: string, count = 1000) => {
  const bytes = body.split(' ').length;
  const back = (256 - bytes - 3).toString(16).padStart(2, '0');
  return `${load('esi', DATA)} ${load('ecx', count)} ${body} 49 75 ${back} f4`;
};
export const LOADS_AND_STORES = '01 d8 89 04 8e 8b 14 8e 03 1c 8e 31 d3 11 c0';
