import type { DiskContents, DiskImage } from '../recorder/machine/device.ts';
import { type PagedArea, type Snapshot, sameBytes } from '../recorder/machine/snapshot.ts';
import { TraceDamage } from '../schemas/framing.ts';
import { applied } from './applied-checkpoint.ts';
import { DivergenceFound } from './divergence.ts';
import type { TraceReader } from './trace-reader.ts';

/** A machine's state and the inputs it had taken. */
export interface RecordedCheckpoint {
  readonly snapshot: Snapshot;
  readonly inputs: number;
}

/** States kept at hand: those on the way to one, and a few besides. */
const KEPT = 32;

/** The checkpoints of a trace, each made from the one it differs from when it is asked for. */
export class RecordedCheckpoints {
  private readonly reader: TraceReader;
  private readonly disk: DiskImage | null;
  private readonly start: Snapshot;
  /** By index; the one used last comes last. */
  private readonly made = new Map<number, RecordedCheckpoint>();

  /** `start` is the machine as it was put together, `disk` as it was then. */
  constructor(reader: TraceReader, start: Snapshot, disk: DiskImage | null) {
    this.reader = reader;
    this.start = start;
    this.disk = disk;
  }

  /** Index of the last one at or before `icount`; -1 when there is none. */
  before(icount: number): number {
    return this.reader.checkpoints.findLastIndex((entry) => entry.icount <= icount);
  }

  /** The first one at or after `icount`; undefined when there is none. */
  from(icount: number): RecordedCheckpoint | undefined {
    const index = this.reader.checkpoints.findIndex((entry) => entry.icount >= icount);
    return index < 0 ? undefined : this.get(index);
  }

  /** Index of the one at `icount`; -1 when there is none. */
  at(icount: number): number {
    return this.reader.checkpoints.findIndex((entry) => entry.icount === icount);
  }

  icount(index: number): number {
    return this.reader.checkpoints[index].icount;
  }

  /** Throws TraceDamage when it cannot be made from the one it differs from. */
  get(index: number): RecordedCheckpoint {
    let found = this.made.get(index);
    if (found) this.made.delete(index);
    else found = this.make(index);
    this.made.set(index, found);
    for (const oldest of this.made.keys()) {
      if (this.made.size <= KEPT) break;
      this.made.delete(oldest);
    }
    return found;
  }

  private make(index: number): RecordedCheckpoint {
    const raw = this.reader.readCheckpoint(index);
    const baseIndex = raw.baseIcount === this.start.icount ? -1 : this.at(raw.baseIcount);
    try {
      if (baseIndex >= index || (baseIndex < 0 && raw.baseIcount !== this.start.icount))
        throw new Error(`no earlier one is at icount ${raw.baseIcount}, from which it differs`);
      const base = baseIndex < 0 ? this.start : this.get(baseIndex).snapshot;
      return { snapshot: applied(base, raw, this.disk), inputs: raw.inputs };
    } catch (error) {
      if (error instanceof TraceDamage) throw error;
      const part = `checkpoint ${index + 1} of ${this.reader.checkpoints.length}`;
      throw new TraceDamage(part, (error as Error).message, raw.icount);
    }
  }
}

/** Throws when a checkpoint is not the state that the replay came to. */
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
