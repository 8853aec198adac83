import { ChangedNondet } from '../../recorder/capture/changed-nondet.ts';
import type { MachineBuilder } from '../../recorder/machine/build.ts';
import { exitOf } from '../../recorder/machine/trace-exit.ts';
import {
  type Checkpoint,
  ForwardSession,
  type SessionOptions,
} from '../../replayer/timeline/forward-session.ts';
import { executeTo } from '../../replayer/timeline/go-to.ts';
import type { TraceReader } from '../../replayer/trace/trace-reader.ts';
import type { EventBatch } from '../../schemas/events.ts';
import type { TraceExit } from '../../schemas/trace/footer.ts';
import { type Input, isAsynchronous } from '../../schemas/trace/inputs.ts';
import { icount } from '../../schemas/units.ts';
import { endsSought, type Target } from './target.ts';
import { badEnds } from './verdict.ts';
import { kindsOf, WindowJudge } from './window-judge.ts';

/** A machine on a recorded run, which branches leave: each with a judge and a world of its own. */

export interface BranchingOptions {
  readonly reader: TraceReader;
  readonly build: MachineBuilder;
  readonly builtinDisk: (name: string) => Uint8Array;
  /** The only failure that counts; undefined: any. */
  readonly target?: Target | undefined;
  /** Receives the inputs of the recorded run. */
  readonly onInput?: SessionOptions['onInput'];
}

/** A place on the recorded run from which branches leave. */
export interface Fork {
  readonly checkpoint: Checkpoint;
  readonly judge: WindowJudge;
  readonly world: ChangedNondet;
}

/** The recorded run goes forward only. */
export class Branching {
  protected readonly session: ForwardSession;
  protected readonly inputs: readonly Input[];
  protected readonly isBad: (end: TraceExit) => boolean;
  /** Of the recorded run, and of whatever runs now. */
  protected readonly recorded: WindowJudge;
  protected judge: WindowJudge;
  /** The world outside of the recorded run, where `goTo` left it. */
  protected readonly world: ChangedNondet;
  private worldTaken = 0;
  private readonly reader: TraceReader;

  constructor({ reader, build, builtinDisk, target, onInput }: BranchingOptions) {
    const { seed, machine, profile } = reader.header;
    this.reader = reader;
    this.inputs = reader.inputs();
    this.isBad = endsSought(badEnds(reader), target);
    this.recorded = new WindowJudge(kindsOf(profile.windows), undefined, undefined, target);
    this.judge = this.recorded;
    const sink = { flush: (batch: EventBatch) => this.judge.flush(batch) };
    this.session = ForwardSession.open(reader, { build, builtinDisk, sink, onInput });
    const latency = { min: machine.diskLatencyMin, max: machine.diskLatencyMax };
    this.world = new ChangedNondet({
      ...{ recorded: this.inputs, seed, latency, added: [], adjustments: [] },
      changedAt: Number.NEGATIVE_INFINITY,
    });
  }

  close(): void {
    this.reader.close();
  }

  /** Takes the recorded run to an icount that it has not passed. */
  protected async goTo(at: number): Promise<Checkpoint> {
    await executeTo(this.session, icount(at));
    this.flush();
    const checkpoint = this.session.save();
    takeInputs(this.world, this.inputs.slice(this.worldTaken, checkpoint.inputs));
    this.worldTaken = checkpoint.inputs;
    return checkpoint;
  }

  /** Its end, if the run comes to it before `until` and before there is a sign of failure. */
  protected runTo(until: number, look: number): TraceExit | undefined {
    const { machine } = this.session;
    while (machine.icount < until && !this.judge.sign) {
      const stop = machine.run(icount(Math.min(until, machine.icount + look)));
      this.flush();
      if (stop.kind !== 'limit') return exitOf(stop);
    }
    return undefined;
  }

  /** Runs a branch off the recorded run, which `judge` alone hears of. */
  protected judged<Result>(judge: WindowJudge, branch: () => Result): Result {
    this.judge = judge;
    try {
      return branch();
    } finally {
      this.flush();
      this.judge = this.recorded;
    }
  }

  /** Has judged all that the machine has recorded, before anything else runs. */
  protected flush(): void {
    this.session.machine.log?.flush();
  }
}

/** Has a world taken these recorded inputs. */
export function takeInputs(world: ChangedNondet, inputs: readonly Input[]): void {
  for (const { kind, icount: now, value } of inputs)
    if (isAsynchronous(kind)) world.takeInput(now);
    else world.draw(kind, now, value, value);
}
