import { Prng } from '../../../recorder/capture/prng.ts';
import { DEFAULT_CONFIG, type MachineConfig, NO_PROFILE } from '../../../recorder/machine/config.ts';
import { Cpu } from '../../../recorder/machine/cpu/cpu.ts';
import type { EventSink } from '../../../recorder/machine/events/event-log.ts';
import { Machine } from '../../../recorder/machine/machine.ts';
import type { Nondet } from '../../../recorder/machine/nondet.ts';
import type { StopReason } from '../../../recorder/machine/parts.ts';
import { STANDARD_PARTS } from '../../../recorder/machine/standard-parts.ts';
import { EVENT_KIND_NAMES, type EventBatch } from '../../../schemas/events.ts';
import { CPU_MODELS } from '../../../schemas/trace/processor-name.ts';
import { type RandomImage, randomImage } from './image.ts';
import type { LoopKind } from './loops.ts';

const RAM_BYTES = 4 << 20;

/** Everything about the run of a seed. */
export interface RandomRun extends RandomImage {
  readonly config: MachineConfig;
}

/** With `loops`, of code that mostly goes round without exceptions. */
export function randomRun(seed: number, loops?: LoopKind): RandomRun {
  const cpuModel = CPU_MODELS[Math.floor(seed / 6) % CPU_MODELS.length];
  const cr4 = cpuModel.startsWith('pentium');
  const tlb = seed % 5 === 0 ? { tlbEntries: 8, tlbWays: 2 } : {};
  return {
    ...randomImage(seed, { cr4, loops }),
    config: { ...DEFAULT_CONFIG, ...tlb, ramBytes: RAM_BYTES, cpuModel, fpu: seed % 2 === 0 },
  };
}

/** The lowest of all that may be drawn, and no input. */
const nothing: Nondet = {
  draw: (_kind, _now, low) => low,
  nextInputAt: () => Number.POSITIVE_INFINITY,
  takeInput: () => undefined,
};

export function machineOf(
  { image, config }: RandomRun,
  options: {
    readonly specialise?: boolean;
    readonly sink?: EventSink | null;
    readonly compileAfter?: number;
  } = {},
): Machine {
  const { specialise = true, sink = null, compileAfter = 0 } = options;
  const machine = new Machine(
    { config, profile: NO_PROFILE, nondet: nothing, sink, disk: null },
    {
      ...STANDARD_PARTS,
      createCpu: (mem, bus, pic, log, { cpuModel, fpu }, lines) =>
        new CountingCpu(mem, bus, pic, log, { model: cpuModel, fpu, lines, specialise, compileAfter }),
    },
  );
  machine.loadMultiboot(image, { cmdline: '', modules: [] });
  return machine;
}

/** Counts the instructions that a processor executes: icount without the time that passes while it is halted. */
class CountingCpu extends Cpu {
  override run(untilIcount: number, single = false): void {
    const before = this.icount;
    super.run(untilIcount, single);
    executed += this.icount - before;
  }
}
let executed = 0;
/** Instructions executed by all machines of this module so far; each iteration of a repeated instruction counts one. */
export const instructionsExecuted = (): number => executed;

/** The state of a machine: all its hashes. */
export function stateOf(machine: Machine, stop: StopReason): string {
  return JSON.stringify([machine.icount, stop, machine.hashes()]);
}

/** Counts events and folds their columns into one number. */
export class EventSum implements EventSink {
  count = 0;
  sum = 0;
  flush({ tables }: EventBatch): void {
    for (const kind of EVENT_KIND_NAMES) {
      const { count, columns } = tables[kind];
      this.count += count;
      for (const column of columns)
        for (let row = 0; row < count; row++) this.sum = (Math.imul(this.sum, 31) + Number(column[row])) | 0;
    }
  }
}

/** Runs in pieces of 1 to `most` instructions. */
export function runSliced(machine: Machine, until: number, most: number, seed: number): StopReason {
  const prng = new Prng(BigInt(seed), 5);
  for (;;) {
    const stop = machine.run(Math.min(until, machine.icount + 1 + (prng.next() % most)));
    if (stop.kind !== 'limit' || machine.icount >= until) return stop;
  }
}
