import type { Machine } from '../../recorder/machine/machine.ts';
import type { Snapshot } from '../../recorder/machine/snapshot.ts';
import type { Input } from '../../schemas/inputs.ts';
import { type LadderRow, ladderRow, sameHashWords } from '../../schemas/ladder.ts';
import { DivergenceFound } from '../divergence.ts';
import { LoggedNondet } from '../logged-nondet.ts';
import { recordedBoot, recordedOptions } from '../recorded-run.ts';
import { noBuiltinDisks, type ReplayOptions } from '../session.ts';
import type { TraceReader } from '../trace-reader.ts';

/** A machine at one instant of an execution. */
export interface Instant {
  readonly snapshot: Snapshot;
  readonly inputs: number;
  readonly row: LadderRow;
  /** What the execution did that the recording does not have: a request for an input, an early end. */
  readonly stopped: string | undefined;
}

/** The recorded run, executed again and again from any instant of it. */
export class Executions {
  readonly machine: Machine;
  private readonly nondet: LoggedNondet;

  constructor(
    reader: TraceReader,
    inputs: readonly Input[],
    options: Pick<ReplayOptions, 'build' | 'builtinDisk'>,
  ) {
    const { header } = reader;
    this.nondet = new LoggedNondet(inputs);
    this.machine = options.build(
      { ...recordedOptions(header, options.builtinDisk ?? noBuiltinDisks), nondet: this.nondet, sink: null },
      recordedBoot(header),
    );
  }

  /** Where the machine is now. */
  instant(stopped?: string): Instant {
    const { machine, nondet } = this;
    const row = ladderRow(machine.icount, machine.hashes());
    return { snapshot: machine.snapshot(), inputs: nondet.taken, row, stopped };
  }

  /** Runs on to an icount. */
  runTo(icount: number): Instant {
    try {
      const stop = this.machine.run(icount);
      const early = this.machine.icount !== icount || stop.kind !== 'limit';
      return this.instant(early && this.machine.icount < icount ? `the run ended: ${stop.kind}` : undefined);
    } catch (error) {
      if (!(error instanceof DivergenceFound)) throw error;
      return this.instant(error.facts.actual);
    }
  }

  restore({ snapshot, inputs }: Instant): void {
    this.machine.restore(snapshot);
    this.nondet.seek(inputs);
  }

  /** From `start` through each of `points`, up to the first at which the execution stops. */
  through(start: Instant, points: readonly number[]): Instant[] {
    this.restore(start);
    const passed: Instant[] = [];
    for (const point of points) {
      const instant = this.runTo(point);
      passed.push(instant);
      if (instant.stopped !== undefined) break;
    }
    return passed;
  }
}

/** The parts whose state differs between two instants; `icount` and `input` when the executions themselves part. */
export function differingParts(a: Instant | undefined, b: Instant | undefined): string[] {
  if (!a || !b) return ['input'];
  if (a.row.icount !== b.row.icount || a.stopped !== b.stopped) return ['input'];
  return partsUnlike(a.row, b.row);
}

export const partsUnlike = (a: LadderRow, b: LadderRow): string[] =>
  Object.keys(a.hashes).filter((part) => !sameHashWords(a.hashes[part], b.hashes[part]));
