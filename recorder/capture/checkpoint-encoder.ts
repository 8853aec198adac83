import { BlockList, sameBlock } from '../../schemas/trace/block-list.ts';
import { BlockLine } from '../../schemas/trace/block-prediction.ts';
import {
  BLOCK,
  BLOCK_BYTES,
  BLOCK_WORDS,
  type Blocks,
  MASK_BYTES,
  type RawCheckpoint,
} from '../../schemas/trace/checkpoint.ts';
import type { ChangedUnits, StateChanges } from '../../schemas/trace/state-changes.ts';
import { RAM_AREA } from '../machine/state/snapshot.ts';
import { BlockIndex, blockHash } from './block-index.ts';
import {
  afterChanges,
  BLOCKS_IN_PAGE,
  type KeptArea,
  type KeptPage,
  type KeptState,
  NOTHING_KEPT,
  type Sectors,
  ZEROS,
} from './kept-state.ts';

/** Encodes checkpoints: each as its difference from an earlier one, block by block. */

/**
 * Checkpoint 0 is based on the start. A checkpoint whose number is a multiple of one of these is based on the previous multiple of the
 * largest such number, so that a reader reaches any checkpoint in a few steps.
 */
const STRIDES = [128, 32, 8, 1];

/** A state for a checkpoint. */
export type TakenState = KeptState & Pick<RawCheckpoint, 'seq' | 'inputs' | 'tracking'>;

/** Encodes the checkpoints of a run. The bytes do not depend on the thread. */
export class CheckpointEncoder {
  private readonly blocks = new BlockWriter();
  private readonly bases: Map<number, KeptState>;
  private now: KeptState;
  private made = 0;

  /** `start`: the initial state of the machine. */
  constructor(start: StateChanges) {
    this.now = afterChanges(NOTHING_KEPT, start);
    this.bases = new Map(STRIDES.map((stride) => [stride, this.now]));
  }

  /** Copies the changes since the last state taken. */
  take(changes: StateChanges): TakenState {
    const { seq, inputs, tracking, read } = changes;
    this.now = afterChanges(this.now, changes);
    this.blocks.sectors.add(read);
    return { ...this.now, seq, inputs, tracking };
  }

  /** Encodes a state; states must come in the order in which they were taken. Masks, words and strides are valid until the next call. */
  encode(taken: TakenState): RawCheckpoint {
    const strides = STRIDES.filter((stride) => this.made % stride === 0);
    const base = this.bases.get(strides[0]) as KeptState;
    this.made++;
    for (const stride of strides) this.bases.set(stride, taken);
    const { blocks } = this;
    blocks.begin(base.areas.get(RAM_AREA));
    const areas = [...taken.areas].flatMap(([name, area]) => blocks.area(name, base.areas.get(name), area));
    const drives = [...taken.drives].flatMap(([name, written]) =>
      blocks.drive(name, base.drives.get(name), written),
    );
    const { icount, seq, inputs, tracking } = taken;
    return { icount, seq, inputs, tracking, baseIcount: base.icount, areas, drives, ...blocks.streams() };
  }
}

/** Initial capacity of an index in blocks. */
const USUAL_BLOCKS = 4096;

/** Arrays that have grown beyond this many words (4 MB) are not kept for the next checkpoint. */
const MOST_KEPT_WORDS = 1 << 20;

/** Finds sectors of the first disk that the run read, by their contents. */
class SectorFinder {
  private readonly contents = new BlockList();
  private readonly numbers: number[] = [];
  private readonly index = new BlockIndex(USUAL_BLOCKS);
  private indexed = 0;

  add({ numbers, units }: ChangedUnits): void {
    for (let i = 0; i < units.length; i++) {
      this.contents.add(units[i]);
      this.numbers.push(numbers[i]);
    }
  }

  /** So that all that were added are found. */
  prepare(): void {
    const { contents, index } = this;
    for (; this.indexed < contents.count; this.indexed++)
      index.add(blockHash(contents.words, this.indexed * BLOCK_WORDS), this.indexed);
  }

  /** The number of a sector equal to the block at `words[at]`; -1 if there is none. */
  find(words: Int32Array, at: number, hash: number): number {
    const found = this.index.find(hash);
    return found >= 0 && this.contents.holds(found, words, at) ? this.numbers[found] : -1;
  }
}

/** The blocks of a checkpoint that occur nowhere else, with their masks and words. */
class Literals {
  readonly blocks = new BlockList();
  private masks = new Uint8Array(1 << 14);
  private words = new Int32Array(1 << 14);
  private wordCount = 0;
  private strides: number[] = [];

  /** True if its arrays are too large to be kept for the next checkpoint. */
  get large(): boolean {
    return this.words.length > MOST_KEPT_WORDS;
  }

  clear(): void {
    this.masks.fill(0, 0, this.blocks.count * MASK_BYTES);
    this.wordCount = 0;
    this.strides = [];
    this.blocks.clear();
  }

  /** Adds the current block, which is at `words[at]`; returns its kind. */
  add(line: BlockLine, words: Int32Array, at: number): number {
    const { kind, stride } = line.bestKind();
    const maskAt = this.blocks.count * MASK_BYTES;
    if (maskAt + MASK_BYTES > this.masks.length) this.masks = wider(this.masks, new Uint8Array(maskAt * 2));
    if (this.wordCount + BLOCK_WORDS > this.words.length)
      this.words = wider(this.words, new Int32Array(this.words.length * 2));
    this.wordCount = line.encode(kind, stride, this.masks, maskAt, this.words, this.wordCount);
    if (kind === BLOCK.ramp) this.strides.push(stride);
    this.blocks.addWords(words, at);
    return kind;
  }

  streams(): Pick<RawCheckpoint, 'masks' | 'words' | 'strides'> {
    return {
      masks: this.masks.subarray(0, this.blocks.count * MASK_BYTES),
      words: new Uint8Array(this.words.buffer, 0, this.wordCount * 4),
      strides: Uint8Array.from(this.strides),
    };
  }
}

interface OpenBlocks extends Blocks {
  readonly blocks: number[];
  readonly kinds: number[];
  readonly sources: number[];
}

const open = (name: string, bytes: number): OpenBlocks => ({
  name,
  bytes,
  blocks: [],
  kinds: [],
  sources: [],
});

const NO_AREA: KeptArea = { bytes: 0, pages: [] };

/** Marks a block that occurs nowhere else, so that its bytes must be written. */
const NOWHERE = -1;

/**
 * Classifies the blocks of checkpoints and collects the words of those that occur nowhere else. It allocates no objects per block and
 * reuses its arrays.
 */
class BlockWriter {
  readonly sectors = new SectorFinder();
  /** The RAM of the base and its blocks. */
  private ram = NO_AREA;
  private readonly moved = new BlockIndex(4 * USUAL_BLOCKS);
  private readonly again = new BlockIndex(USUAL_BLOCKS);
  private literals = new Literals();
  /** The current page or sector. */
  private readonly line = new BlockLine(BLOCKS_IN_PAGE);
  /** The block that `elsewhere` found last. */
  private source = 0;

  /** Begins a checkpoint. `ram`: RAM of its base. */
  begin(ram = NO_AREA): void {
    if (this.literals.large) this.literals = new Literals();
    else this.literals.clear();
    this.again.clear();
    this.sectors.prepare();
    this.ram = ram;
    this.moved.clear();
    for (let n = 0; n < ram.pages.length; n++)
      if (ram.pages[n] !== ZEROS) this.index(ram.pages[n].blockHashes, n * BLOCKS_IN_PAGE);
  }

  private index(hashes: Int32Array, first: number): void {
    for (let i = 0; i < BLOCKS_IN_PAGE; i++) this.moved.add(hashes[i], first + i);
  }

  /** Empty if nothing changed. */
  area(name: string, base: KeptArea | undefined, now: KeptArea): Blocks[] {
    const into = open(name, now.bytes);
    const end = Math.ceil(now.bytes / BLOCK_BYTES);
    for (let n = 0; n < now.pages.length; n++) {
      const first = n * BLOCKS_IN_PAGE;
      const before = base?.pages[n] ?? ZEROS;
      if (now.pages[n] !== before)
        this.page(into, first, Math.min(BLOCKS_IN_PAGE, end - first), before, now.pages[n]);
    }
    return into.blocks.length > 0 || base?.bytes !== now.bytes ? [into] : [];
  }

  private page(
    into: OpenBlocks,
    first: number,
    count: number,
    before: KeptPage,
    { words, blockHashes }: KeptPage,
  ): void {
    this.line.set(undefined, words, before.words);
    for (let i = 0; i < count; i++) {
      const at = i * BLOCK_WORDS;
      if (sameBlock(words, at, before.words, at)) continue;
      this.line.select(i);
      this.add(into, first + i, words, at, blockHashes[i]);
    }
  }

  drive(name: string, base: Sectors | undefined, now: Sectors): Blocks[] {
    if (now === base) return [];
    const into = open(name, 0);
    const written: number[] = [];
    for (const [sector, words] of now) if (base?.get(sector) !== words) written.push(sector);
    for (const sector of written.sort((a, b) => a - b)) {
      const words = now.get(sector) as Int32Array;
      this.line.set(now.get(sector - 1), words, base?.get(sector) ?? ZEROS.words);
      this.add(into, sector, words, 0, blockHash(words));
    }
    return into.blocks.length > 0 ? [into] : [];
  }

  streams(): Pick<RawCheckpoint, 'masks' | 'words' | 'strides'> {
    return this.literals.streams();
  }

  /** The block at `words[at]`, which is the line's. */
  private add(into: OpenBlocks, number: number, words: Int32Array, at: number, hash: number): void {
    into.blocks.push(number);
    const kind = this.elsewhere(words, at, hash);
    if (kind === NOWHERE) {
      this.again.add(hash, this.literals.blocks.count);
      into.kinds.push(this.literals.add(this.line, words, at));
    } else {
      into.kinds.push(kind);
      if (kind !== BLOCK.zeros) into.sources.push(this.source);
    }
  }

  /** The kind of a block that occurs elsewhere, with its position in `source`; otherwise NOWHERE. */
  private elsewhere(words: Int32Array, at: number, hash: number): number {
    if (hash === 0 && sameBlock(words, at, ZEROS.words, 0)) return BLOCK.zeros;
    this.source = this.sectors.find(words, at, hash);
    if (this.source >= 0) return BLOCK.sector;
    this.source = this.moved.find(hash);
    if (this.source >= 0 && this.inRam(this.source, words, at)) return BLOCK.moved;
    this.source = this.again.find(hash);
    if (this.source >= 0 && this.literals.blocks.holds(this.source, words, at)) return BLOCK.again;
    return NOWHERE;
  }

  /** True if that block of the base's RAM equals the one at `words[at]`. */
  private inRam(block: number, words: Int32Array, at: number): boolean {
    const page = this.ram.pages[Math.floor(block / BLOCKS_IN_PAGE)];
    return sameBlock(page.words, (block % BLOCKS_IN_PAGE) * BLOCK_WORDS, words, at);
  }
}

function wider<T extends Uint8Array | Int32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
