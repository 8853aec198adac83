import { MachineError } from '../machine-error.ts';
import { FrameSet } from './frame-set.ts';
import { SNAPSHOT_PAGE } from './snapshot.ts';

/** The contents of a machine's memory at many instants, in blocks that they share. */

const BLOCK_WORDS = 64;
/** Of a page. */
const BLOCKS = SNAPSHOT_PAGE / 4 / BLOCK_WORDS;
/** Blocks are allocated in slabs of 4 MB: V8 would account, trace and free each small buffer by itself. */
const SLAB_SHIFT = 14;
const SLAB_BLOCKS = 1 << SLAB_SHIFT;
const BLOCK_BYTES = BLOCK_WORDS * 4;
const VERSION_BYTES = BLOCKS * 4;

/** The versions of all pages at one instant. It belongs to a store, and stays until it is given back. */
export type Image = Uint32Array;

/**
 * The contents of pages of memory at many instants. An *image* names a *version* of every page, a version names the page's blocks of 256
 * bytes. Images share versions, and versions share the blocks that did not change. Holders are counted, so that what nobody holds is used
 * again at once, without V8's garbage collector.
 */
export class PageStore {
  private readonly words: Int32Array;
  /** The first word of each page. */
  private readonly places: Uint32Array;
  /** The version of each page that memory has, except in pages that may have changed. */
  private readonly current: Uint32Array;
  private readonly changed: FrameSet;
  private readonly images = new Set<Image>();
  private readonly slabs: Int32Array[] = [];
  private readonly memory: (bytes: number) => ArrayBuffer;
  /** By version: its blocks, and the number of images that hold it, with `current`. Version 0 is zeros. */
  private versions = new Uint32Array(BLOCKS << 10);
  private versionHolders = new Uint32Array(1 << 10);
  private versionCount = 0;
  private readonly freeVersions: number[] = [];
  /** By block: the number of versions that hold it. Block 0 is zeros. */
  private blockHolders = new Uint32Array(0);
  private blockCount = 0;
  private readonly freeBlocks: number[] = [];

  /**
   * Of the pages of `words` whose first words are `places`. Those that are known to be zeros are not read. `memory` allocates zeroed bytes,
   * always the same number.
   */
  constructor(
    words: Int32Array,
    places: Uint32Array,
    isZeros: (page: number) => boolean = () => false,
    memory = (bytes: number) => new ArrayBuffer(bytes),
  ) {
    this.words = words;
    this.places = places;
    this.memory = memory;
    this.changed = new FrameSet(places.length);
    for (let page = 0; page < places.length; page++) if (!isZeros(page)) this.changed.add(page);
    this.current = new Uint32Array(places.length);
    const zeros = this.newBlock();
    const version = this.newVersion();
    this.blockHolders[zeros] = BLOCKS;
    this.versionHolders[version] = places.length + 1;
  }

  /** Number of pages. */
  get pages(): number {
    return this.places.length;
  }

  /** Bytes in use. */
  get bytes(): number {
    return (
      (this.blockCount - this.freeBlocks.length) * BLOCK_BYTES +
      (this.versionCount - this.freeVersions.length) * VERSION_BYTES +
      this.images.size * this.places.length * 4
    );
  }

  /** The page may have changed since the last `save` or `restore`. */
  touch(page: number): void {
    this.changed.add(page);
  }

  /** Keeps the contents of memory as they are. */
  save(): Image {
    for (const page of this.changed.take()) this.keepPage(page);
    const image = this.current.slice();
    for (let page = 0; page < image.length; page++) this.versionHolders[image[page]]++;
    this.images.add(image);
    return image;
  }

  /** Makes memory as it was, and calls `onChange` with every page whose contents that changes. */
  restore(image: Image, onChange: (page: number) => void): void {
    if (!this.images.has(image))
      throw new MachineError('the state was kept by another machine, or given back');
    const { current, changed } = this;
    for (let page = 0; page < image.length; page++) {
      const [from, to] = [current[page], image[page]];
      const mayDiffer = changed.has(page);
      if (from === to && !mayDiffer) continue;
      const blocks = mayDiffer ? this.changesSince(to, page) : this.unshared(from, to);
      if (blocks !== 0) {
        this.copy(page, to, blocks, true);
        onChange(page);
      }
      current[page] = to;
      this.versionHolders[to]++;
      this.dropVersion(from);
    }
    changed.take();
  }

  /** Gives an image back, once. */
  release(image: Image): void {
    if (!this.images.delete(image)) return;
    for (let page = 0; page < image.length; page++) this.dropVersion(image[page]);
  }

  /** Makes a version of a page if it differs from the current one. */
  private keepPage(page: number): void {
    const { current } = this;
    const before = current[page];
    const changes = this.changesSince(before, page);
    if (changes === 0) return;
    const version = this.newVersion();
    let copied = 0;
    for (let n = 0; n < BLOCKS; n++) {
      let block = this.versions[before * BLOCKS + n];
      if (changes & (1 << n)) {
        block = this.isZero(this.places[page] + n * BLOCK_WORDS) ? 0 : this.newBlock();
        if (block !== 0) copied |= 1 << n;
      }
      this.versions[version * BLOCKS + n] = block;
      this.blockHolders[block]++;
    }
    this.copy(page, version, copied, false);
    this.versionHolders[version] = 1;
    this.dropVersion(before);
    current[page] = version;
  }

  /** The blocks of a page, as bits, in which memory differs from a version. */
  private changesSince(version: number, page: number): number {
    const { words, slabs, versions } = this;
    let changes = 0;
    for (let n = 0, at = this.places[page]; n < BLOCKS; n++, at += BLOCK_WORDS) {
      const block = versions[version * BLOCKS + n];
      const slab = slabs[block >>> SLAB_SHIFT];
      const from = placeOf(block);
      let differ = 0;
      for (let i = 0; differ === 0 && i < BLOCK_WORDS; i += 4)
        differ =
          (words[at + i] ^ slab[from + i]) |
          (words[at + i + 1] ^ slab[from + i + 1]) |
          (words[at + i + 2] ^ slab[from + i + 2]) |
          (words[at + i + 3] ^ slab[from + i + 3]);
      if (differ !== 0) changes |= 1 << n;
    }
    return changes;
  }

  /** The blocks that two versions of a page do not share, as bits. */
  private unshared(a: number, b: number): number {
    const { versions } = this;
    let bits = 0;
    for (let n = 0; n < BLOCKS; n++)
      if (versions[a * BLOCKS + n] !== versions[b * BLOCKS + n]) bits |= 1 << n;
    return bits;
  }

  private isZero(at: number): boolean {
    const { words } = this;
    let i = 0;
    while (i < BLOCK_WORDS && words[at + i] === 0) i++;
    return i === BLOCK_WORDS;
  }

  /** Copies some blocks of a version, given as bits, to memory, or from there. Those that lie one after another are copied at once. */
  private copy(page: number, version: number, blocks: number, toMemory: boolean): void {
    const { words, slabs, versions } = this;
    for (let n = 0; n < BLOCKS; ) {
      if ((blocks & (1 << n)) === 0) {
        n++;
        continue;
      }
      const block = versions[version * BLOCKS + n];
      const slab = slabs[block >>> SLAB_SHIFT];
      let count = 1;
      while (
        (blocks >>> (n + count)) & 1 &&
        versions[version * BLOCKS + n + count] === block + count &&
        (block + count) >>> SLAB_SHIFT === block >>> SLAB_SHIFT
      )
        count++;
      const at = this.places[page] + n * BLOCK_WORDS;
      if (toMemory) copyWords(slab, placeOf(block), words, at, count * BLOCK_WORDS);
      else copyWords(words, at, slab, placeOf(block), count * BLOCK_WORDS);
      n += count;
    }
  }

  private dropVersion(version: number): void {
    if (--this.versionHolders[version] > 0) return;
    // The last one first, so that they are used again in order, and lie one after another.
    for (let n = BLOCKS - 1; n >= 0; n--) {
      const block = this.versions[version * BLOCKS + n];
      if (--this.blockHolders[block] === 0) this.freeBlocks.push(block);
    }
    this.freeVersions.push(version);
  }

  private newVersion(): number {
    const free = this.freeVersions.pop();
    if (free !== undefined) return free;
    if (this.versionCount === this.versionHolders.length) {
      this.versionHolders = twiceAsLong(this.versionHolders);
      this.versions = twiceAsLong(this.versions);
    }
    return this.versionCount++;
  }

  private newBlock(): number {
    const free = this.freeBlocks.pop();
    if (free !== undefined) return free;
    if (this.blockCount === this.slabs.length * SLAB_BLOCKS) {
      this.slabs.push(new Int32Array(this.memory(SLAB_BLOCKS * BLOCK_BYTES)));
      if (this.blockCount === this.blockHolders.length)
        this.blockHolders = longer(this.blockHolders, Math.max(SLAB_BLOCKS, 2 * this.blockCount));
    }
    return this.blockCount++;
  }
}

/** Of a block in its slab, in words. */
const placeOf = (block: number): number => (block & (SLAB_BLOCKS - 1)) * BLOCK_WORDS;

/** Word by word: a view of each part, as `set` takes it, is more work than its words, and garbage. */
function copyWords(from: Int32Array, atFrom: number, to: Int32Array, atTo: number, count: number): void {
  for (let i = 0; i < count; i += 4) {
    to[atTo + i] = from[atFrom + i];
    to[atTo + i + 1] = from[atFrom + i + 1];
    to[atTo + i + 2] = from[atFrom + i + 2];
    to[atTo + i + 3] = from[atFrom + i + 3];
  }
}

const twiceAsLong = (words: Uint32Array) => longer(words, 2 * words.length);

function longer(words: Uint32Array, length: number): Uint32Array<ArrayBuffer> {
  const all = new Uint32Array(length);
  all.set(words);
  return all;
}
