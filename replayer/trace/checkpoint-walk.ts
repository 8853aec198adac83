import type { DiskContents, DiskImage, WrittenSector } from '../../recorder/machine/device.ts';
import { writtenSector } from '../../recorder/machine/devices/disk-overlay.ts';
import {
  type Page,
  type PagedArea,
  RAM_AREA,
  SNAPSHOT_PAGE,
  type Snapshot,
  ZERO_PAGE,
} from '../../recorder/machine/state/snapshot.ts';
import { bounded } from '../../schemas/bounded.ts';
import { BlockList } from '../../schemas/trace/block-list.ts';
import { CONTEXT_WORDS, decodeBlock } from '../../schemas/trace/block-prediction.ts';
import {
  BLOCK,
  BLOCK_BYTES,
  BLOCK_WORDS,
  type Blocks,
  FIRST_DISK,
  MASK_BYTES,
  type RawCheckpoint,
} from '../../schemas/trace/checkpoint.ts';
import { MAX_CHANGED_SECTORS, MAX_DISK_SECTORS } from '../../schemas/trace/limits.ts';

/** Reconstructs the state of a checkpoint from the differences that a trace stores. */

/** Maximum bytes of an area other than RAM; no machine has one as large. */
const MAX_AREA_BYTES = 2 ** 21;
const MAX_DRIVE_BYTES = MAX_DISK_SECTORS * BLOCK_BYTES;
const BLOCKS_IN_PAGE = SNAPSHOT_PAGE / BLOCK_BYTES;
const ZEROS = ZERO_PAGE.subarray(0, BLOCK_BYTES);

/**
 * A machine's state while it is taken through a chain of checkpoints, each a difference from the previous one. A page is copied once
 * between two snapshots, however many steps change it.
 */
export class CheckpointWalk {
  private readonly disk: DiskImage | null;
  private readonly areas = new Map<string, OpenArea>();
  private readonly drives = new Map<string, OpenDrive>();
  private readonly blocks: BlockList;
  /** The current snapshot, except its areas and drives. */
  private at: Snapshot;

  /** `disk`: the first disk at the begin of the run. `blocks`: a work area. */
  constructor(start: Snapshot, disk: DiskImage | null, blocks = new BlockList()) {
    this.at = start;
    this.disk = disk;
    this.blocks = blocks;
    for (const [name, area] of start.areas) this.areas.set(name, new OpenArea(area));
    if (start.disk) this.drives.set(FIRST_DISK, new OpenDrive(start.disk));
    for (const [name, contents] of start.media) this.drives.set(name, new OpenDrive(contents));
  }

  /** Applies one checkpoint. Throws if `raw` is invalid; the state is then unchanged. */
  apply(raw: RawCheckpoint): void {
    const { blocks, disk } = this;
    blocks.clear();
    // All blocks are made before any is stored, because moved blocks are read from the previous state.
    const reader = new BlockReader(raw, blocks, this.areas.get(RAM_AREA), disk);
    const areas = raw.areas.map((changes) => {
      const area = this.areas.get(changes.name) ?? new OpenArea({ bytes: 0, pages: [] });
      return { changes, area, first: reader.read(changes, area, this.areaBytes(changes)) };
    });
    const drives = raw.drives.map((changes) => {
      const drive = this.drives.get(changes.name);
      if (!drive) throw new Error(`the machine has no drive ${changes.name}`);
      bounded(`the sectors of ${changes.name}`, changes.blocks.length, 0, MAX_CHANGED_SECTORS);
      return { changes, drive, first: reader.read(changes, drive, MAX_DRIVE_BYTES) };
    });
    for (const { changes, area, first } of areas) {
      this.areas.set(changes.name, area);
      area.resize(changes.bytes);
      for (const [i, block] of changes.blocks.entries()) area.write(block, blocks.block(first + i));
    }
    for (const { changes, drive, first } of drives)
      for (const [i, sector] of changes.blocks.entries()) drive.write(sector, blocks.block(first + i));
    const { icount, seq, tracking } = raw;
    this.at = { ...this.at, icount, seq, tracking };
  }

  /** RAM keeps its size; other areas may grow, for example the list of the guest's processes. */
  private areaBytes({ name, bytes }: Blocks): number {
    const ram = this.areas.get(RAM_AREA)?.bytes ?? 0;
    return name === RAM_AREA
      ? bounded('the size of RAM', bytes, ram, ram)
      : bounded(`the size of ${name}`, bytes, 0, MAX_AREA_BYTES);
  }

  /** Bytes that a snapshot taken now would not share with the last one. */
  get freshBytes(): number {
    const units = [...this.areas.values(), ...this.drives.values()];
    return units.reduce((sum, { freshBytes }) => sum + freshBytes, 0);
  }

  /** A snapshot of the current state. */
  snapshot(): Snapshot {
    const contents = (name: string, before: DiskContents) => this.drives.get(name)?.save() ?? before;
    const { disk, media } = this.at;
    return {
      ...this.at,
      areas: new Map([...this.areas].map(([name, area]) => [name, area.save()])),
      disk: disk && contents(FIRST_DISK, disk),
      media: new Map([...media].map(([name, before]) => [name, contents(name, before)])),
    };
  }
}

/** A memory area or drive from which blocks are read and to which they are written. */
interface OpenUnits {
  /** The current bytes of a block; the last one of an area may be shorter. */
  read(block: number): Uint8Array;
  /** True if progressions continue from the previous block into this one. */
  continues(block: number): boolean;
}

/** An area whose pages are those of a snapshot until they are written to. */
class OpenArea implements OpenUnits {
  bytes: number;
  private pages: Page[];
  /** Pages that do not belong to a snapshot yet. */
  private readonly own = new Set<number>();
  private saved: PagedArea;

  constructor(area: PagedArea) {
    this.bytes = area.bytes;
    this.pages = area.pages.slice();
    this.saved = area;
  }

  /** Bytes, including the list of its pages. */
  get freshBytes(): number {
    return this.own.size * SNAPSHOT_PAGE + this.pages.length * 8;
  }

  holds(block: number): boolean {
    return block >= 0 && block * BLOCK_BYTES < this.bytes;
  }

  read(block: number): Uint8Array {
    const page = this.pages[pageOf(block)] ?? ZERO_PAGE;
    const at = startInPage(block);
    return page.subarray(at, at + BLOCK_BYTES);
  }

  continues(block: number): boolean {
    return startInPage(block) > 0;
  }

  /** Changes the size; new bytes are zeros. */
  resize(bytes: number): void {
    if (bytes === this.bytes) return;
    this.pages = Array.from({ length: Math.ceil(bytes / SNAPSHOT_PAGE) }, (_, n) => {
      const size = Math.min(SNAPSHOT_PAGE, bytes - n * SNAPSHOT_PAGE);
      const before = this.pages[n] ?? ZERO_PAGE;
      if (before.length === size) return before;
      const page = new Uint8Array(size);
      page.set(before.subarray(0, size));
      return page;
    });
    this.bytes = bytes;
    this.own.clear();
  }

  write(block: number, bytes: Uint8Array): void {
    const n = pageOf(block);
    if (!this.own.has(n)) {
      this.pages[n] = this.pages[n].slice();
      this.own.add(n);
    }
    const at = startInPage(block);
    const room = this.pages[n].length - at;
    this.pages[n].set(room < BLOCK_BYTES ? bytes.subarray(0, room) : bytes, at);
  }

  save(): PagedArea {
    const { bytes, pages, saved, own } = this;
    if (own.size === 0 && bytes === saved.bytes) return saved;
    own.clear();
    return (this.saved = { bytes, pages: pages.slice() });
  }
}

/** Sectors that were written to a drive. */
class OpenDrive implements OpenUnits {
  private saved: DiskContents;
  /** True if it changed since it was saved. */
  private readonly written = new Map<number, Uint8Array>();

  constructor(contents: DiskContents) {
    this.saved = contents;
  }

  get freshBytes(): number {
    return this.written.size * BLOCK_BYTES;
  }

  read(sector: number): Uint8Array {
    return this.written.get(sector) ?? this.saved.get(sector)?.bytes ?? ZEROS;
  }

  continues(): boolean {
    return true;
  }

  write(sector: number, bytes: Uint8Array): void {
    this.written.set(sector, bytes.slice());
  }

  save(): DiskContents {
    if (this.written.size === 0) return this.saved;
    const contents = new Map<number, WrittenSector>(this.saved);
    for (const [sector, bytes] of this.written) contents.set(sector, writtenSector(sector, bytes));
    this.written.clear();
    return (this.saved = contents);
  }
}

/** Makes the blocks of one checkpoint, in the order in which they were written. */
class BlockReader {
  private readonly into: BlockList;
  private readonly masks: Uint8Array;
  private readonly strides: Uint8Array;
  private readonly words: Int32Array;
  private readonly ram: OpenArea | undefined;
  private readonly disk: DiskImage | null;
  /** The blocks that BLOCK.again can refer to. */
  private readonly literals: number[] = [];
  private wordAt = 0;
  private strideAt = 0;
  /** The current block, preceded by the words from which progressions continue. */
  private readonly line = new Int32Array(CONTEXT_WORDS + BLOCK_WORDS);
  private readonly context = new Uint8Array(this.line.buffer, 0, CONTEXT_WORDS * 4);
  private readonly block = new Uint8Array(this.line.buffer, CONTEXT_WORDS * 4);

  /** `ram`: the previous RAM. */
  constructor(
    { masks, words, strides }: RawCheckpoint,
    into: BlockList,
    ram: OpenArea | undefined,
    disk: DiskImage | null,
  ) {
    this.into = into;
    this.masks = masks;
    this.strides = strides;
    this.words = new Int32Array(words.slice(0, words.length & ~3).buffer);
    this.ram = ram;
    this.disk = disk;
  }

  /** Checks the block numbers. `bytes`: the size of their area. */
  read({ name, blocks, kinds, sources }: Blocks, from: OpenUnits, bytes: number): number {
    const first = this.into.count;
    let next = 0;
    for (let i = 0; i < blocks.length; i++) {
      const block = blocks[i];
      const last = i > 0 ? blocks[i - 1] : -1;
      if (block <= last) throw new Error('its blocks are out of order');
      if (block * BLOCK_BYTES >= bytes) throw new Error(`block ${block} is beyond ${name}`);
      const kind = kinds[i];
      if (kind >= BLOCK.sector && next === sources.length) throw new Error(`${name} has too few sources`);
      if (kind >= BLOCK.sector) this.into.add(this.elsewhere(kind, sources[next++]));
      else if (kind === BLOCK.zeros) this.into.add(ZEROS);
      else this.literal(kind, block, from, block === last + 1 && i > 0);
    }
    return first;
  }

  /** `follows`: the preceding block is the last one made. */
  private literal(kind: number, number: number, from: OpenUnits, follows: boolean): void {
    const { into, block, context, masks, literals } = this;
    if (kind !== BLOCK.changed && kind !== BLOCK.ramp && kind !== BLOCK.sparse)
      throw new Error(`a block of kind ${kind}`);
    if (kind === BLOCK.changed) {
      const before = from.read(number);
      block.set(before);
      block.fill(0, before.length);
    }
    if (kind === BLOCK.ramp) {
      context.fill(0);
      if (from.continues(number)) {
        const before = follows ? into.block(into.count - 1) : from.read(number - 1);
        context.set(before.subarray(BLOCK_BYTES - context.length));
      }
    }
    if (kind === BLOCK.ramp && this.strideAt === this.strides.length) throw new Error('strides are missing');
    const stride = kind === BLOCK.ramp ? this.strides[this.strideAt++] : 0;
    const maskAt = literals.length * MASK_BYTES;
    const { words, line } = this;
    this.wordAt = decodeBlock(kind, stride, masks, maskAt, words, this.wordAt, line, CONTEXT_WORDS);
    literals.push(into.add(block));
  }

  private elsewhere(kind: number, source: number): Uint8Array {
    const { block, disk, ram, into, literals } = this;
    switch (kind) {
      case BLOCK.sector:
        if (!disk || !(source >= 0 && source < disk.sectors)) throw new Error(`there is no sector ${source}`);
        disk.read(source, block);
        return block;
      case BLOCK.moved:
        if (!ram?.holds(source)) throw new Error(`there is no block ${source} of memory`);
        return ram.read(source);
      case BLOCK.again:
        if (literals[source] === undefined) throw new Error(`there is no earlier block ${source}`);
        return into.block(literals[source]);
    }
    throw new Error(`a block of kind ${kind}`);
  }
}

const pageOf = (block: number): number => Math.floor(block / BLOCKS_IN_PAGE);
const startInPage = (block: number): number => (block % BLOCKS_IN_PAGE) * BLOCK_BYTES;
