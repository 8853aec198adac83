import type { DiskContents, DiskImage } from '../recorder/machine/device.ts';
import { writtenSector } from '../recorder/machine/devices/disk-overlay.ts';
import {
  type Page,
  type PagedArea,
  SNAPSHOT_PAGE,
  type Snapshot,
  sameBytes,
} from '../recorder/machine/snapshot.ts';
import { TraceDamage } from '../schemas/framing.ts';
import { BLOCK_BYTES, type Blocks, type RawCheckpoint, SOURCE } from '../schemas/trace-checkpoint.ts';
import { DivergenceFound } from './divergence.ts';
import type { TraceReader } from './trace-reader.ts';

/** A machine's state and the inputs it had taken. */
export interface RecordedCheckpoint {
  readonly snapshot: Snapshot;
  readonly inputs: number;
}

/** The checkpoints of a trace, each made from the one before when it is asked for. */
export class RecordedCheckpoints {
  private readonly reader: TraceReader;
  private readonly disk: DiskImage | null;
  private readonly start: Snapshot;
  private readonly made: RecordedCheckpoint[] = [];

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

  /** Index of the one at `icount`; -1 when there is none. */
  at(icount: number): number {
    return this.reader.checkpoints.findIndex((entry) => entry.icount === icount);
  }

  icount(index: number): number {
    return this.reader.checkpoints[index].icount;
  }

  /** Throws TraceDamage when it does not fit the one before. */
  get(index: number): RecordedCheckpoint {
    while (this.made.length <= index) {
      const raw = this.reader.readCheckpoint(this.made.length);
      const base = this.made[this.made.length - 1]?.snapshot ?? this.start;
      try {
        if (base.icount !== raw.baseIcount) throw new Error(`its base is not at icount ${base.icount}`);
        this.made.push({ snapshot: applied(base, raw, this.disk), inputs: raw.inputs });
      } catch (error) {
        const part = `checkpoint ${this.made.length + 1} of ${this.reader.checkpoints.length}`;
        throw new TraceDamage(part, (error as Error).message, raw.icount);
      }
    }
    return this.made[index];
  }
}

/** What `raw` says of the state after `base`. */
function applied(base: Snapshot, raw: RawCheckpoint, disk: DiskImage | null): Snapshot {
  const blocks = new BlockReader(raw.contents, disk);
  const areas = new Map(base.areas);
  for (const changes of raw.areas)
    areas.set(changes.name, changedArea(base.areas.get(changes.name), changes, blocks));
  const { icount, seq, tracking } = raw;
  const changedFirst = base.disk && changedDisk(base.disk, raw.disk, blocks);
  const media = new Map(base.media);
  for (const changes of raw.media) {
    const before = base.media.get(changes.name);
    if (!before) throw new Error(`the machine has no drive ${changes.name}`);
    media.set(changes.name, changedDisk(before, changes, blocks));
  }
  return { icount, seq, tracking, areas, disk: changedFirst, media };
}

/** Hands out the blocks in the order in which they were written. */
class BlockReader {
  private readonly contents: Uint8Array;
  private readonly disk: DiskImage | null;
  private at = 0;

  constructor(contents: Uint8Array, disk: DiskImage | null) {
    this.contents = contents;
    this.disk = disk;
  }

  literal(bytes: number): Uint8Array {
    if (this.at + bytes > this.contents.length) throw new Error('its contents end too early');
    this.at += bytes;
    return this.contents.subarray(this.at - bytes, this.at);
  }

  /** A block that is not in the contents. */
  known(source: number): Uint8Array {
    const bytes = new Uint8Array(BLOCK_BYTES);
    if (source === SOURCE.zeros) return bytes;
    const sector = source - SOURCE.sectors;
    if (!this.disk || sector >= this.disk.sectors) throw new Error(`there is no sector ${sector}`);
    this.disk.read(sector, bytes);
    return bytes;
  }
}

function changedArea(base: PagedArea | undefined, changes: Blocks, blocks: BlockReader): PagedArea {
  const { bytes } = changes;
  if (bytes > MAX_AREA_BYTES) throw new Error(`an area of ${bytes} bytes`);
  const pages: Page[] = [];
  for (let at = 0; at < bytes; at += SNAPSHOT_PAGE) {
    const size = Math.min(SNAPSHOT_PAGE, bytes - at);
    const before = base?.pages[pages.length];
    pages.push(before?.length === size ? before : resized(before, size));
  }
  const changed = new Set<number>();
  for (const [i, block] of changes.blocks.entries()) {
    const start = block * BLOCK_BYTES;
    const n = Math.floor(start / SNAPSHOT_PAGE);
    if (start >= bytes) throw new Error(`block ${block} is beyond ${changes.name}`);
    if (!changed.has(n)) pages[n] = pages[n].slice();
    changed.add(n);
    const at = start % SNAPSHOT_PAGE;
    const size = Math.min(BLOCK_BYTES, pages[n].length - at);
    const source = changes.sources[i];
    if (source !== SOURCE.literal) pages[n].set(blocks.known(source).subarray(0, size), at);
    else for (const [k, byte] of blocks.literal(size).entries()) pages[n][at + k] ^= byte;
  }
  return { bytes, pages };
}

/** More than a machine has. */
const MAX_AREA_BYTES = 2 ** 28;

function resized(page: Page | undefined, size: number): Page {
  const bytes = new Uint8Array(size);
  if (page) bytes.set(page.subarray(0, size));
  return bytes;
}

function changedDisk(base: DiskContents, changes: Blocks, blocks: BlockReader): DiskContents {
  const contents = new Map(base);
  for (const [i, sector] of changes.blocks.entries()) {
    const source = changes.sources[i];
    const bytes = source === SOURCE.literal ? blocks.literal(BLOCK_BYTES) : blocks.known(source);
    contents.set(sector, writtenSector(sector, bytes));
  }
  return contents;
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
