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
import type { Examiner } from './examiner.ts';
import { Tape } from './tape.ts';
import { endsSought, type Target } from './target.ts';
import { badEnds } from './verdict.ts';
import { kindsOf, type Sign, WindowJudge } from './window-judge.ts';

/** A machine on a recorded run, which branches leave: each with a judge and a world of its own. */

export interface BranchingOptions {
  readonly reader: TraceReader;
  readonly build: MachineBuilder;
  readonly builtinDisk: (name: string) => Uint8Array;
  /** The only failure that counts; undefined: any. */
  readonly target?: Target | undefined;
  /** Judges each branch by a recording of it: for a target that the judge does not hear of. */
  readonly examiner?: Examiner | undefined;
  /** Receives the inputs of the recorded run. */
  readonly onInput?: SessionOptions['onInput'];
}

/** Instructions between two looks where nothing is looked for. */
const UNWATCHED = 1 << 22;

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
  protected readonly examiner: Examiner | undefined;

  constructor({ reader, build, builtinDisk, target, examiner, onInput }: BranchingOptions) {
    const { seed, machine, profile } = reader.header;
    this.reader = reader;
    this.inputs = reader.inputs();
    this.isBad = endsSought(badEnds(reader), target);
    this.recorded = new WindowJudge(kindsOf(profile.windows), undefined, undefined, target);
    this.examiner = examiner;
    if (examiner) this.recorded.tape = new Tape();
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

  /** The findings of the examiner in a branch that has just been judged and is where it ended. */
  protected async examined(judge: WindowJudge, end: TraceExit | undefined): Promise<readonly Sign[]> {
    const { tape } = judge;
    if (!this.examiner || !tape) return [];
    const { machine } = this.session;
    return await this.examiner.examine((path) => tape.write(path, this.reader.header, machine, end));
  }

  /** Its findings in the recorded run, which goes on to `until` behind its end too, with what the seed says. */
  protected async unchanged(fork: Fork, until: number): Promise<readonly Sign[]> {
    if (!this.examiner) return [];
    this.session.restore(fork.checkpoint);
    const judge = fork.judge.fork();
    const end = this.judged(judge, () => {
      this.session.leave(fork.world.fork());
      return this.runTo(until, UNWATCHED);
    });
    return await this.examined(judge, end);
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
