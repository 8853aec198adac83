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

/** Placements that one fork of the recorded run serves: plain values, which another process can be sent. */
export interface Stretch {
  /** The interrupt line. */
  readonly line: number;
  /** icount at which the run is still the recorded one, whatever the placement. */
  readonly forkAt: number;
  readonly boundaries: readonly Boundaries[];
  /** The command of a drive that completes at another time; without one a request of the line is injected. */
  readonly command?: InterruptTime | undefined;
  /** The last icount at which the command may complete; the boundaries are of the run in which it does. Undefined: of the recorded run. */
  readonly latest?: number | undefined;
}

const earlierBy = ({ drawnAt, value }: InterruptTime, at: number): number => at - drawnAt - value;

/** The change of inputs that brings the stretch's interrupt to boundary `at`. */
export function changeFor({ line, command }: Stretch, at: number): Change {
  if (!command)
    return {
      added: [{ kind: 'inject_irq', icount: icount(at), value: line }],
      adjustments: [],
      changedAt: at,
    };
  const { kind, nth, drawnAt } = command;
  return { added: [], adjustments: [{ kind, nth, by: earlierBy(command, at) }], changedAt: drawnAt };
}

/** The option of `replay` and `record` that does the same. */
export const optionFor = ({ line, command }: Stretch, at: number): string =>
  `--schedule irq${line}${command ? `=${at}@${command.raisedAt}` : `@${at}`}`;

/** Boundaries in all of these. */
export const countOf = (boundaries: readonly Boundaries[]): number =>
  boundaries.reduce((sum, { first, last }) => sum + last - first + 1, 0);

/** Boundaries of a piece: some seconds of work, and few enough that all processors have some. Less where each run is recorded. */
const PIECE = 256;
const RECORDED_PIECE = 16;

/**
 * The stretches in pieces that can be explored apart from each other, in order. The cuts follow from the stretches alone, so that what
 * is found does not depend on how many work at it.
 */
export function piecesOf(stretches: readonly Stretch[], recorded = false): Stretch[] {
  const size = recorded ? RECORDED_PIECE : PIECE;
  return stretches.flatMap((stretch) => {
    const pieces: Boundaries[][] = [];
    let room = 0;
    for (const { first, last } of stretch.boundaries)
      for (let from = first; from <= last; from += size) {
        const part = { first: from, last: Math.min(last, from + size - 1) };
        const count = countOf([part]);
        if (count > room) {
          pieces.push([]);
          room = size;
        }
        pieces[pieces.length - 1].push(part);
        room -= count;
      }
    return pieces.map((boundaries) => ({ ...stretch, boundaries }));
  });
}

/** The boundaries inside of windows: after the set, up to the one before the last use. Merges windows that touch or overlap. */
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

export function within(boundaries: readonly Boundaries[], first: number, last: number): Boundaries[] {
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
    .map((command) => ({
      line,
      forkAt: Math.max(0, command.drawnAt - 1),
      boundaries: within(inside, command.drawnAt + Math.max(1, shortest), command.raisedAt - 1),
      command,
    }))
    .filter(({ boundaries }) => boundaries.length > 0);
}

/** A request of the line at each boundary, whether a device could have made it or not. */
export const injected = (line: number, inside: readonly Boundaries[]): Stretch[] =>
  inside.map((one) => ({ line, forkAt: one.first - 1, boundaries: [one] }));
