import { dueAt } from '../../recorder/capture/scheduled-nondet.ts';
import type { Checkpoint } from '../../replayer/timeline/forward-session.ts';
import type { InterruptTime } from '../what-if/recorded-interrupts.ts';
import { LateRun } from './base-run.ts';
import { Branching, type BranchingOptions } from './branching.ts';
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

/** Finds the windows of the run in which a command completes only at `latest`; they may begin before that run differs. */
export type WindowsOf = (command: InterruptTime, latest: number) => Promise<readonly Window[]>;

export interface LateOptions extends BranchingOptions {
  /** Instructions behind the latest time in which uses of windows are found too. */
  readonly within: number;
}

/** Commands are to be asked for in the order in which they completed. */
export class LateRuns extends Branching {
  /** The largest answer that the machine would have taken, by kind and icount of the request. */
  private readonly longest: ReadonlyMap<string, number>;
  private readonly windowsOf: WindowsOf | undefined;
  private readonly beyond: number;

  /** Without `windowsOf`: the windows that a judge hears of. */
  constructor(options: LateOptions, windowsOf?: WindowsOf) {
    const longest = new Map<string, number>();
    super({
      ...options,
      onInput: ({ kind, icount }, most) => {
        if (most !== undefined) longest.set(`${kind} ${icount}`, most);
      },
    });
    this.longest = longest;
    this.beyond = options.within;
    this.windowsOf = windowsOf;
  }

  /**
   * Placements of a command's interrupt behind its own time, `between` two icounts; undefined where there is no window. A time of 0 or 1
   * has no instruction at which the interrupt could be held back.
   */
  async of(
    line: number,
    command: InterruptTime,
    between: { readonly from: number; readonly to: number },
  ): Promise<Late | undefined> {
    const { raisedAt, drawnAt, kind } = command;
    const first = Math.max(raisedAt + 1, between.from + 1);
    const forkAt = raisedAt - 1;
    // The time is drawn by the instruction at drawnAt.
    if (first > between.to || forkAt <= drawnAt) return undefined;
    const checkpoint = await this.goTo(forkAt);
    const latest = dueAt(kind, drawnAt, this.longest.get(`${kind} ${drawnAt}`) ?? 0);
    const last = Math.min(latest, between.to);
    if (first > last) return undefined;
    const windows = await (this.windowsOf?.(command, latest) ??
      this.heard(checkpoint, line, command, latest));
    const open = windows.filter(({ from, to }) => to >= first && from < last);
    const boundaries = within(boundariesOf(open), first, last);
    if (boundaries.length === 0) return undefined;
    return { stretch: { line, forkAt, boundaries, command, latest }, windows: open.length };
  }

  private heard(checkpoint: Checkpoint, line: number, { raisedAt }: InterruptTime, latest: number): Window[] {
    const base = new LateRun(
      this.session,
      { checkpoint, judge: this.recorded, world: this.world },
      { line, completed: raisedAt, due: latest },
    );
    const found = new Map<number, Window>();
    const judge = this.recorded.fork();
    judge.onUse = (seq, from, to) => void found.set(seq, { from, to });
    this.judged(judge, () => {
      base.back();
      // A window that is open at the latest time may be used behind it.
      this.runTo(latest + this.beyond, LOOK);
    });
    this.session.restore(checkpoint);
    return [...found.values()];
  }
}
