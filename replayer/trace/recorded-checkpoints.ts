import type { DiskContents, DiskImage } from '../../recorder/machine/device.ts';
import { type PagedArea, type Snapshot, sameBytes } from '../../recorder/machine/state/snapshot.ts';
import { BlockList } from '../../schemas/trace/block-list.ts';
import { TraceDamage } from '../../schemas/trace/framing.ts';
import type { Icount } from '../../schemas/units.ts';
import { CheckpointWalk } from './checkpoint-walk.ts';
import { DivergenceFound } from './divergence.ts';
import type { TraceReader } from './trace-reader.ts';

/** Checkpoints of a trace, opened on demand. */

/** A machine's state and the inputs it had taken. */
export interface RecordedCheckpoint {
  readonly snapshot: Snapshot;
  readonly inputs: number;
}

/** Bytes of memory for requested states and their intermediate states. */
const KEPT_BYTES = 384 * 2 ** 20;

interface Kept {
  readonly checkpoint: RecordedCheckpoint;
  /** Bytes that it does not share with its base. */
  readonly bytes: number;
}

/** A checkpoint in the trace. */
interface Step {
  readonly index: number;
  /** Index of its base; -1 for the start. */
  readonly baseIndex: number;
}

/** The checkpoints of a trace, each made from its base on demand. */
export class RecordedCheckpoints {
  private readonly reader: TraceReader;
  private readonly disk: DiskImage | null;
  private readonly start: Snapshot;
  private readonly blocks = new BlockList();
  /** States by index, most recently used last. */
  private readonly kept = new Map<number, Kept>();
  private keptBytes = 0;

  /** `start` is the initial state of the machine, `disk` the initial disk. */
  constructor(reader: TraceReader, start: Snapshot, disk: DiskImage | null) {
    this.reader = reader;
    this.start = start;
    this.disk = disk;
  }

  /** Index of the last checkpoint at or before `icount`; -1 if there is none. */
  before(icount: Icount): number {
    return this.reader.checkpoints.findLastIndex((entry) => entry.icount <= icount);
  }

  /** The first checkpoint at or after `icount`; undefined if there is none. */
  from(icount: Icount): RecordedCheckpoint | undefined {
    const index = this.reader.checkpoints.findIndex((entry) => entry.icount >= icount);
    return index < 0 ? undefined : this.get(index);
  }

  /** Index of the checkpoint at `icount`; -1 if there is none. */
  at(icount: Icount): number {
    return this.reader.checkpoints.findIndex((entry) => entry.icount === icount);
  }

  icount(index: number): number {
    return this.reader.checkpoints[index].icount;
  }

  /** Throws TraceDamage if it cannot be made from its base. */
  get(index: number): RecordedCheckpoint {
    const steps: Step[] = [];
    let from = index;
    while (from >= 0 && !this.kept.has(from)) {
      const step = this.step(from);
      steps.push(step);
      from = step.baseIndex;
    }
    if (steps.length > 0) this.walk(from, steps.reverse());
    const { checkpoint } = this.use(index);
    return checkpoint;
  }

  private step(index: number): Step {
    const base = this.reader.baseOfCheckpoint(index);
    const baseIndex = base === this.start.icount ? -1 : this.at(base);
    if (baseIndex >= index || (baseIndex < 0 && base !== this.start.icount)) {
      const reason = `its base, a checkpoint at icount ${base}, is missing`;
      throw this.damage(index, reason);
    }
    return { index, baseIndex };
  }

  /** Keeps the last step, and the last large step, which is the base of many others. */
  private walk(from: number, steps: readonly Step[]): void {
    const start = from < 0 ? this.start : this.use(from).checkpoint.snapshot;
    const walk = new CheckpointWalk(start, this.disk, this.blocks);
    const leap = steps.findLast(({ index, baseIndex }) => baseIndex < index - 1);
    for (const step of steps) {
      const { index } = step;
      // Iterative, because whoever made the trace controls the length of the chain.
      const raw = this.reader.readCheckpoint(index);
      try {
        walk.apply(raw);
      } catch (error) {
        throw this.damage(index, (error as Error).message);
      }
      if (step !== steps.at(-1) && step !== leap) continue;
      const bytes = walk.freshBytes;
      this.keep(index, { checkpoint: { snapshot: walk.snapshot(), inputs: raw.inputs }, bytes });
    }
  }

  /** Evicts states; the most recently used one is always kept. */
  private keep(index: number, kept: Kept): void {
    this.kept.set(index, kept);
    this.keptBytes += kept.bytes;
    for (const [oldest, { bytes }] of this.kept) {
      if (this.keptBytes <= KEPT_BYTES || oldest === index) break;
      this.kept.delete(oldest);
      this.keptBytes -= bytes;
    }
  }

  private use(index: number): Kept {
    const kept = this.kept.get(index) as Kept;
    this.kept.delete(index);
    this.kept.set(index, kept);
    return kept;
  }

  private damage(index: number, reason: string): TraceDamage {
    const { length } = this.reader.checkpoints;
    return new TraceDamage(`checkpoint ${index + 1} of ${length}`, reason, this.icount(index));
  }
}

/** Throws if a checkpoint differs from the state of the replay. */
export function compareCheckpoint({ snapshot }: RecordedCheckpoint, actual: Snapshot): void {
  const different = differingParts(snapshot, actual);
  if (different.length === 0) return;
  throw new DivergenceFound({
    icount: actual.icount,
    subsystem: 'checkpoint',
    expected: `the recorded checkpoint's ${different[0]}`,
    actual: `another ${different[0]}`,
    also: different.slice(1),
  });
}

function differingParts(recorded: Snapshot, actual: Snapshot): string[] {
  const names = [...new Set([...recorded.areas.keys(), ...actual.areas.keys()])];
  const parts = names.filter((name) => !sameArea(recorded.areas.get(name), actual.areas.get(name)));
  if (recorded.seq !== actual.seq) parts.push('event number');
  if (!sameDisk(recorded.disk, actual.disk)) parts.push('disk');
  for (const [name, contents] of actual.media) {
    if (!sameDisk(recorded.media.get(name) ?? null, contents)) parts.push(name);
  }
  return parts;
}

const sameArea = (a: PagedArea | undefined, b: PagedArea | undefined): boolean =>
  a !== undefined &&
  b !== undefined &&
  a.bytes === b.bytes &&
  a.pages.every((page, n) => page === b.pages[n] || sameBytes(page, b.pages[n]));

const sameDisk = (a: DiskContents | null, b: DiskContents | null): boolean =>
  a === b ||
  (a !== null &&
    b !== null &&
    a.size === b.size &&
    [...a].every(([sector, { bytes }]) => {
      const other = b.get(sector);
      return other !== undefined && sameBytes(bytes, other.bytes);
    }));
