import type { Sign } from './window-judge.ts';

/** A verdict by a check: its SQL asks a recording of the run, and only what the unchanged run does not have counts. */

export interface Examiner {
  /**
   * The findings of the check rest on the memory of the guest alone, as its death does. Otherwise they may rest on what the TLB holds, or on when it is
   * filled, and placements of one class need not have the same verdict.
   */
  readonly restsOnMemory: boolean;
  /** The findings of the check in the trace that `write` writes, in the order of the run. */
  examine(write: (path: string) => void | Promise<void>): Promise<readonly Sign[]>;
}

/**
 * The findings of a run that leaves the recorded one at `at`, without those that the recorded run has too: the same at the same icount, or,
 * from `at` up to `reach`, as many in the same function of the same process.
 */
export function madeBy(
  found: readonly Sign[],
  unchanged: readonly Sign[],
  { at, reach }: { readonly at: number; readonly reach: number },
): readonly Sign[] {
  const kept = new Set(unchanged.map(exactly));
  const own = new Set(found.map(exactly));
  const others = unchanged
    .filter((one) => one.icount >= at && one.icount <= reach && !own.has(exactly(one)))
    .map(place);
  return found.filter((one) => {
    if (kept.has(exactly(one))) return false;
    const same = others.indexOf(place(one));
    if (same >= 0) others.splice(same, 1);
    return same < 0;
  });
}

/** Without times, which an interrupt moves, and without offsets in functions. */
const place = ({ kind, text, process }: Sign): string =>
  [kind, text.replaceAll(/\+0x[0-9a-f]+\b/g, '').replaceAll(/icount \d+/g, 'icount'), process].join('\n');

const exactly = (sign: Sign): string => `${sign.icount}\n${place(sign)}`;
