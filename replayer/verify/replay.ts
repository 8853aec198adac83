import type { MachineBuilder } from '../../recorder/machine/build.ts';
import type { DiskImage } from '../../recorder/machine/device.ts';
import { EndWatch } from '../../recorder/machine/end-state.ts';
import type { EventSink } from '../../recorder/machine/events/event-log.ts';
import type { Machine } from '../../recorder/machine/machine.ts';
import type { StopReason } from '../../recorder/machine/parts.ts';
import { STATE_LAYOUT } from '../../recorder/machine/state/state-hash.ts';
import { exitOf } from '../../recorder/machine/trace-exit.ts';
import { BadInput } from '../../schemas/bad-input.ts';
import type { Detail, EventBatch } from '../../schemas/events.ts';
import { type ByteSource, host } from '../../schemas/host.ts';
import { kindsAskedFor, probesOf } from '../../schemas/trace/facts.ts';
import { TraceDamage } from '../../schemas/trace/framing.ts';
import type { TraceHeader } from '../../schemas/trace/header.ts';
import type { Input } from '../../schemas/trace/inputs.ts';
import { type LadderRow, ladderRow } from '../../schemas/trace/ladder.ts';
import { ChunkCuts, RUNGS_PER_CHUNK, type TraceOutput } from '../../schemas/trace/output.ts';
import type { TraceWindow } from '../../schemas/trace/profile.ts';
import type { Icount } from '../../schemas/units.ts';
import {
  type Divergence,
  type DivergenceFacts,
  DivergenceFound,
  damageFacts,
  divergence,
} from '../trace/divergence.ts';
import { compareCheckpoint, RecordedCheckpoints } from '../trace/recorded-checkpoints.ts';
import { RecordedEvents } from '../trace/recorded-events.ts';
import {
  noBuiltinDisks,
  type RecordedOptions,
  recordedBoot,
  recordedOptions,
} from '../trace/recorded-run.ts';
import type { TornTrace } from '../trace/torn-trace.ts';
import { TraceReader } from '../trace/trace-reader.ts';
import { compareEndState, compareExit, compareHashes, endedEarly } from './compare-state.ts';
import { type DeviceWrite, reportDeviceWrites } from './device-writes.ts';
import { EventCheck } from './event-check.ts';
import { ExtraEvents } from './extra-events.ts';
import { LoggedNondet } from './logged-nondet.ts';
import { checkChunks, checkComponents, checkRungs } from './recorded-form.ts';
import { type Additions, requestedHeader, unrecordedKinds } from './requested-header.ts';

/** Executes a trace again and compares everything with the recording. */

export interface ReplayOptions extends Additions {
  /** The bytes of the trace if it is not a file; `path` is then only its name in messages. */
  readonly source?: ByteSource | undefined;
  readonly build: MachineBuilder;
  /** The disk images that come with the tool, by name. */
  readonly builtinDisk?: (name: string) => Uint8Array;
  /** Files of the user that may be the disks that are not in the trace. */
  readonly disks?: readonly string[] | undefined;
  /** Stop here; default: the end of the recording. */
  readonly until?: number;
  /** Makes the writer of a second trace, given its header. Called once it is known that the guest can be loaded. */
  readonly output?: (header: TraceHeader) => TraceOutput;
  readonly onProgress?: (icount: Icount) => void;
  /** Wraps one of the machine's disks: number 0 is the first hard disk, the others follow the header's order. */
  readonly watchDisk?: (image: DiskImage, disk: number) => DiskImage;
  /** Receives writes to memory by bus masters and pokes, in order, before the events of the same icount. */
  readonly onDeviceWrite?: (write: DeviceWrite) => void;
  /** Receives all events; the columns are reused after the call. */
  readonly onEvents?: (batch: EventBatch) => void;
}

export interface ReplayResult {
  /** The first difference; absent if everything agreed. */
  readonly divergence: Divergence | undefined;
  /** The icount that the replay reached. */
  readonly icount: Icount;
  /** Counts of what was compared and found equal. */
  readonly verified: { readonly rungs: number; readonly events: number; readonly inputs: number };
  /** True if the recorded end of the run (exit, final state) was reached and agreed. */
  readonly reachedEnd: boolean;
  /** The part that the trace lacks; the replay then ends at its last rung. */
  readonly torn: TornTrace | undefined;
  /** False if the recording's state hashes have another layout than this machine's (STATE_LAYOUT). */
  readonly hashesCompared: boolean;
  /** Detail of the recording, and so of the comparison. */
  readonly detail: Detail;
}

/** Host milliseconds of execution between turns of the event loop. */
const TURN_MS = 100;

/** Executes a recording again from its inputs alone, and compares everything it recorded. */
export async function replay(options: ReplayOptions): Promise<ReplayResult> {
  const damages: TraceDamage[] = [];
  let reader: TraceReader | undefined;
  let run: Replay | undefined;
  try {
    reader = TraceReader.open(options.path, {
      onDamage: (damage) => damages.push(damage),
      disks: options.disks,
      source: options.source,
    });
    run = new Replay(reader, options);
    await run.run();
    // Every fact agrees, but the file is damaged, which must be reported.
    if (damages.length > 0) throw damages[0];
    return run.result(undefined);
  } catch (error) {
    run?.abandon();
    // In a damaged file, any other error may be a consequence of the damage.
    const facts = factsOf(error) ?? (damages.length > 0 ? damageFacts(damages[0]) : undefined);
    if (!facts) throw error;
    return reader && run ? run.result(facts, damages[0]) : unreadable(facts, options.path);
  } finally {
    reader?.close();
  }
}

function factsOf(error: unknown): DivergenceFacts | undefined {
  if (error instanceof DivergenceFound) return error.facts;
  return error instanceof TraceDamage ? damageFacts(error) : undefined;
}

/** The result for a trace that is too damaged to execute. */
const unreadable = (facts: DivergenceFacts, path: string): ReplayResult => ({
  divergence: divergence(facts, 0, path),
  icount: 0,
  verified: { rungs: 0, events: 0, inputs: 0 },
  reachedEnd: false,
  torn: undefined,
  hashesCompared: false,
  detail: 'off',
});

class Replay implements EventSink {
  private readonly reader: TraceReader;
  private readonly options: ReplayOptions;
  private readonly detail: Detail;
  private readonly windows: readonly TraceWindow[];
  private readonly check: EventCheck;
  private readonly nondet: LoggedNondet;
  private readonly inputs: readonly Input[];
  private readonly rungs: readonly LadderRow[];
  private readonly end: number;
  private readonly watch = new EndWatch();
  private readonly cuts: ChunkCuts;
  private output: TraceOutput | undefined;
  private machine: Machine | undefined;
  private checkpoints: RecordedCheckpoints | undefined;
  /** True if the recorded hashes are of this machine's layout. */
  private readonly comparable: boolean;
  private climbed = 0;
  private reachedEnd = false;
  /** True while events are compared; events made only because the replay ends before the recording are not. */
  private judging = true;

  constructor(reader: TraceReader, options: ReplayOptions) {
    const { header, footer } = reader;
    this.reader = reader;
    this.options = options;
    this.detail = options.detail ?? header.machine.detail;
    this.comparable = header.stateLayout === STATE_LAYOUT;
    checkLayout(reader.header, options.path);
    const { inputs, ladder } = reader.skeleton();
    this.inputs = inputs;
    this.rungs = ladder;
    this.cuts = new ChunkCuts(header.ladderInterval);
    const lastKnown = footer?.final.icount ?? lastComplete(reader, ladder);
    this.end = Math.min(options.until ?? lastKnown, lastKnown);
    const judged = footer ? Number.POSITIVE_INFINITY : reader.endIcount;
    this.windows = options.windows ?? [];
    const asked = kindsAskedFor(header.facts ?? []);
    const extras = new ExtraEvents(unrecordedKinds(header, options), {
      ...(this.windows.length > 0 ? { window: (header.profile.windows ?? []).length } : {}),
      ...(options.facts ? { probe: probesOf(header.facts ?? []).length } : {}),
    });
    const events = new RecordedEvents(reader);
    this.check = new EventCheck(events, header.machine.detail, this.detail, asked, judged, extras);
    this.nondet = new LoggedNondet(this.inputs, (input) => this.output?.input(input));
  }

  async run(): Promise<void> {
    const { options } = this;
    // The trace was cut within its first chunk, so no input is known and there is no run to execute.
    if (this.reader.torn && this.reader.endIcount === 0) return;
    const header = requestedHeader(this.reader.header, options);
    this.checkForm();
    const { nondet } = this;
    const recorded = recordedOptions(header, options.builtinDisk ?? noBuiltinDisks);
    const parts = watched(recorded, options);
    const machine = options.build({ ...parts, nondet, sink: this }, recordedBoot(header));
    this.machine = machine;
    if (options.onDeviceWrite) reportDeviceWrites(machine, options.onDeviceWrite);
    // With other events than recorded, parts of the state differ too; likewise with another layout.
    if (
      this.comparable &&
      this.reader.checkpoints.length > 0 &&
      this.detail === this.reader.header.machine.detail &&
      this.windows.length === 0 &&
      options.process === undefined &&
      options.facts === undefined
    )
      // Reads for making a checkpoint are not reads by the run.
      this.checkpoints = new RecordedCheckpoints(this.reader, machine.snapshot(), recorded.disk);
    this.output = options.output?.({ ...header, stateLayout: STATE_LAYOUT });
    // Building the machine may have taken some inputs.
    for (const input of this.inputs.slice(0, this.nondet.taken)) this.output?.input(input);
    try {
      await this.climb(machine);
      this.finish(machine);
    } catch (error) {
      if (error instanceof DivergenceFound) throw this.settled(machine, error);
      throw error;
    }
  }

  /** Checks the form of the recording; an incomplete one would compare less than it seems. */
  private checkForm(): void {
    const { header, footer } = this.reader;
    checkChunks(this.reader);
    checkRungs(this.rungs, header.ladderInterval, footer?.final.icount);
    if (this.comparable)
      for (const row of [...this.rungs, ...(footer ? [footer.final] : [])]) checkComponents(row);
    this.check.checkKinds(header.machine.detail, kindsAskedFor(header.facts ?? []));
  }

  flush(batch: EventBatch): void {
    if (this.judging) this.check.flush(batch);
    this.watch.take(batch);
    this.output?.flush(batch);
    this.options.onEvents?.(batch);
  }

  /** Abandons the second trace, which stays as a torn one. */
  abandon(): void {
    this.output?.abandon();
    this.output = undefined;
  }

  result(facts: DivergenceFacts | undefined, damage?: TraceDamage): ReplayResult {
    const agreed = this.rungs.slice(0, this.climbed);
    const since = agreed.findLast((rung) => rung.icount <= (facts?.icount ?? 0))?.icount ?? 0;
    return {
      divergence: facts && divergence(facts, since, this.options.path, damage),
      icount: this.machine?.icount ?? 0,
      verified: {
        rungs: this.comparable ? this.climbed : 0,
        events: this.check.verified,
        inputs: this.nondet.taken,
      },
      reachedEnd: this.reachedEnd && !facts,
      torn: this.reader.torn,
      hashesCompared: this.comparable,
      detail: this.reader.header.machine.detail,
    };
  }

  /** Every recorded rung up to the end, each at its own icount. */
  private async climb(machine: Machine): Promise<void> {
    let turn = host().now();
    for (const recorded of this.rungs) {
      if (recorded.icount > this.end) return;
      const stop = this.runTo(machine, recorded.icount);
      if (machine.icount !== recorded.icount) throw endedEarly(machine.icount, stop, recorded.icount);
      this.nondet.checkTaken(machine.icount);
      const row = ladderRow(machine.icount, machine.hashes());
      if (this.comparable) compareHashes(recorded, row);
      machine.log?.endRepeats();
      this.compareCheckpoint(machine);
      this.climbed++;
      this.watch.rung(machine);
      this.output?.ladder(row);
      const cut = this.cuts.takeAt(machine.icount);
      if (cut || this.climbed % RUNGS_PER_CHUNK === 0) this.endChunk(machine);
      if (host().now() - turn < TURN_MS) continue;
      this.options.onProgress?.(machine.icount);
      await host().turn();
      turn = host().now();
    }
  }

  /** Runs to an icount, closing chunks where a recorder would. */
  private runTo(machine: Machine, goal: number): StopReason {
    let stop = machine.run(Math.min(goal, this.cuts.next));
    while (machine.icount < goal && this.cuts.takeAt(machine.icount)) {
      this.endChunk(machine);
      stop = machine.run(Math.min(goal, this.cuts.next));
    }
    return stop;
  }

  private endChunk(machine: Machine): void {
    machine.log?.flush();
    this.check.checkMade(machine.icount);
    this.output?.endChunk(machine.icount);
  }

  private compareCheckpoint(machine: Machine): void {
    const index = this.checkpoints?.at(machine.icount) ?? -1;
    if (!this.checkpoints || index < 0) return;
    const recorded = this.checkpoints.get(index);
    compareCheckpoint(recorded, machine.snapshot());
    if (recorded.inputs === this.nondet.taken) return;
    throw new DivergenceFound({
      icount: machine.icount,
      subsystem: 'checkpoint',
      expected: `${recorded.inputs} inputs taken, according to the checkpoint`,
      actual: `${this.nondet.taken} inputs taken`,
    });
  }

  /** Runs from the last rung to the end of the recording, or to the requested end. */
  private finish(machine: Machine): void {
    const { footer } = this.reader;
    const whole = footer !== undefined && this.end === footer.final.icount;
    // A halted or shut-down machine is only detected when it is asked to continue.
    const goesOn = whole && (footer.exit.kind === 'stuck' || footer.exit.kind === 'shutdown');
    const stop = this.runTo(machine, goesOn ? this.end + 1 : this.end);
    if (machine.icount !== this.end) throw endedEarly(machine.icount, stop, this.end);
    const final = ladderRow(machine.icount, machine.hashes());
    const exit = exitOf(stop);
    if (whole) {
      compareExit(footer.exit, exit, this.end);
      if (this.comparable) compareHashes(footer.final, final);
    }
    if (whole) machine.log?.endRepeats();
    machine.log?.flush();
    this.check.checkMade(whole ? Number.POSITIVE_INFINITY : this.end);
    this.nondet.checkTaken(whole ? Number.POSITIVE_INFINITY : this.end);
    if (whole) this.compareEvents(machine);
    const endState = this.watch.state(machine);
    const sameEvents = this.detail === this.reader.header.machine.detail;
    if (whole && footer.endState)
      compareEndState(footer.endState, endState, { icount: this.end, sameEvents });
    this.reachedEnd = whole;
    // The second trace ends here, whether or not the first one does.
    this.judging = false;
    machine.log?.endRepeats();
    machine.log?.flush();
    this.output?.finish(whole ? footer.exit : exit, final, endState);
    this.output = undefined;
  }

  /** Compares the total number of events, which comparing each of them does not check. */
  private compareEvents(machine: Machine): void {
    const { header, events } = this.reader;
    // For a recording without events, all events of the replay are extra.
    const made = header.machine.detail === 'off' ? 0 : (machine.log?.seq ?? 0) - this.check.extra;
    if (made === events) return;
    throw new DivergenceFound({
      icount: this.end,
      subsystem: 'events',
      expected: `${events} events in total`,
      actual: `${made} events in total`,
    });
  }

  /** Compares the events that were buffered when a difference was found, which may show where it began. */
  private settled(machine: Machine, found: DivergenceFound): DivergenceFound {
    if (found.facts.kind) return found;
    try {
      machine.log?.flush();
      this.check.checkMade(found.facts.icount);
    } catch (error) {
      if (error instanceof DivergenceFound && error.facts.icount <= found.facts.icount) return error;
      if (!(error instanceof DivergenceFound)) throw error;
    }
    return found;
  }
}

/**
 * The icount up to which a torn trace is complete: its last rung, or the instruction before the end of its last complete chunk, since
 * events at the very end may belong to the next chunk.
 */
const lastComplete = (reader: TraceReader, ladder: readonly LadderRow[]): number =>
  Math.max(ladder.at(-1)?.icount ?? 0, reader.endIcount - 1, 0);

/** Hashes of an older layout cannot be compared; an unknown layout is an error. */
function checkLayout({ stateLayout, toolVersion }: TraceHeader, path: string): void {
  if (stateLayout >= 1 && stateLayout <= STATE_LAYOUT) return;
  throw new BadInput(
    `${path}: its state hashes have layout ${stateLayout}; this version of rewind386 supports 1 to ${STATE_LAYOUT}`,
    `use the version that recorded it; the trace says ${toolVersion}`,
  );
}

function watched(recorded: RecordedOptions, { watchDisk }: ReplayOptions): RecordedOptions {
  if (!watchDisk) return recorded;
  const { disk, drives = [] } = recorded;
  return {
    ...recorded,
    disk: disk && watchDisk(disk, 0),
    drives: drives.map((drive, n) => ({ ...drive, image: watchDisk(drive.image, n + 1) })),
  };
}
