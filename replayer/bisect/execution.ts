import { disassemble } from '../../recorder/machine/cpu/decode/disassembler.ts';
import { BIG } from '../../recorder/machine/cpu/descriptors.ts';
import { CS } from '../../recorder/machine/cpu/state.ts';
import { RAM } from '../../recorder/machine/layout.ts';
import type { Machine } from '../../recorder/machine/machine.ts';
import type { Snapshot } from '../../recorder/machine/state/snapshot.ts';
import { STATE_LAYOUT } from '../../recorder/machine/state/state-hash.ts';
import type { Input } from '../../schemas/trace/inputs.ts';
import { type LadderRow, ladderRow, sameHashWords } from '../../schemas/trace/ladder.ts';
import type { Icount } from '../../schemas/units.ts';
import { cpuOf } from '../debug/register.ts';
import { DivergenceFound } from '../trace/divergence.ts';
import { type RecordedCheckpoint, RecordedCheckpoints } from '../trace/recorded-checkpoints.ts';
import { noBuiltinDisks, recordedBoot, recordedOptions } from '../trace/recorded-run.ts';
import { restoreRecorded } from '../trace/restore-recorded.ts';
import type { TraceReader } from '../trace/trace-reader.ts';
import { LoggedNondet } from '../verify/logged-nondet.ts';
import type { ReplayOptions } from '../verify/replay.ts';

/** Executions of a stretch of a recording, for comparison with each other. */

/** A machine at one instant of an execution. */
export interface Instant {
  readonly snapshot: Snapshot;
  readonly inputs: number;
  readonly row: LadderRow;
  /** An action that the recording does not have: a request for an input, an early end. */
  readonly stopped: string | undefined;
}

/** The recorded run, executed repeatedly from any instant. */
export class Executions {
  readonly machine: Machine;
  private readonly nondet: LoggedNondet;
  private readonly checkpoints: RecordedCheckpoints | undefined;
  private readonly onProgress: (icount: Icount) => void;

  constructor(
    reader: TraceReader,
    inputs: readonly Input[],
    options: Pick<ReplayOptions, 'build' | 'builtinDisk' | 'onProgress'>,
  ) {
    const { header } = reader;
    this.nondet = new LoggedNondet(inputs);
    this.onProgress = options.onProgress ?? (() => {});
    const recorded = recordedOptions(header, options.builtinDisk ?? noBuiltinDisks);
    this.machine = options.build({ ...recorded, nondet: this.nondet, sink: null }, recordedBoot(header));
    if (header.stateLayout === STATE_LAYOUT && reader.checkpoints.length > 0)
      this.checkpoints = new RecordedCheckpoints(reader, this.machine.snapshot(), recorded.disk);
  }

  /** Restores the trace's last checkpoint at or before `icount`, up to which the recording has been replayed. */
  skipTo(icount: Icount): void {
    const index = this.checkpoints?.before(icount) ?? -1;
    const checkpoint = index >= 0 ? this.checkpoints?.get(index) : undefined;
    if (checkpoint) this.restore(checkpoint);
  }

  /** The trace's first checkpoint at or after `icount`. */
  recordedAfter(icount: Icount): RecordedCheckpoint | undefined {
    return this.checkpoints?.from(icount);
  }

  /** The current state of the machine. */
  instant(stopped?: string): Instant {
    const { machine, nondet } = this;
    const row = ladderRow(machine.icount, machine.hashes());
    return { snapshot: machine.snapshot(), inputs: nondet.taken, row, stopped };
  }

  /** Runs forward to an icount. */
  runTo(icount: Icount): Instant {
    try {
      const stop = this.machine.run(icount);
      this.onProgress(this.machine.icount);
      const early = this.machine.icount !== icount || stop.kind !== 'limit';
      return this.instant(early && this.machine.icount < icount ? `the run ended: ${stop.kind}` : undefined);
    } catch (error) {
      if (!(error instanceof DivergenceFound)) throw error;
      return this.instant(error.facts.actual);
    }
  }

  restore({ snapshot, inputs }: Pick<Instant, 'snapshot' | 'inputs'>): void {
    restoreRecorded(this.machine, snapshot);
    this.nondet.seek(inputs);
  }

  /** The next instruction at an instant: its linear address and text. */
  nextInstruction(at: Instant): { readonly address: number; readonly instruction: string } {
    this.restore(at);
    const { cpu, mmu, mem } = this.machine;
    const [, base, , attributes] = cpuOf(this.machine).segment(CS);
    const address = (base + cpu.eip) >>> 0;
    let next = address;
    const byte = () => {
      const physical = mmu.translateForDebug(next++ | 0);
      return physical >= 0 && physical < mem.ramBytes ? mem.u8[RAM + physical] : 0;
    };
    const found = disassemble(byte, address, (attributes & BIG) !== 0);
    return { address, instruction: typeof found === 'string' ? '(bad)' : found.text };
  }

  /** Executes from `start` through each of `points`, up to the first at which the execution stops. */
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

/** The parts whose state differs between two instants; `icount` and `input` if the executions themselves differ. */
export function differingParts(a: Instant | undefined, b: Instant | undefined): string[] {
  if (!a || !b) return ['input'];
  if (a.row.icount !== b.row.icount || a.stopped !== b.stopped) return ['input'];
  return partsUnlike(a.row, b.row);
}

export const partsUnlike = (a: LadderRow, b: LadderRow): string[] =>
  Object.keys(a.hashes).filter((part) => !sameHashWords(a.hashes[part], b.hashes[part]));
