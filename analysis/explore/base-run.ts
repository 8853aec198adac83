import type { ChangedNondet } from '../../recorder/capture/changed-nondet.ts';
import type { ForwardSession } from '../../replayer/timeline/forward-session.ts';
import type { Input } from '../../schemas/trace/inputs.ts';
import { icount } from '../../schemas/units.ts';
import { type Fork, takeInputs } from './branching.ts';
import type { WindowJudge } from './window-judge.ts';

/** The run that placements leave: the recorded one, or the one in which a command takes as long as it may. */

export interface BaseRun {
  readonly session: ForwardSession;
  /** icount at which the command of the placements completes in this run; undefined without a command. */
  readonly due: number | undefined;
  /** Goes back to a place on the run; to its start without one. */
  back(fork?: Fork): void;
  /** The place where the run is, of which `judge` has heard all. */
  fork(judge: WindowJudge): Fork;
  /** Has nothing outside behave as in this run from here on. It was last taken back to `fork`. `added` comes on top. */
  leave(fork: Fork, added: readonly Input[]): void;
}

export class RecordedRun implements BaseRun {
  readonly session: ForwardSession;
  readonly due: number | undefined;
  private readonly inputs: readonly Input[];
  private readonly start: Fork;

  constructor(session: ForwardSession, inputs: readonly Input[], start: Fork, due: number | undefined) {
    this.session = session;
    this.inputs = inputs;
    this.start = start;
    this.due = due;
  }

  back(fork: Fork = this.start): void {
    this.session.restore(fork.checkpoint);
  }

  fork(judge: WindowJudge): Fork {
    const checkpoint = this.session.save();
    return { checkpoint, judge, world: this.worldAt(this.start, checkpoint.inputs, []) };
  }

  leave(fork: Fork, added: readonly Input[]): void {
    this.session.leave(this.worldAt(fork, this.session.inputs, added));
  }

  private worldAt({ world, checkpoint }: Fork, taken: number, added: readonly Input[]): ChangedNondet {
    const now = world.fork(added);
    takeInputs(now, this.inputs.slice(checkpoint.inputs, taken));
    return now;
  }
}

/** A command with IRQ `line` at its end: the icount at which it completed, and at which it does in the late run. */
export interface LateCommand {
  readonly line: number;
  readonly completed: number;
  readonly due: number;
}

/** A run that is the recorded one up to where a command completed, and in which that command completes at `due`, later. */
export class LateRun implements BaseRun {
  readonly session: ForwardSession;
  readonly due: number;
  private readonly start: Fork;
  private readonly command: LateCommand;
  private world: ChangedNondet;

  /** `recorded` stands at `start`, before icount `completed`, and with the command outstanding. */
  constructor(recorded: ForwardSession, start: Fork, command: LateCommand) {
    this.session = recorded.fork();
    // It has taken none of the inputs: they come from worlds of its own.
    this.start = { ...start, checkpoint: { ...start.checkpoint, inputs: this.session.inputs } };
    this.command = command;
    this.due = command.due;
    this.world = start.world;
  }

  back(fork?: Fork): void {
    const { checkpoint, world } = fork ?? this.start;
    this.session.restore(checkpoint);
    this.world = world.fork();
    this.session.leave(this.world);
    const { line, completed, due } = this.command;
    if (!fork && !this.session.machine.redraw(line, icount(completed), icount(due)))
      throw new Error(`no IRQ ${line} is due at icount ${completed}`);
  }

  fork(judge: WindowJudge): Fork {
    return { checkpoint: this.session.save(), judge, world: this.world.fork() };
  }

  leave(): void {}
}
