import { dueAt } from '../../recorder/capture/scheduled-nondet.ts';
import type { InterruptTime } from '../what-if/recorded-interrupts.ts';
import { LateRun } from './base-run.ts';
import { Branching } from './branching.ts';
import { boundariesOf, type Stretch, type Window, within } from './placements.ts';

/**
 * Interrupts later than they came. Their windows are those of another run: the one in which the command takes as long as it may. Up to any
 * boundary the guest cannot tell that run from the one in which the command completes there.
 */

/** Instructions of such a run between two looks at its verdict. */
const LOOK = 1 << 14;

export interface Late {
  readonly stretch: Stretch;
  readonly windows: number;
}

/** Commands are to be asked for in the order in which they completed. */
export class LateRuns extends Branching {
  /** Placements of a command's interrupt behind its own time, `between` two icounts; undefined where there is no window. */
  async of(
    line: number,
    command: InterruptTime,
    longest: number,
    between: { readonly from: number; readonly to: number },
  ): Promise<Late | undefined> {
    const { raisedAt, drawnAt, kind } = command;
    const latest = dueAt(kind, drawnAt, longest);
    const first = Math.max(raisedAt + 1, between.from + 1);
    const last = Math.min(latest, between.to);
    const forkAt = raisedAt - 1;
    // The time is drawn by the instruction at drawnAt.
    if (first > last || forkAt <= drawnAt) return undefined;
    const windows = await this.windowsBehind(command, forkAt, latest);
    const open = windows.filter(({ from, to }) => to >= first && from < last);
    const boundaries = within(boundariesOf(open), first, last);
    if (boundaries.length === 0) return undefined;
    return { stretch: { line, forkAt, boundaries, command, latest }, windows: open.length };
  }

  private async windowsBehind(
    { raisedAt }: InterruptTime,
    forkAt: number,
    latest: number,
  ): Promise<Window[]> {
    const checkpoint = await this.goTo(forkAt);
    const base = new LateRun(
      this.session,
      { checkpoint, judge: this.recorded, world: this.world },
      raisedAt,
      latest,
    );
    const found = new Map<number, Window>();
    const judge = this.recorded.fork();
    judge.onUse = (seq, from, to) => void found.set(seq, { from, to });
    this.judged(judge, () => {
      base.back();
      this.runTo(latest, LOOK);
    });
    this.session.restore(checkpoint);
    return [...found.values()];
  }
}
