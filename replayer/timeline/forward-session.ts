import type { MachineBuilder } from '../../recorder/machine/build.ts';
import type { EventSink } from '../../recorder/machine/events/event-log.ts';
import type { Machine } from '../../recorder/machine/machine.ts';
import type { Nondet } from '../../recorder/machine/nondet.ts';
import type { KeptState, Snapshot } from '../../recorder/machine/state/snapshot.ts';
import { STATE_LAYOUT } from '../../recorder/machine/state/state-hash.ts';
import type { Position, Stops } from '../../recorder/machine/state/stops.ts';
import type { Input, InputKind } from '../../schemas/trace/inputs.ts';
import { type LadderRow, ladderRow } from '../../schemas/trace/ladder.ts';
import type { Icount } from '../../schemas/units.ts';
import { DivergenceFound } from '../trace/divergence.ts';
import { RecordedCheckpoints } from '../trace/recorded-checkpoints.ts';
import { noBuiltinDisks, recordedBoot, recordedOptions } from '../trace/recorded-run.ts';
import { restoreRecorded } from '../trace/restore-recorded.ts';
import type { TraceReader } from '../trace/trace-reader.ts';
import { compareHashes, endedEarly } from '../verify/compare-state.ts';
import { LoggedNondet, type OnInput } from '../verify/logged-nondet.ts';
import { WhatIfNondet } from './what-if-nondet.ts';

/** A machine that executes a recorded run, forward only, and can leave it as a what-if. */

export interface SessionOptions {
  readonly build: MachineBuilder;
  /** The disk images that come with the tool, by name. */
  readonly builtinDisk?: (name: string) => Uint8Array;
  /** Receives the machine's events. Without it nothing is recorded, which is faster; the state does not depend on it. */
  readonly sink?: EventSink;
  /** Receives the inputs of the recorded run, again where it is executed again. */
  readonly onInput?: OnInput | undefined;
}

/** A machine's state and the number of inputs taken, at (icount, 0). */
export interface Checkpoint<State extends Snapshot | KeptState = Snapshot | KeptState> {
  readonly snapshot: State;
  /** Inputs taken. */
  readonly inputs: number;
}

/** A checkpoint in the machine's store, until it is given back. */
export type KeptCheckpoint = Checkpoint<KeptState>;

/** The end of a run that was not recorded. */
const UNBOUNDED = Number.MAX_SAFE_INTEGER;

/** Delegates to the outside world of the session that runs the machine. */
class SwitchedNondet implements Nondet {
  current: Nondet;
  constructor(first: Nondet) {
    this.current = first;
  }
  draw(kind: InputKind, now: Icount, low: number, high: number): number {
    return this.current.draw(kind, now, low, high);
  }
  nextInputAt(): number {
    return this.current.nextInputAt();
  }
  takeInput(now: Icount): Input | undefined {
    return this.current.takeInput(now);
  }
}

/** Inputs with a position that can be reset. */
type Inputs = Nondet & {
  readonly taken: number;
  seek(taken: number): void;
  checkTaken?(icount: Icount): void;
};

/**
 * A run, executed forward only: from its start or from a checkpoint. For the recorded run, every rung of the ladder is compared when it
 * is first reached; a difference throws DivergenceFound.
 */
export class ForwardSession {
  readonly machine: Machine;
  /** icount at which the recording ends. */
  readonly end: number;
  private readonly outside: SwitchedNondet;
  private readonly nondet: Inputs;
  private readonly log: readonly Input[];
  private readonly rungs: readonly LadderRow[];
  private readonly verified: Uint8Array;
  /** The checkpoints of the trace. */
  recorded: RecordedCheckpoints | undefined;
  /** Index of the first rung beyond the machine. */
  private nextRung = 0;

  private constructor(
    machine: Machine,
    outside: SwitchedNondet,
    nondet: Inputs,
    log: readonly Input[],
    rungs: readonly LadderRow[],
    end: number,
  ) {
    this.machine = machine;
    this.outside = outside;
    this.nondet = nondet;
    this.log = log;
    this.rungs = rungs;
    this.verified = new Uint8Array(rungs.length);
    this.end = end;
  }

  /** The recorded run, at its start. */
  static open(
    reader: TraceReader,
    { build, builtinDisk = noBuiltinDisks, sink, onInput }: SessionOptions,
  ): ForwardSession {
    const { header } = reader;
    const { inputs, ladder } = reader.skeleton();
    const nondet = new LoggedNondet(inputs, onInput);
    const outside = new SwitchedNondet(nondet);
    const options = recordedOptions(header, builtinDisk);
    // Hashes and checkpoints of another layout cannot be used.
    const comparable = header.stateLayout === STATE_LAYOUT;
    const machine = build({ ...options, nondet: outside, sink: sink ?? null }, recordedBoot(header));
    const end = reader.footer?.final.icount ?? ladder.at(-1)?.icount ?? 0;
    const session = new ForwardSession(machine, outside, nondet, inputs, comparable ? ladder : [], end);
    if (comparable && reader.checkpoints.length > 0)
      session.recorded = new RecordedCheckpoints(reader, machine.snapshot(), options.disk);
    return session;
  }

  /**
   * A run of the same machine that begins at this position, whose state may be changed first. Nothing is compared, and it has no recorded
   * end. This session can continue after a `restore`.
   */
  fork(): ForwardSession {
    const nondet = new WhatIfNondet(this.log, this.machine.icount);
    this.outside.current = nondet;
    return new ForwardSession(this.machine, this.outside, nondet, this.log, [], UNBOUNDED);
  }

  /** The machine at this position, with another outside world. This session can continue after a `restore`. */
  leave(nondet: Nondet): Machine {
    this.outside.current = nondet;
    return this.machine;
  }

  get position(): Position {
    const { icount, deliveries } = this.machine;
    return { icount, deliveries };
  }

  /** Inputs taken so far. */
  get inputs(): number {
    return this.nondet.taken;
  }

  /** Runs to (icount, 0), or until a condition of `stops`. */
  run(icount: Icount, stops: Stops | null = null): void {
    const { machine } = this;
    const target = Math.min(icount, this.end);
    for (;;) {
      const rung = this.rungs[this.nextRung];
      const until = rung && rung.icount < target ? rung.icount : target;
      const stop = machine.run(until);
      if (stops?.hit && stops.mode === 'stop') return;
      if (machine.icount !== until) {
        if (machine.icount >= this.end || machine.icount > until) return;
        // A run that was not recorded has no given end.
        if (this.end === UNBOUNDED) return;
        throw endedEarly(machine.icount, stop, until);
      }
      this.verify();
      if (until === target) return;
    }
  }

  /** Executes to the next boundary (`Machine.step`). */
  step(): void {
    this.machine.step(this.end);
    this.verify();
  }

  save(): Checkpoint {
    return { snapshot: this.machine.snapshot(), inputs: this.nondet.taken };
  }

  /** Like save, in the machine's store, which takes less time and memory, until it is given back (`Machine.release`). */
  keep(): KeptCheckpoint {
    return { snapshot: this.machine.save(), inputs: this.nondet.taken };
  }

  restore({ snapshot, inputs }: Checkpoint): void {
    restoreRecorded(this.machine, snapshot);
    this.outside.current = this.nondet;
    this.nondet.seek(inputs);
    const { icount } = snapshot;
    let low = 0;
    let high = this.rungs.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.rungs[middle].icount < icount) low = middle + 1;
      else high = middle;
    }
    this.nextRung = low;
  }

  /**
   * Restores the trace's last checkpoint at or before `icount` but after `after`, if there is one; calls `prepare` before, when it has been
   * read. Throws TraceDamage if it cannot be read, and DivergenceFound if it does not match the ladder.
   */
  restoreRecorded(after: number, icount: Icount, prepare = (): void => {}): boolean {
    const { recorded } = this;
    const index = recorded?.before(icount) ?? -1;
    if (!recorded || index < 0 || recorded.icount(index) <= after) return false;
    const checkpoint = recorded.get(index);
    prepare();
    this.restore(checkpoint);
    const rung = this.rungs[this.nextRung];
    if (rung?.icount !== this.machine.icount) {
      throw new DivergenceFound({
        icount: this.machine.icount,
        subsystem: 'checkpoint',
        expected: 'a row of the state-hash ladder for it',
        actual: 'none',
      });
    }
    // Compared even if the run was here before, because this is another state.
    this.verified[this.nextRung] = 0;
    this.verify();
    return true;
  }

  private verify(): void {
    const { machine } = this;
    for (let rung = this.rungs[this.nextRung]; rung; rung = this.rungs[this.nextRung]) {
      if (rung.icount > machine.icount) return;
      const here = rung.icount === machine.icount && machine.deliveries === 0;
      if (here && this.verified[this.nextRung] === 0) {
        this.nondet.checkTaken?.(rung.icount);
        compareHashes(rung, ladderRow(machine.icount, machine.hashes()));
        this.verified[this.nextRung] = 1;
      }
      if (rung.icount === machine.icount && machine.deliveries === 0) {
        this.nextRung++;
        return;
      }
      this.nextRung++;
    }
  }
}
