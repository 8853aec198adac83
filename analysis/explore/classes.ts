import { conflict, type Touched } from './footprint.ts';
import type { Taking } from './trail.ts';
import type { Raise } from './window-judge.ts';

/** Placements that come to the same: what happens between them and what the handler does could change places. */

/**
 * The placements from `first` to `last`, of which the one at `at` is run: requests before it wait for it, and up to `last` the handler and the
 * interrupted code touch nothing of each other's. With `late`, they are delivered at some boundary after `last`.
 */
export interface PlacementClass {
  readonly first: number;
  readonly at: number;
  readonly last: number;
  readonly late: boolean;
}

/** Boundaries in a class. */
export const sizeOf = ({ first, last }: PlacementClass): number => last - first + 1;

/** A handler's stay, from its delivery to its return to the code that it interrupted. */
export interface Handler {
  readonly touched: Touched;
  /** icount behind its IRET. */
  readonly end: number;
  /** The first rise of another line after the delivery: that has its time, and is no later for a later delivery. */
  readonly nextRaise: number;
}

/** The first rise of a line but this one. */
export const firstOther = (raises: readonly Raise[], line: number): number =>
  Math.min(Number.POSITIVE_INFINITY, ...raises.filter(({ irq }) => irq !== line).map(({ icount }) => icount));

/**
 * The number of takings from `from` on that come to the same as the first of them, whose handler is known. Undefined: it did not return, or
 * it told the time.
 */
export function alike(takings: readonly Taking[], from: number, handler: Handler | undefined): number {
  if (!handler) return 1;
  const { at } = takings[from];
  let count = 1;
  for (; from + count < takings.length; count++) {
    const next = takings[from + count];
    if (next.ordered || handler.end + (next.at - at) >= handler.nextRaise) break;
    if (conflict(next.touched, handler.touched)) break;
  }
  return count;
}
