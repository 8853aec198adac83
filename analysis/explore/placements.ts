import type { ChangedInputs } from '../../recorder/capture/changed-nondet.ts';
import { icount } from '../../schemas/units.ts';
import type { InterruptTime } from '../what-if/recorded-interrupts.ts';

/** The boundaries of a recorded run at which one more or one earlier interrupt could come, and the change of inputs that brings it there. */

/** Instructions of a run in which something is set and not yet used for the last time: icount of the set, and of the last use. */
export interface Window {
  readonly from: number;
  readonly to: number;
}

/** Boundaries, both included: (icount, 0). */
export interface Boundaries {
  readonly first: number;
  readonly last: number;
}

/** The difference of a placement's outside world. */
export type Change = Pick<ChangedInputs, 'added' | 'adjustments' | 'changedAt'>;

/** Placements that one fork of the recorded run serves. */
export interface Stretch {
  /** icount at which the run is still the recorded one, whatever the placement. */
  readonly forkAt: number;
  readonly boundaries: readonly Boundaries[];
  changeFor(at: number): Change;
  /** The option of `replay` that does the same. */
  optionFor(at: number): string;
}

/** The boundaries inside of windows: after the set, up to the one before the last use. Windows that touch or overlap are one. */
export function boundariesOf(windows: readonly Window[]): Boundaries[] {
  const merged: Boundaries[] = [];
  for (const { from, to } of [...windows].sort((a, b) => a.from - b.from)) {
    if (to <= from) continue;
    const last = merged.at(-1);
    if (last && from <= last.last) {
      merged[merged.length - 1] = { first: last.first, last: Math.max(last.last, to) };
    } else merged.push({ first: from + 1, last: to });
  }
  return merged;
}

function within(boundaries: readonly Boundaries[], first: number, last: number): Boundaries[] {
  return boundaries
    .filter((one) => one.last >= first && one.first <= last)
    .map((one) => ({ first: Math.max(one.first, first), last: Math.min(one.last, last) }));
}

/**
 * The stretches in which a drive's interrupts could have come earlier than they did: a command is outstanding, and has been for at least the
 * shortest time of the machine. A command's time is an input, which the guest cannot tell before the command is done.
 */
export function steered(
  line: number,
  commands: readonly InterruptTime[],
  inside: readonly Boundaries[],
  shortest: number,
): Stretch[] {
  return [...commands]
    .sort((a, b) => a.drawnAt - b.drawnAt)
    .map(({ kind, nth, drawnAt, value, raisedAt }) => {
      const earlierBy = (at: number) => at - drawnAt - value;
      return {
        forkAt: Math.max(0, drawnAt - 1),
        boundaries: within(inside, drawnAt + Math.max(1, shortest), raisedAt - 1),
        changeFor: (at: number) => ({
          added: [],
          adjustments: [{ kind, nth, by: earlierBy(at) }],
          changedAt: drawnAt,
        }),
        optionFor: (at: number) => `--delay irq${line}=${earlierBy(at)}@${raisedAt}`,
      };
    })
    .filter(({ boundaries }) => boundaries.length > 0);
}

/** A request of the line at each boundary, whether a device could have made it or not. */
export function injected(line: number, inside: readonly Boundaries[]): Stretch[] {
  return inside.map((one) => ({
    forkAt: one.first - 1,
    boundaries: [one],
    changeFor: (at: number) => ({
      added: [{ kind: 'inject_irq' as const, icount: icount(at), value: line }],
      adjustments: [],
      changedAt: at,
    }),
    optionFor: (at: number) => `--inject irq${line}@${at}`,
  }));
}
