import type { MachineBuilder } from '../../recorder/machine/build.ts';
import type { Icount, Physical } from '../../schemas/units.ts';
import { cpuOf } from '../debug/register.ts';
import type { TraceReader } from '../trace/trace-reader.ts';
import type { ReplayOptions } from '../verify/replay.ts';
import { type Difference, differences } from './differences.ts';
import { differingParts, Executions, type Instant } from './execution.ts';

/**
 * Executes a recorded run side by side on two machines that should behave the same. They are compared at regular intervals; when they
 * differ, the run is executed again from the last equal state to find the shortest stretch that makes them differ.
 */

export interface LockstepOptions extends Pick<ReplayOptions, 'builtinDisk' | 'onProgress'> {
  /** Create the reference machine and the machine under test. */
  readonly builds: readonly [MachineBuilder, MachineBuilder];
  readonly until: Icount;
  /** Instructions between comparisons. */
  readonly step?: number;
}

/** A stretch that the two machines execute differently. */
export interface Parted {
  /** Both machines start here in the same state; run without a pause to `differ`, they end in different states. */
  readonly agree: Icount;
  readonly differ: Icount;
  readonly parts: readonly string[];
  readonly differences: readonly Difference[];
  /** Linear address and text of the first few instructions of the stretch, as executed by the reference machine. */
  readonly instructions: readonly { readonly address: number; readonly instruction: string }[];
  /** The compiled code of the second machine that contains the first instruction. */
  readonly compiled: readonly string[];
}

export interface LockstepResult {
  /** The machines are in the same state up to here. */
  readonly icount: Icount;
  readonly parted: Parted | undefined;
}

const STEP = 1 << 20;
const SHOWN_INSTRUCTIONS = 24;
const SHOWN_DIFFERENCES = 8;

export function lockstep(reader: TraceReader, options: LockstepOptions): LockstepResult {
  const { builds, builtinDisk, until, step = STEP, onProgress } = options;
  const { inputs } = reader.skeleton();
  const common = builtinDisk ? { builtinDisk } : {};
  const [first, second] = builds.map((build) => new Executions(reader, inputs, { ...common, build }));
  const pair = new Pair(first, second);
  let at = first.instant();
  while (at.row.icount < until && at.stopped === undefined) {
    const next = Math.min(at.row.icount + step, until);
    const here = first.runTo(next);
    if (differingParts(here, second.runTo(next)).length > 0)
      return { icount: at.row.icount, parted: pair.narrow(at, here.row.icount) };
    at = here;
    onProgress?.(at.row.icount);
  }
  return { icount: at.row.icount, parted: undefined };
}

class Pair {
  private readonly first: Executions;
  private readonly second: Executions;

  constructor(first: Executions, second: Executions) {
    this.first = first;
    this.second = second;
  }

  private both(from: Instant, to: Icount): readonly [Instant, Instant] {
    return [this.first.through(from, [to])[0], this.second.through(from, [to])[0]];
  }

  private differs(from: Instant, to: Icount): boolean {
    return differingParts(...this.both(from, to)).length > 0;
  }

  /** Lowers the end first, then raises the beginning: a stretch too short for compiled code to be entered would show nothing. */
  narrow(from: Instant, until: Icount): Parted {
    let [low, high] = [from.row.icount, until];
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (this.differs(from, middle)) high = middle;
      else low = middle;
    }
    const end = high;
    let start = from;
    [low, high] = [from.row.icount, end - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      const instant = this.first.through(from, [middle])[0];
      if (this.differs(instant, end)) {
        start = instant;
        low = middle;
      } else high = middle - 1;
    }
    return this.describe(start, end);
  }

  private describe(start: Instant, end: Icount): Parted {
    const [right, wrong] = this.both(start, end);
    const parts = differingParts(right, wrong);
    const instructions = this.instructions(start, end);
    return {
      agree: start.row.icount,
      differ: end,
      parts,
      differences: differences(right.snapshot, wrong.snapshot, parts, SHOWN_DIFFERENCES),
      instructions,
      compiled: this.compiled(instructions.map(({ address }) => address)),
    };
  }

  private instructions(start: Instant, end: Icount): Parted['instructions'] {
    const count = Math.min(end - start.row.icount, SHOWN_INSTRUCTIONS);
    let at = start;
    return Array.from({ length: count }, () => {
      const found = this.first.nextInstruction(at);
      at = this.first.through(at, [at.row.icount + 1])[0];
      return found;
    });
  }

  /** Text of the compiled code for the first address that the second machine has code for at the end. */
  private compiled(addresses: readonly number[]): readonly string[] {
    const { machine } = this.second;
    for (const address of addresses) {
      const physical = machine.mmu.translateForDebug(address | 0) as Physical;
      const text = physical >= 0 ? cpuOf(machine).compiledText(physical) : undefined;
      if (text) return text;
    }
    return [];
  }
}
