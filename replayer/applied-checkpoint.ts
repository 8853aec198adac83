import type { DiskContents, DiskImage } from '../recorder/machine/device.ts';
import { writtenSector } from '../recorder/machine/devices/disk-overlay.ts';
import {
  type Page,
  type PagedArea,
  RAM_AREA,
  SNAPSHOT_PAGE,
  type Snapshot,
} from '../recorder/machine/snapshot.ts';
import { CONTEXT_WORDS, decodeBlock } from '../schemas/block-prediction.ts';
import {
  BLOCK,
  BLOCK_BYTES,
  type Blocks,
  FIRST_DISK,
  MASK_BYTES,
  type RawCheckpoint,
} from '../schemas/trace-checkpoint.ts';

/** More than a machine has. */
const MAX_AREA_BYTES = 2 ** 28;
const BLOCKS_IN_PAGE = SNAPSHOT_PAGE / BLOCK_BYTES;

/** The state that `raw` says came of `base`. `disk`: the first one as it was when the run began. Throws where it says nothing. */
export function applied(base: Snapshot, raw: RawCheckpoint, disk: DiskImage | null): Snapshot {
  const blocks = new BlockReader(raw, base.areas.get(RAM_AREA), disk);
  const areas = new Map(base.areas);
  for (const changes of raw.areas)
    areas.set(changes.name, changedArea(base.areas.get(changes.name), changes, blocks));
  const media = new Map(base.media);
  let first = base.disk;
  for (const changes of raw.drives) {
    const { name } = changes;
    const before = name === FIRST_DISK ? base.disk : base.media.get(name);
    if (!before) throw new Error(`the machine has no drive ${name}`);
    const after = changedDisk(before, changes, blocks);
    if (name === FIRST_DISK) first = after;
    else media.set(name, after);
  }
  const { icount, seq, tracking } = raw;
  return { icount, seq, tracking, areas, disk: first, media };
}

/** A page or a sector that blocks are made in, with the words in front of it that lines go on from. */
class Unit {
  readonly words: Int32Array;
  /** Without what is in front. */
  readonly bytes: Uint8Array;

  /** It is `bytes`, and then zeros; `front` ends where it begins. */
  constructor(size: number, bytes: Uint8Array | undefined, front?: Uint8Array) {
    this.words = new Int32Array(CONTEXT_WORDS + (size >>> 2));
    this.bytes = new Uint8Array(this.words.buffer, CONTEXT_WORDS * 4);
    if (bytes) this.bytes.set(bytes);
    if (front) new Uint8Array(this.words.buffer).set(front.subarray(front.length - CONTEXT_WORDS * 4));
  }
}

/** Makes the blocks, in the order in which they were written. */
class BlockReader {
  private readonly masks: Uint8Array;
  private readonly strides: Uint8Array;
  private readonly words: Int32Array;
  private readonly ram: PagedArea | undefined;
  private readonly disk: DiskImage | null;
  /** The blocks that BLOCK.again can name. */
  private readonly literals: Uint8Array[] = [];
  private wordAt = 0;
  private strideAt = 0;

  /** `ram` of the base. */
  constructor({ masks, words, strides }: RawCheckpoint, ram: PagedArea | undefined, disk: DiskImage | null) {
    this.masks = masks;
    this.strides = strides;
    this.words = new Int32Array(words.slice(0, words.length & ~3).buffer);
    this.ram = ram;
    this.disk = disk;
  }

  /** Makes the next block, at byte `start` of a unit, which lies elsewhere if it is of such a kind. */
  next(kind: number, source: number, unit: Unit, start: number): void {
    const { literals } = this;
    const block = unit.bytes.subarray(start, start + BLOCK_BYTES);
    switch (kind) {
      case BLOCK.changed:
      case BLOCK.ramp:
      case BLOCK.sparse: {
        const { masks, words } = this;
        const stride = kind === BLOCK.ramp ? this.strides[this.strideAt++] : 0;
        const maskAt = literals.length * MASK_BYTES;
        const at = CONTEXT_WORDS + (start >>> 2);
        this.wordAt = decodeBlock(kind, stride, masks, maskAt, words, this.wordAt, unit.words, at);
        literals.push(block);
        return;
      }
      case BLOCK.zeros:
        block.fill(0);
        return;
      case BLOCK.sector:
        if (!this.disk || source < 0 || source >= this.disk.sectors)
          throw new Error(`there is no sector ${source}`);
        this.disk.read(source, block);
        return;
      case BLOCK.moved:
        block.set(this.inRam(source));
        return;
      case BLOCK.again:
        if (!literals[source]) throw new Error(`there is no block ${source} before it`);
        block.set(literals[source]);
        return;
    }
    throw new Error(`a block of kind ${kind}`);
  }

  private inRam(block: number): Uint8Array {
    const at = (block * BLOCK_BYTES) % SNAPSHOT_PAGE;
    const page = this.ram?.pages[Math.floor((block * BLOCK_BYTES) / SNAPSHOT_PAGE)];
    if (!page) throw new Error(`there is no block ${block} of memory`);
    return page.subarray(at, at + BLOCK_BYTES);
  }
}

const pageOf = (block: number): number => Math.floor(block / BLOCKS_IN_PAGE);

/** Calls `each` with every block and its source, 0 for one that has none. Throws when they are not in ascending order. */
function forEachBlock(
  { blocks, kinds, sources }: Blocks,
  each: (block: number, kind: number, source: number) => void,
): void {
  let next = 0;
  for (let i = 0; i < blocks.length; i++) {
    if (i > 0 && blocks[i] <= blocks[i - 1]) throw new Error('its blocks are out of order');
    const source = kinds[i] >= BLOCK.sector ? sources[next++] : 0;
    each(blocks[i], kinds[i], source);
  }
}

function changedArea(base: PagedArea | undefined, changes: Blocks, reader: BlockReader): PagedArea {
  const { bytes, name } = changes;
  if (bytes > MAX_AREA_BYTES) throw new Error(`an area of ${bytes} bytes`);
  const pages: Page[] = base?.bytes === bytes ? base.pages.slice() : resized(base, bytes);
  let open = -1;
  let unit: Unit | undefined;
  forEachBlock(changes, (block, kind, source) => {
    const start = block * BLOCK_BYTES;
    if (start >= bytes) throw new Error(`block ${block} is beyond ${name}`);
    const n = pageOf(block);
    if (!unit || n !== open) {
      unit = new Unit(SNAPSHOT_PAGE, pages[n]);
      pages[n] = unit.bytes.subarray(0, pages[n].length);
      open = n;
    }
    reader.next(kind, source, unit, start % SNAPSHOT_PAGE);
  });
  return { bytes, pages };
}

/** What is new is zeros. */
function resized(base: PagedArea | undefined, bytes: number): Page[] {
  return Array.from({ length: Math.ceil(bytes / SNAPSHOT_PAGE) }, (_, n) => {
    const size = Math.min(SNAPSHOT_PAGE, bytes - n * SNAPSHOT_PAGE);
    const before = base?.pages[n];
    if (before?.length === size) return before;
    const page = new Uint8Array(size);
    if (before) page.set(before.subarray(0, size));
    return page;
  });
}

function changedDisk(base: DiskContents, changes: Blocks, reader: BlockReader): DiskContents {
  const contents = new Map(base);
  forEachBlock(changes, (sector, kind, source) => {
    const unit = new Unit(BLOCK_BYTES, contents.get(sector)?.bytes, contents.get(sector - 1)?.bytes);
    reader.next(kind, source, unit, 0);
    contents.set(sector, writtenSector(sector, unit.bytes));
  });
  return contents;
}
