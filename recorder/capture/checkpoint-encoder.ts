import { BlockList, sameBlock } from '../../schemas/block-list.ts';
import { BlockLine } from '../../schemas/block-prediction.ts';
import type { ChangedUnits, StateChanges } from '../../schemas/state-changes.ts';
import {
  BLOCK,
  BLOCK_BYTES,
  BLOCK_WORDS,
  type Blocks,
  MASK_BYTES,
  type RawCheckpoint,
} from '../../schemas/trace-checkpoint.ts';
import { type Page, type PagedArea, RAM_AREA, SNAPSHOT_PAGE, ZERO_PAGE } from '../machine/snapshot.ts';
import { BlockIndex, blockHash } from './block-index.ts';

import { afterChanges, type KeptState, NOTHING_KEPT, type Sectors } from './kept-state.ts';

const BLOCKS_IN_PAGE = SNAPSHOT_PAGE / BLOCK_BYTES;

/**
 * The first checkpoint has number 0 and differs from the start. One whose number is a multiple of one of these differs from
 * the last that was too, the largest deciding: so a reader comes to any by a few steps.
 */
const STRIDES = [128, 32, 8, 1];

/** Makes checkpoints of a run. The same bytes on whatever thread it runs. */
export class CheckpointEncoder {
  /** Those of the first disk that the run read. */
  private readonly sectors = new SectorFinder();
  private readonly pageHashes = new WeakMap<Page, Int32Array>();
  private readonly bases: Map<number, KeptState>;
  private now: KeptState;
  private made = 0;

  /** `start`: the machine as it was put together. */
  constructor(start: StateChanges) {
    this.now = afterChanges(NOTHING_KEPT, start);
    this.bases = new Map(STRIDES.map((stride) => [stride, this.now]));
  }

  encode(changes: StateChanges): RawCheckpoint {
    this.now = afterChanges(this.now, changes);
    this.sectors.add(changes.read);
    const strides = STRIDES.filter((stride) => this.made % stride === 0);
    const base = this.bases.get(strides[0]) as KeptState;
    this.made++;
    for (const stride of strides) this.bases.set(stride, this.now);
    const { icount, seq, inputs, tracking } = changes;
    const blocks = new BlockWriter(this.sectors, base.areas.get(RAM_AREA), this.pageHashes);
    const areas = [...this.now.areas].flatMap(([name, area]) =>
      blocks.area(name, base.areas.get(name), area),
    );
    const drives = [...this.now.drives].flatMap(([name, written]) =>
      blocks.drive(name, base.drives.get(name), written),
    );
    return { icount, seq, inputs, tracking, baseIcount: base.icount, areas, drives, ...blocks.streams() };
  }
}

/** Finds sectors by what is in them. */
class SectorFinder {
  private readonly contents = new BlockList();
  private readonly numbers: number[] = [];
  private readonly index = new BlockIndex(0);

  add({ numbers, units }: ChangedUnits): void {
    numbers.forEach((number, i) => {
      const at = this.contents.add(units[i]);
      this.index.add(blockHash(this.contents.words, at * BLOCK_WORDS), at);
      this.numbers.push(number);
    });
  }

  /** The number of one that holds the block; -1 when there is none. */
  find(block: Int32Array, hash: number): number {
    const found = this.index.find(hash);
    return found >= 0 && this.contents.holds(found, block) ? this.numbers[found] : -1;
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

/** Classifies the blocks of one checkpoint and gathers the words of those that are nowhere else. */
class BlockWriter {
  private readonly sectors: SectorFinder;
  private readonly ram: PagedArea;
  private readonly moved: BlockIndex;
  private readonly again = new BlockIndex(1024);
  private readonly literals = new BlockList();
  private masks = new Uint8Array(1 << 14);
  private words = new Int32Array(1 << 14);
  private wordCount = 0;
  private readonly strides: number[] = [];
  /** The block at hand. */
  private readonly line = new BlockLine();

  constructor(
    sectors: SectorFinder,
    ram: PagedArea = { bytes: 0, pages: [] },
    pageHashes: WeakMap<Page, Int32Array>,
  ) {
    this.sectors = sectors;
    this.ram = ram;
    this.moved = new BlockIndex(ram.pages.length * BLOCKS_IN_PAGE);
    for (const [n, page] of ram.pages.entries()) {
      if (page === ZERO_PAGE) continue;
      let hashes = pageHashes.get(page);
      if (!hashes) pageHashes.set(page, (hashes = hashesOf(page)));
      for (let i = 0; i < hashes.length; i++) this.moved.add(hashes[i], n * BLOCKS_IN_PAGE + i);
    }
  }

  /** None when nothing changed. */
  area(name: string, base: PagedArea | undefined, now: PagedArea): Blocks[] {
    const into = open(name, now.bytes);
    for (const [n, page] of now.pages.entries()) {
      const before = base?.pages[n] ?? ZERO_PAGE;
      if (page === before) continue;
      for (let at = 0; at < page.length; at += BLOCK_BYTES) {
        const block = page.subarray(at, at + BLOCK_BYTES);
        const old = before.subarray(at, at + BLOCK_BYTES);
        this.line.set(at > 0 ? page : undefined, at, block, old);
        if (sameBlock(this.line.base, 0, this.line.block)) continue;
        this.add(into, (n * SNAPSHOT_PAGE + at) / BLOCK_BYTES);
      }
    }
    return into.blocks.length > 0 || base?.bytes !== now.bytes ? [into] : [];
  }

  drive(name: string, base: Sectors | undefined, now: Sectors): Blocks[] {
    const into = open(name, 0);
    const written = [...now.keys()].filter((sector) => base?.get(sector) !== now.get(sector));
    for (const sector of written.sort((a, b) => a - b)) {
      const old = base?.get(sector) ?? ZERO_PAGE.subarray(0, BLOCK_BYTES);
      this.line.set(now.get(sector - 1), BLOCK_BYTES, now.get(sector), old);
      this.add(into, sector);
    }
    return into.blocks.length > 0 ? [into] : [];
  }

  streams(): Pick<RawCheckpoint, 'masks' | 'words' | 'strides'> {
    const { masks, words, literals, wordCount, strides } = this;
    return {
      masks: masks.subarray(0, literals.count * MASK_BYTES),
      words: new Uint8Array(words.buffer, 0, wordCount * 4),
      strides: Uint8Array.from(strides),
    };
  }

  private add(into: OpenBlocks, number: number): void {
    into.blocks.push(number);
    const hash = blockHash(this.line.block);
    const [kind, source] = this.elsewhere(hash);
    if (kind >= 0) {
      into.kinds.push(kind);
      if (kind !== BLOCK.zeros) into.sources.push(source);
      return;
    }
    into.kinds.push(this.literal());
    this.again.add(hash, this.literals.count - 1);
  }

  /** Where the bytes of the block at hand are, so that they need not be written; kind -1 for nowhere. */
  private elsewhere(hash: number): [kind: number, source: number] {
    if (hash === 0 && this.line.block.every((word) => word === 0)) return [BLOCK.zeros, 0];
    const { block } = this.line;
    const sector = this.sectors.find(block, hash);
    if (sector >= 0) return [BLOCK.sector, sector];
    const moved = this.moved.find(hash);
    if (moved >= 0 && sameBlock(blockOf(this.ram, moved), 0, block)) return [BLOCK.moved, moved];
    const earlier = this.again.find(hash);
    if (earlier >= 0 && this.literals.holds(earlier, block)) return [BLOCK.again, earlier];
    return [-1, 0];
  }

  private literal(): number {
    const { kind, stride } = this.line.bestKind();
    const maskAt = this.literals.count * MASK_BYTES;
    if (maskAt + MASK_BYTES > this.masks.length) this.masks = wider(this.masks, new Uint8Array(maskAt * 2));
    if (this.wordCount + BLOCK_WORDS > this.words.length)
      this.words = wider(this.words, new Int32Array(this.words.length * 2));
    this.wordCount = this.line.encode(kind, stride, this.masks, maskAt, this.words, this.wordCount);
    if (kind === BLOCK.ramp) this.strides.push(stride);
    this.literals.add(this.line.blockBytes);
    return kind;
  }
}

function wider<T extends Uint8Array | Int32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

function hashesOf(page: Page): Int32Array {
  const words = wordsOf(page, page.length >>> 2);
  return Int32Array.from({ length: page.length / BLOCK_BYTES }, (_, i) => blockHash(words, i * BLOCK_WORDS));
}

/** RAM is in whole, aligned pages. */
const wordsOf = (bytes: Uint8Array, count: number, at = 0) =>
  new Int32Array(bytes.buffer, bytes.byteOffset + at, count);

const blockOf = ({ pages }: PagedArea, block: number): Int32Array =>
  wordsOf(pages[Math.floor(block / BLOCKS_IN_PAGE)], BLOCK_WORDS, (block % BLOCKS_IN_PAGE) * BLOCK_BYTES);
