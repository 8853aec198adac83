import { ESP } from '../../recorder/machine/cpu/state.ts';
import { CPU_STATE } from '../../recorder/machine/layout.ts';
import { host } from '../../schemas/host.ts';
import type { TraceExit } from '../../schemas/trace/footer.ts';
import { icount } from '../../schemas/units.ts';
import { type BaseRun, LateRun, RecordedRun } from './base-run.ts';
import { Branching, type BranchingOptions, type Fork } from './branching.ts';
import { alike, firstOther, type Handler, type PlacementClass, sizeOf } from './classes.ts';
import { madeBy } from './examiner.ts';
import { Footprint } from './footprint.ts';
import { changeFor, optionFor, type Stretch } from './placements.ts';
import { type Trail, trailThrough } from './trail.ts';
import type { Delivery, Sign, WindowJudge } from './window-judge.ts';

/** Tries interrupts where they did not come: each placement is a fork of the recorded run, executed and judged. */

export interface ExplorerOptions extends BranchingOptions {
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
  /** The option of `replay`, and of `record`, that makes this run again. */
  readonly option: string;
  /** The first delivery of the line after the fork. */
  readonly delivery: Omit<Delivery, 'id'> | undefined;
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
/** The same while every access is looked at, and the instructions after which a handler is taken for one that does not return soon. */
const CLOSE_LOOK = 1 << 9;
const LONG_STAY = 1 << 15;

/** Instructions that are executed again sooner than a checkpoint is taken behind them. */
const NEAR = 1 << 12;

/** A place on a run. */
interface Place {
  readonly base: BaseRun;
  readonly fork: Fork;
  /** Findings of an examiner in the recorded run. */
  readonly unchanged: readonly Sign[];
}

/** Leaves the recorded run for each placement. Stretches are explored in their order. */
export class Explorer extends Branching {
  private readonly options: ExplorerOptions;

  constructor(options: ExplorerOptions) {
    super(options);
    this.options = options;
  }

  /** Tells of each placement as it is judged; undefined when `signal` ended it before all were. */
  async explore(
    stretch: Stretch,
    onOutcome: (outcome: Outcome) => void,
    signal?: AbortSignal,
  ): Promise<Tally | undefined> {
    const checkpoint = await this.goTo(stretch.forkAt);
    const start = { checkpoint, judge: this.recorded, world: this.world };
    const base = this.baseOf(stretch, start);
    const counts = { placements: 0, classes: 0 };
    try {
      const unchanged = await this.unchanged(start, this.reachOf(stretch.boundaries.at(-1)?.last ?? 0));
      const trails = this.judged(this.recorded.fork(), () => {
        base.back();
        return stretch.boundaries.map((some) => trailThrough(base.session, stretch.line, some));
      });
      const judge = this.recorded.fork();
      let fork: Fork | undefined;
      for (const [n, trail] of trails.entries()) {
        const { first, last } = stretch.boundaries[n];
        if (!fork || first - fork.checkpoint.snapshot.icount > NEAR) {
          base.back(fork);
          fork = this.forkBefore(first, base, judge);
        }
        for await (const outcomes of this.classes(stretch, trail, last, { base, fork, unchanged })) {
          if (signal?.aborted) return undefined;
          for (const outcome of outcomes) onOutcome(outcome);
          counts.classes++;
          counts.placements += sizeOf(outcomes[0].placement);
          await host().turn();
        }
      }
      return { ...counts, recorded: this.recorded.sign ?? this.inRecording(unchanged) };
    } finally {
      this.session.restore(checkpoint);
    }
  }

  private inRecording(found: readonly Sign[]): Sign | undefined {
    return found.find(({ icount: at }) => at < this.session.end);
  }

  /** The interrupt may delay for as long what the recorded run finds behind a placement. */
  private reachOf(at: number): number {
    return at + 2 * this.options.within;
  }

  private baseOf({ line, command, latest }: Stretch, start: Fork): BaseRun {
    const { session, inputs } = this;
    return command && latest !== undefined
      ? new LateRun(session, start, { line, completed: command.raisedAt, due: latest })
      : new RecordedRun(session, inputs, start, command?.raisedAt);
  }

  /** Goes on to where the first placement at `boundary` leaves the run. */
  private forkBefore(boundary: number, base: BaseRun, judge: WindowJudge): Fork {
    this.judged(judge, () => base.session.run(icount(boundary - 1)));
    return base.fork(judge);
  }

  /** The classes of a trail up to `last`, each with its outcome, or with those of all its placements. */
  private async *classes(
    stretch: Stretch,
    { takings, waiting }: Trail,
    last: number,
    place: Place,
  ): AsyncGenerator<readonly Outcome[]> {
    const grouped = this.examiner?.restsOnMemory ?? true;
    for (let n = 0; n < takings.length; ) {
      const { first, at } = takings[n];
      const { handler, ...judged } = await this.place(stretch, at, place, grouped);
      const count = alike(takings, n, handler);
      const one = { first, at, last: takings[n + count - 1].at, late: false };
      yield await this.outcomes(stretch, one, place, { ...judged, placement: one });
      n += count;
    }
    if (waiting === undefined) return;
    const late = { first: waiting, at: last, last, late: true };
    const { handler: _, ...judged } = await this.place(stretch, last, place, false);
    yield await this.outcomes(stretch, late, place, { ...judged, placement: late });
  }

  private async outcomes(
    stretch: Stretch,
    placement: PlacementClass,
    place: Place,
    outcome: Outcome,
  ): Promise<readonly Outcome[]> {
    const outcomes = [outcome];
    if (!this.options.unpruned) return outcomes;
    for (const at of boundariesIn(placement).filter((one) => one !== outcome.at)) {
      const { handler: _, ...judged } = await this.place(stretch, at, place, false);
      outcomes.push({ ...judged, placement });
    }
    return outcomes;
  }

  /** Runs the placement at a boundary; `watched`: with the accesses of its handler. */
  private async place(
    stretch: Stretch,
    at: number,
    { base, fork, unchanged }: Place,
    watched: boolean,
  ): Promise<Omit<Outcome, 'placement'> & { readonly handler: Handler | undefined }> {
    const { session } = base;
    const { line, command } = stretch;
    base.back(fork);
    const judge = fork.judge.fork();
    const until = at + this.options.within;
    let handler: Handler | undefined;
    const end = this.judged(judge, () => {
      // A time that is drawn at an icount is drawn by the instruction there.
      session.run(icount(Math.max(at - 1, (command?.drawnAt ?? 0) + 1)));
      this.flush();
      judge.forget();
      base.leave(fork, command ? [] : changeFor(stretch, at).added);
      if (base.due !== undefined && !session.machine.redraw(line, icount(base.due), icount(at)))
        throw new Error(`no IRQ ${line} is due at icount ${base.due}`);
      const early = this.runTo(at, LOOK);
      if (early) return early;
      const watch = watched ? this.watchHandler(line, at, until) : undefined;
      handler = watch?.handler;
      return watch?.end ?? this.runTo(until, LOOK);
    });
    const found = madeBy(await this.examined(judge, end), unchanged, { at, reach: this.reachOf(at) });
    const sign = judge.sign ?? found[0];
    const failed = sign !== undefined || (end !== undefined && this.isBad(end));
    const { id: _, ...delivery } = judge.deliveries.get(line) ?? { id: 0 };
    return {
      ...{ at, option: optionFor(stretch, at), sign, failed, handler },
      // Looks do not come at once: how far the run went on behind the sign says nothing.
      end: sign ? undefined : end,
      delivery: 'icount' in delivery ? delivery : undefined,
    };
  }

  /** Runs on with a look at every access, until the handler of the line has returned to the code that it interrupted at `at`. */
  private watchHandler(
    line: number,
    at: number,
    until: number,
  ): { readonly handler?: Handler; readonly end?: TraceExit | undefined } {
    const { machine } = this.session;
    const { judge } = this;
    const { cpl, mem } = { cpl: machine.cpu.cpl, mem: machine.mem };
    const footprint = new Footprint(machine, cpl === 3 ? -1 : mem.i32[(CPU_STATE >>> 2) + ESP] >>> 0);
    footprint.attach();
    try {
      while (machine.icount < Math.min(until, at + LONG_STAY) && !judge.sign) {
        const end = this.runTo(machine.icount + CLOSE_LOOK, CLOSE_LOOK);
        const delivery = judge.deliveries.get(line);
        if (end || !delivery || delivery.icount !== at) return { end };
        const left = judge.returned(delivery);
        if (left === undefined) continue;
        if (footprint.readsClock) return {};
        const nextRaise = firstOther(judge.raises, line);
        return { handler: { touched: footprint.upTo(left), end: left + 1, nextRaise } };
      }
      return {};
    } finally {
      footprint.detach();
    }
  }
}

const boundariesIn = (one: PlacementClass): number[] =>
  Array.from({ length: sizeOf(one) }, (_, n) => one.first + n);
