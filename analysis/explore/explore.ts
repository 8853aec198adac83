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
import type { Change, Stretch } from './placements.ts';
import { kindsOf, type Sign, WindowJudge } from './window-judge.ts';

/** Tries interrupts where they did not come: each placement is a fork of the recorded run, executed and judged. */

export interface ExploreOptions {
  readonly reader: TraceReader;
  readonly build: MachineBuilder;
  readonly builtinDisk: (name: string) => Uint8Array;
  /** The interrupt line whose placements these are. */
  readonly irq: number;
  readonly stretches: readonly Stretch[];
  /** Instructions that each placement runs on for. */
  readonly within: number;
  /** Runs every placement of a class instead of one. */
  readonly unpruned?: boolean;
  readonly onProgress?: (done: Explored) => void;
  /** Ends in order, with what is known by then. */
  readonly signal?: AbortSignal;
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

export interface Explored {
  readonly placements: number;
  readonly classes: number;
  readonly outcomes: readonly Outcome[];
  /** icount up to which the recorded run has been gone through. */
  readonly icount: number;
  /** True if nothing was left out. */
  readonly complete: boolean;
  /** The first sign of failure in the recorded run itself, as far as it was gone through. */
  readonly recorded: Sign | undefined;
}

/** Instructions of a placement between two looks at its verdict. */
const LOOK = 1 << 18;

export const explore = (options: ExploreOptions): Promise<Explored> => new Exploration(options).run();

class Exploration {
  private readonly options: ExploreOptions;
  private readonly session: ForwardSession;
  private readonly inputs: readonly Input[];
  private readonly success: readonly number[];
  /** Of the recorded run, and of whatever runs now. */
  private readonly recorded: WindowJudge;
  private judge: WindowJudge;
  private placements = 0;
  private classes = 0;
  private readonly outcomes: Outcome[] = [];

  constructor(options: ExploreOptions) {
    const { reader, build, builtinDisk } = options;
    this.options = options;
    this.inputs = reader.inputs();
    this.success = successCodes(reader.header);
    this.recorded = new WindowJudge(kindsOf(reader.header.profile.windows));
    this.judge = this.recorded;
    const sink = { flush: (batch: EventBatch) => this.judge.flush(batch) };
    this.session = ForwardSession.open(reader, { build, builtinDisk, sink });
  }

  async run(): Promise<Explored> {
    const { stretches, signal, onProgress } = this.options;
    for (const stretch of stretches) {
      await executeTo(this.session, icount(stretch.forkAt));
      this.flush();
      const fork = this.session.save();
      const classes = this.judged(this.recorded.fork(), () =>
        stretch.boundaries.flatMap((some) => classesAmong(this.session, this.options.irq, some)),
      );
      this.placements += classes.reduce((sum, one) => sum + sizeOf(one), 0);
      this.classes += classes.length;
      for (const one of classes) {
        if (signal?.aborted) return this.explored(false);
        for (const at of this.options.unpruned ? boundariesIn(one) : [one.at])
          this.outcomes.push(this.outcome(stretch, one, at, fork));
        onProgress?.(this.explored(false));
        await host().turn();
      }
      this.session.restore(fork);
    }
    return this.explored(true);
  }

  private explored(complete: boolean): Explored {
    const { placements, classes, outcomes, session, recorded } = this;
    return {
      ...{ placements, classes, outcomes, complete },
      icount: session.machine.icount,
      recorded: recorded.sign,
    };
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
    const machine = session.leave(this.worldOf(stretch.changeFor(at), fork.inputs));
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
    const delivery = judge.deliveries.get(options.irq);
    return { placement, at, option: stretch.optionFor(at), delivery, sign: judge.sign, end, failed };
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
