import { ChangedNondet } from '../../recorder/capture/changed-nondet.ts';
import type { MachineBuilder } from '../../recorder/machine/build.ts';
import { exitOf } from '../../recorder/machine/trace-exit.ts';
import { type Checkpoint, ForwardSession } from '../../replayer/timeline/forward-session.ts';
import { executeTo } from '../../replayer/timeline/go-to.ts';
import type { TraceReader } from '../../replayer/trace/trace-reader.ts';
import type { EventBatch } from '../../schemas/events.ts';
import { host } from '../../schemas/host.ts';
import type { TraceExit } from '../../schemas/trace/footer.ts';
import { type Input, isAsynchronous } from '../../schemas/trace/inputs.ts';
import { icount } from '../../schemas/units.ts';
import { successCodes } from '../ending/exit-codes.ts';
import { classesAmong, type PlacementClass, sizeOf } from './classes.ts';
import { type Change, changeFor, optionFor, type Stretch } from './placements.ts';
import { kindsOf, type Sign, WindowJudge } from './window-judge.ts';

/** Tries interrupts where they did not come: each placement is a fork of the recorded run, executed and judged. */

export interface ExplorerOptions {
  readonly reader: TraceReader;
  readonly build: MachineBuilder;
  readonly builtinDisk: (name: string) => Uint8Array;
  /** Instructions that each placement runs on for. */
  readonly within: number;
  /** Runs every placement of a class instead of one. */
  readonly unpruned?: boolean | undefined;
}

/** The fate of a placement. */
export interface Outcome {
  readonly placement: PlacementClass;
  /** The boundary at which the line rose. */
  readonly at: number;
  /** The option of `replay` that makes this run again. */
  readonly option: string;
  /** The first delivery of the line after the fork. */
  readonly delivery: { readonly icount: number; readonly eip: number } | undefined;
  /** The first sign of a failure. */
  readonly sign: Sign | undefined;
  /** Its end, where it came to one. */
  readonly end: TraceExit | undefined;
  readonly failed: boolean;
}

/** Counts of a stretch, or of several. */
export interface Tally {
  readonly placements: number;
  readonly classes: number;
  /** The first sign of failure in the recorded run itself, as far as it was gone through. */
  readonly recorded: Sign | undefined;
}

export interface Explored extends Tally {
  /** In the order of their stretches. */
  readonly outcomes: readonly Outcome[];
  /** True if nothing was left out. */
  readonly complete: boolean;
}

/** Instructions of a placement between two looks at its verdict. */
const LOOK = 1 << 18;

/** A machine on the recorded run, which leaves it for each placement. Stretches are explored in their order. */
export class Explorer {
  private readonly options: ExplorerOptions;
  private readonly session: ForwardSession;
  private readonly inputs: readonly Input[];
  private readonly success: readonly number[];
  /** Of the recorded run, and of whatever runs now. */
  private readonly recorded: WindowJudge;
  private judge: WindowJudge;

  constructor(options: ExplorerOptions) {
    const { reader, build, builtinDisk } = options;
    this.options = options;
    this.inputs = reader.inputs();
    this.success = successCodes(reader.header);
    this.recorded = new WindowJudge(kindsOf(reader.header.profile.windows));
    this.judge = this.recorded;
    const sink = { flush: (batch: EventBatch) => this.judge.flush(batch) };
    this.session = ForwardSession.open(reader, { build, builtinDisk, sink });
  }

  close(): void {
    this.options.reader.close();
  }

  /** Tells of each placement as it is judged; undefined when `signal` ended it before all were. */
  async explore(
    stretch: Stretch,
    onOutcome: (outcome: Outcome) => void,
    signal?: AbortSignal,
  ): Promise<Tally | undefined> {
    const { session, options } = this;
    await executeTo(session, icount(stretch.forkAt));
    this.flush();
    const fork = session.save();
    try {
      const classes = this.judged(this.recorded.fork(), () =>
        stretch.boundaries.flatMap((some) => classesAmong(session, stretch.line, some)),
      );
      for (const one of classes)
        for (const at of options.unpruned ? boundariesIn(one) : [one.at]) {
          if (signal?.aborted) return undefined;
          onOutcome(this.outcome(stretch, one, at, fork));
          await host().turn();
        }
      const placements = classes.reduce((sum, one) => sum + sizeOf(one), 0);
      return { placements, classes: classes.length, recorded: this.recorded.sign };
    } finally {
      session.restore(fork);
    }
  }

  /** Runs a branch off the recorded run, which `judge` alone hears of. */
  private judged<Result>(judge: WindowJudge, branch: () => Result): Result {
    this.judge = judge;
    try {
      return branch();
    } finally {
      this.flush();
      this.judge = this.recorded;
    }
  }

  /** Has judged all that the machine has recorded, before anything else runs. */
  private flush(): void {
    this.session.machine.log?.flush();
  }

  private outcome(stretch: Stretch, placement: PlacementClass, at: number, fork: Checkpoint): Outcome {
    const { session, options } = this;
    session.restore(fork);
    const machine = session.leave(this.worldOf(changeFor(stretch, at), fork.inputs));
    const judge = this.recorded.fork();
    const until = at + options.within;
    const end = this.judged(judge, () => {
      while (machine.icount < until && !judge.sign) {
        const stop = machine.run(icount(Math.min(until, machine.icount + LOOK)));
        this.flush();
        if (stop.kind !== 'limit') return exitOf(stop);
      }
      return undefined;
    });
    const failed = judge.sign !== undefined || (end !== undefined && this.isBad(end));
    const delivery = judge.deliveries.get(stretch.line);
    return { placement, at, option: optionFor(stretch, at), delivery, sign: judge.sign, end, failed };
  }

  private isBad({ kind, code }: TraceExit): boolean {
    if (kind === 'exit') return !this.success.includes(code);
    // A kernel may halt for ever on purpose: then the recorded one did.
    return kind === 'shutdown' || (kind === 'stuck' && this.options.reader.footer?.exit.kind !== 'stuck');
  }

  /** The world of the what-if with this change, brought to where `taken` inputs have been taken. */
  private worldOf(change: Change, taken: number): ChangedNondet {
    const { header } = this.options.reader;
    const { diskLatencyMin: min, diskLatencyMax: max } = header.machine;
    const { inputs: recorded } = this;
    const world = new ChangedNondet({ recorded, seed: header.seed, latency: { min, max }, ...change });
    for (const { kind, icount: now, value } of recorded.slice(0, taken))
      if (isAsynchronous(kind)) world.takeInput(now);
      else world.draw(kind, now, value, value);
    return world;
  }
}

const boundariesIn = (one: PlacementClass): number[] =>
  Array.from({ length: sizeOf(one) }, (_, n) => one.first + n);
