import { dueAt, kindsOfLine, type Move } from '../../recorder/capture/scheduled-nondet.ts';
import type { Nondet } from '../../recorder/machine/nondet.ts';
import { host } from '../../schemas/host.ts';
import type { TraceExit } from '../../schemas/trace/footer.ts';
import { type Input, type InputKind, isDiskTime } from '../../schemas/trace/inputs.ts';
import { type Icount, icount } from '../../schemas/units.ts';
import type { InterruptTime } from '../what-if/recorded-interrupts.ts';
import { Branching, type BranchingOptions, type Fork } from './branching.ts';
import { madeBy } from './examiner.ts';
import { type Method, type Plan, planOf, type Span } from './strategies.ts';
import type { Sign, WindowJudge } from './window-judge.ts';

/** Runs with several interrupts at other times, chosen at random: bounds above one, where all cannot be tried. */

export interface SearchOptions extends BranchingOptions {
  readonly method: Method;
  /** Interrupts that come at other times. */
  readonly bound: number;
  /** Part of the run in which they do. */
  readonly span: Span;
  readonly lines: readonly number[];
  /** Of each line, the times in the recording. */
  readonly times: ReadonlyMap<number, readonly InterruptTime[]>;
  readonly within: number;
}

export interface SearchOutcome {
  readonly run: number;
  readonly failed: boolean;
  readonly sign: Sign | undefined;
  readonly end: TraceExit | undefined;
  readonly moves: readonly Move[];
}

/** An interrupt that is to come: its device is at work. */
interface Outstanding {
  readonly line: number;
  /** The first icount at which it can come, and the one at which it will. */
  readonly first: number;
  due: number;
  /** As it would come by the seed. */
  readonly seeded: number;
}

export class Searcher extends Branching {
  private readonly options: SearchOptions;
  private fork: Fork | undefined;
  /** Findings of an examiner in the recorded run. */
  private found: readonly Sign[] = [];

  constructor(options: SearchOptions) {
    super(options);
    this.options = options;
  }

  /** The run of this number. */
  async run(run: number): Promise<SearchOutcome> {
    const { method, bound, span, lines, within } = this.options;
    const fork = await this.start();
    const plan = planOf(method, run, bound, span, lines);
    this.session.restore(fork.checkpoint);
    const judge = fork.judge.fork();
    const world = new PlannedNondet(fork.world.fork(), plan, lines, this.outstandingAtStart());
    const end = this.judged(judge, () => {
      this.session.leave(world);
      for (const line of world.eagerLines) this.hasten(world, line, span.from);
      for (const point of plan.points) {
        const early = this.runTo(point, point - span.from + 1);
        if (early || this.judge.sign) return early;
        this.changeAt(point, world, plan);
      }
      return this.runTo(span.to + within, 1 << 18);
    });
    await host().turn();
    const bad = end !== undefined && this.isBad(end);
    const sign = judge.sign ?? (world.moves.length > 0 ? await this.made(judge, end) : undefined);
    return { run, failed: sign !== undefined || bad, sign, end: sign ? undefined : end, moves: world.moves };
  }

  /** The first finding of an examiner in the run, which the unchanged run does not have. */
  private async made(judge: WindowJudge, end: TraceExit | undefined): Promise<Sign | undefined> {
    const { span } = this.options;
    const range = { at: span.from, reach: this.reach };
    return madeBy(await this.examined(judge, end), this.found, range)[0];
  }

  /** The interrupts may delay for as long what the recorded run finds behind them. */
  private get reach(): number {
    return this.options.span.to + 2 * this.options.within;
  }

  private async start(): Promise<Fork> {
    if (this.fork) return this.fork;
    const checkpoint = await this.goTo(this.options.span.from);
    const fork = { checkpoint, judge: this.recorded, world: this.world };
    this.found = await this.unchanged(fork, this.reach);
    this.fork = fork;
    return fork;
  }

  private outstandingAtStart(): Outstanding[] {
    const { lines, times, span, reader } = this.options;
    const { diskLatencyMin } = reader.header.machine;
    return lines.flatMap((line) =>
      (times.get(line) ?? [])
        .filter(({ drawnAt, raisedAt }) => drawnAt < span.from && raisedAt > span.from)
        .map(({ kind, drawnAt, raisedAt }) => ({
          line,
          first: dueAt(kind, drawnAt, isDiskTime(kind) ? diskLatencyMin : 0),
          due: raisedAt,
          seeded: raisedAt,
        })),
    );
  }

  private changeAt(point: number, world: PlannedNondet, { drops }: Plan): void {
    const { machine } = this.session;
    if (drops) {
      world.drop(this.judge.inHandler(machine.cpu.frameId));
      for (const line of world.eagerLines) this.hasten(world, line, point);
    } else for (const line of this.options.lines) this.hasten(world, line, point);
  }

  /** Has the line's interrupt come as soon as it can. */
  private hasten(world: PlannedNondet, line: number, now: number): void {
    const one = world.outstanding(line, now);
    const to = Math.max(now + 1, one?.first ?? 0);
    if (!one || to >= one.due || !this.session.machine.redraw(line, one.due, icount(to))) return;
    one.due = to;
  }
}

/** The world of a run of the search: it knows what is outstanding. */
class PlannedNondet implements Nondet {
  private readonly source: Nondet;
  private readonly plan: Plan;
  private readonly lineOf: ReadonlyMap<InputKind, number>;
  private readonly asked: Outstanding[];
  private eager: Set<number>;

  constructor(source: Nondet, plan: Plan, lines: readonly number[], outstanding: Outstanding[]) {
    this.source = source;
    this.plan = plan;
    this.lineOf = new Map(lines.flatMap((line) => kindsOfLine(line).map((kind) => [kind, line] as const)));
    this.asked = outstanding;
    this.eager = new Set(plan.eager);
  }

  get eagerLines(): ReadonlySet<number> {
    return this.eager;
  }

  /** Whoever runs goes behind all others: the interrupted code behind every line, a handler behind that. */
  drop(inHandler: boolean): void {
    this.eager = new Set(inHandler ? [] : this.lineOf.values());
  }

  outstanding(line: number, now: number): Outstanding | undefined {
    return this.asked.findLast((one) => one.line === line && one.due > now);
  }

  /** Interrupts that did not come by the seed, in the order in which they were asked for. */
  get moves(): Move[] {
    return this.asked
      .filter(({ seeded, due }) => seeded !== due)
      .map(({ line, seeded, due }) => ({ line, from: seeded, to: due }));
  }

  draw(kind: InputKind, now: Icount, low: number, high: number): number {
    const drawn = this.source.draw(kind, now, low, high);
    const line = this.lineOf.get(kind);
    if (line === undefined) return drawn;
    const value = this.plan.time?.(low, high) ?? (this.eager.has(line) ? Math.min(low, drawn) : drawn);
    const [first, due, seeded] = [low, value, drawn].map((time) => dueAt(kind, now, time));
    this.asked.push({ line, first, due, seeded });
    return value;
  }

  nextInputAt(): number {
    return this.source.nextInputAt();
  }

  takeInput(now: Icount): Input | undefined {
    return this.source.takeInput(now);
  }
}
