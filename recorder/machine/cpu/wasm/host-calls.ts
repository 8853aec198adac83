import type { ShortPath } from '../../mmu/short-path.ts';
import type { Core } from '../core.ts';
import * as state from '../state.ts';

/** The functions that compiled code calls in JavaScript. */

const { EIP, ICOUNT, LATCH_PAGE, LATCH_PHYSICAL, RUN_END } = state;
const PAGE = ~0xfff;

/**
 * None of them faults (the guest; `flushEvents` may fail with the disk): operations that they cannot do are left to the interpreter, which reaches the same place again. `eip` and `left` are
 * those of the instruction that calls, for the events it makes, and ESP stands in CPU_STATE; `next` is the EIP of the one behind it.
 */
export type HostCalls = ReturnType<typeof createHostCalls>;

/** The names of the calls and how many parameters each has. */
export const HOST_CALLS = [
  ['fill', 4],
  ['store', 5],
  ['invlpg', 4],
  ['loadDirectory', 4],
  ['fetch', 2],
  ['timeStamp', 3],
  ['flushEvents', 2],
] as const;

export type HostCallName = (typeof HOST_CALLS)[number][0];

export function createHostCalls(core: Core, memory: ShortPath) {
  const { i32, f64 } = core;

  /** For events: where execution stands. */
  function stand(eip: number, left: number): void {
    i32[EIP] = eip;
    f64[ICOUNT] = f64[RUN_END] - left;
  }

  /** Fetches the next instruction anew; 1 if compiled code may go on there, for it is where it was. */
  function refetch(eip: number, left: number, next: number): number {
    // At the end of a run the next instruction is not fetched.
    if ((eip ^ next) & PAGE || left === 1) return 0;
    stand(next, left - 1);
    const physical = memory.tryFetch(next);
    if (physical < 0 || (physical & PAGE) !== i32[LATCH_PHYSICAL]) return 0;
    i32[LATCH_PAGE] = next >>> 12;
    return 1;
  }

  return {
    /** Fills the TLB for a read (`write` 0) or write (ShortPath.prepare): the slot of FAST_PATH then, which lets it through or not. */
    fill(linear: number, write: number, eip: number, left: number): number {
      stand(eip, left);
      return memory.prepare(linear, write);
    },

    /** Stores `size` bytes, be they a PTE, with the event of a store that is recorded; 0: it does not. */
    store(linear: number, value: number, size: number, eip: number, left: number): number {
      stand(eip, left);
      return memory.tryWrite(linear, size, value) ? 1 : 0;
    },

    /** Physical address of the frame that the instruction at `next` is in, filling the TLB; negative: it does not. */
    fetch(next: number, left: number): number {
      stand(next, left);
      return memory.tryFetch(next) & PAGE;
    },

    /** The lower half of the time-stamp counter, or the `upper`. */
    timeStamp(upper: number, eip: number, left: number): number {
      stand(eip, left);
      return upper !== 0 ? Math.floor(core.timeStamp / 0x100000000) | 0 : core.timeStamp | 0;
    },

    /** A table of events is full. */
    flushEvents(eip: number, left: number): number {
      stand(eip, left);
      memory.flushEvents();
      return 0;
    },

    invlpg(linear: number, eip: number, left: number, next: number): number {
      stand(eip, left);
      memory.invlpg(linear);
      return refetch(eip, left, next);
    },

    /** Loads CR3: another page under ESP is another stack. */
    loadDirectory(value: number, eip: number, left: number, next: number): number {
      stand(eip, left);
      core.loadDirectory(value);
      return refetch(eip, left, next);
    },
  };
}
