import { setImmediate as eventLoopTurn, setTimeout as wait } from 'node:timers/promises';
import type { EventBatch } from '../../schemas/events.ts';
import type { TraceExit } from '../../schemas/trace/footer.ts';
import type { TraceHeader } from '../../schemas/trace/header.ts';
import { checkWritable } from '../../schemas/trace/header-limits.ts';
import type { Input } from '../../schemas/trace/inputs.ts';
import { type LadderRow, ladderRow } from '../../schemas/trace/ladder.ts';
import { ChunkCuts, RUNGS_PER_CHUNK, type TraceOutput } from '../../schemas/trace/output.ts';
import type { BootImage, MachineBuilder } from '../machine/build.ts';
import type { ConsoleListener } from '../machine/device.ts';
import { readTextScreen } from '../machine/devices/vga-text.ts';
import { EndWatch } from '../machine/end-state.ts';
import type { EventSink } from '../machine/events/event-log.ts';
import type { Machine } from '../machine/machine.ts';
import type { Nondet } from '../machine/nondet.ts';
import type { MachineOptions } from '../machine/parts.ts';
import { screenLines } from '../machine/text-screen.ts';
import { exitOf } from '../machine/trace-exit.ts';
import { type CheckpointOptions, CheckpointPolicy } from './checkpoint-policy.ts';
import { Checkpointer } from './checkpointer.ts';
import { DiskReads } from './disk-reads.ts';
import type { InputSource, SourceEnd } from './input/input-source.ts';
import { LoggingNondet } from './logging-nondet.ts';
import { makeHeader, openDisk, type RecordingPlan } from './recording.ts';
import { type Move, ScheduledNondet } from './scheduled-nondet.ts';
import { SeededNondet } from './seeded-nondet.ts';
import { TraceWriter } from './trace-writer.ts';

/** Records a run: drives the machine from start to end and passes everything to the output. */

/** Options of a recording that do not depend on the guest. */
export interface RunOptions {
  readonly build: MachineBuilder;
  /** The trace file; a run without one is only executed. */
  readonly output?: string;
  /** Stop after this many instructions. */
  readonly instructions: number;
  /** Called periodically between stretches of the run, and at its end. */
  readonly onProgress?: (machine: Machine) => void;
  /** Slows the guest to real time while it idles, for a person at the terminal; never while it computes. */
  readonly idleInRealTime?: boolean;
  /** Sources of asynchronous inputs; if several are due, the first takes precedence. */
  readonly sources?: readonly InputSource[];
  /** Receives bytes of the guest's console (CONSOLE_PORT). */
  readonly onConsole?: ConsoleListener;
  /** Receives events in addition to the trace; the columns are reused after the call. */
  readonly onEvents?: (batch: EventBatch) => void;
  /** The checkpoints to store in the trace. */
  readonly checkpoints?: CheckpointOptions;
  /** Ends the recording cleanly, as `interrupted`. */
  readonly signal?: AbortSignal;
}

export interface RecordOptions extends RunOptions, RecordingPlan {
  /** Interrupts moved from the times of the seed. */
  readonly moves?: readonly Move[];
}

/** The subject of a recording: a machine, its guest, and its outside world. */
export interface Subject {
  readonly header: TraceHeader;
  readonly machine: Omit<MachineOptions, 'nondet' | 'sink' | 'onConsole'>;
  readonly boot: BootImage;
  readonly source: Nondet;
}

export interface RecordResult {
  readonly exit: TraceExit;
  readonly final: LadderRow;
  readonly events: number;
  readonly inputs: number;
  /** The reason that a source ended the recording, if one did. */
  readonly ended?: SourceEnd | undefined;
  /** Moved interrupts that did not occur. */
  readonly unmoved?: readonly Move[];
}

/** Host milliseconds of execution between turns of the event loop, for progress and signals; not recorded. */
const TURN_MS = 100;
/** With a person at the terminal: turns per virtual second, and per real second while the guest idles. */
const TURNS_PER_SECOND = 50;

/** Runs a guest and records it. */
export async function record(options: RecordOptions): Promise<RecordResult> {
  const { config, profile, facts, firmware, boot, sources = [] } = options;
  const disk = options.disk ? openDisk(options.disk) : undefined;
  const drives = (options.drives ?? []).map(({ kind, unit, medium }) => ({
    kind,
    unit,
    disk: openDisk(medium),
  }));
  try {
    const media = drives.map(({ kind, unit, disk: { description } }) => ({
      kind,
      unit,
      medium: description,
    }));
    const header = makeHeader(options, disk?.description, media);
    const images = drives.map(({ kind, unit, disk: { sectors } }) => ({ kind, unit, image: sectors }));
    const machine = {
      config,
      profile,
      facts: facts ?? [],
      disk: disk?.sectors ?? null,
      drives: images,
      firmware,
    };
    const source = new ScheduledNondet(new SeededNondet(options.seed, sources), options.moves ?? []);
    const result = await recordSubject({ header, machine, boot, source }, options);
    return { ...result, unmoved: source.unmoved };
  } finally {
    disk?.close();
    for (const drive of drives) drive.disk.close();
  }
}

/** Runs and records a prepared machine. */
export async function recordSubject(subject: Subject, options: RunOptions): Promise<RecordResult> {
  const { header, source } = subject;
  const recorder = new Recorder(options, header);
  const { sources = [] } = options;
  const reads = subject.machine.disk ? new DiskReads(subject.machine.disk) : null;
  const machine: Machine = options.build(
    {
      ...subject.machine,
      disk: reads?.disk ?? null,
      nondet: new LoggingNondet(source, (input) => recorder.input(input)),
      sink: recorder,
      onConsole: (port, byte) => {
        for (const one of sources) one.heard?.(port, byte, machine.icount);
        options.onConsole?.(port, byte);
      },
    },
    subject.boot,
  );
  for (const one of sources) one.attach?.(() => screenOf(machine));
  // The guest can be loaded; up to here no file was touched.
  if (options.output) checkWritable(header);
  const output = options.output ? new TraceWriter(options.output, header) : undefined;
  recorder.open(output);
  if (output) {
    const policy = new CheckpointPolicy(options.checkpoints ?? {});
    recorder.checkpointer = new Checkpointer(machine, reads, policy, output);
  }
  return await recorder.run(machine);
}

/** Runs the machine from rung to rung and passes on events, hashes and inputs. */
class Recorder implements EventSink {
  private readonly options: RunOptions;
  private readonly interval: number;
  private readonly instructionsPerSecond: number;
  private readonly cuts: ChunkCuts;
  private output: TraceOutput | undefined;
  /** Inputs that the machine took while it was built, before there was an output. */
  private early: Input[] | undefined = [];
  private inputs = 0;
  private events = 0;
  private readonly watch = new EndWatch();
  checkpointer: Checkpointer | undefined;

  constructor(options: RunOptions, { ladderInterval, machine }: TraceHeader) {
    this.options = options;
    this.interval = ladderInterval;
    this.cuts = new ChunkCuts(ladderInterval);
    this.instructionsPerSecond = machine.instructionsPerSecond;
  }

  open(output: TraceOutput | undefined): void {
    this.output = output;
    for (const input of this.early ?? []) output?.input(input);
    this.early = undefined;
  }

  input(input: Input): void {
    this.inputs++;
    if (this.early) this.early.push(input);
    else this.output?.input(input);
  }

  flush(batch: EventBatch): void {
    this.events = batch.endSeq;
    this.watch.take(batch);
    this.output?.flush(batch);
    this.options.onEvents?.(batch);
  }

  async run(machine: Machine): Promise<RecordResult> {
    try {
      const exit = await this.climb(machine);
      this.options.onProgress?.(machine);
      const final = ladderRow(machine.icount, machine.hashes());
      machine.log?.endRepeats();
      machine.log?.flush();
      this.output?.finish(exit, final, this.watch.state(machine));
      return { exit, final, events: this.events, inputs: this.inputs, ended: this.ended };
    } catch (error) {
      this.output?.abandon();
      throw error;
    }
  }

  /** Runs from rung to rung until the run ends. */
  private async climb(machine: Machine): Promise<TraceExit> {
    const { instructions, onProgress, signal, idleInRealTime } = this.options;
    const stride = idleInRealTime ? this.instructionsPerSecond / TURNS_PER_SECOND : Number.POSITIVE_INFINITY;
    let turn = performance.now();
    for (let rung = 0; ; ) {
      const goal = Math.min(rung * this.interval, instructions, this.cuts.next);
      const stop = machine.run(Math.min(goal, Math.floor(machine.icount + stride)));
      if (machine.icount === rung * this.interval) this.rung(machine, rung++);
      if (this.cuts.takeAt(machine.icount)) this.endChunk(machine);
      if (stop.kind !== 'limit' || machine.icount >= instructions) return exitOf(stop);
      if (this.ended) return { kind: 'interrupted', code: 0, message: this.ended.message };
      const idle = idleInRealTime && machine.cpu.halted;
      const passed = performance.now() - turn;
      if (!idle && passed < TURN_MS) continue;
      onProgress?.(machine);
      await (idle ? wait(Math.max(0, 1000 / TURNS_PER_SECOND - passed)) : eventLoopTurn());
      turn = performance.now();
      if (signal?.aborted) return { kind: 'interrupted', code: 0, message: 'stopped by the user' };
    }
  }

  /** The first source that ends the recording. */
  private get ended(): SourceEnd | undefined {
    return this.options.sources?.find(({ end }) => end)?.end;
  }

  private rung(machine: Machine, rung: number): void {
    machine.log?.endRepeats();
    this.output?.ladder(ladderRow(machine.icount, machine.hashes()));
    this.watch.rung(machine);
    const events = machine.log?.seq ?? 0;
    if (rung > 0) this.checkpointer?.atRung(events, this.inputs);
    if ((rung + 1) % RUNGS_PER_CHUNK === 0) this.endChunk(machine);
  }

  private endChunk(machine: Machine): void {
    machine.log?.flush();
    this.output?.endChunk(machine.icount);
  }
}

/** The lines of the VGA text screen; none in a graphics mode. */
function screenOf({ mem }: Machine): readonly string[] {
  const screen = readTextScreen(mem);
  return screen ? screenLines(screen) : [];
}
