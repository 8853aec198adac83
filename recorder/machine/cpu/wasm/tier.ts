import type { Frame } from '../../../../schemas/units.ts';
import type { BlockCache } from '../blocks/block-cache.ts';
import type { HotBlocks } from '../blocks/hot-blocks.ts';
import * as micro from '../blocks/micro-ops.ts';
import type { Core } from '../core.ts';
import { MODE_FLAT } from '../segments.ts';
import * as state from '../state.ts';
import type { Target } from './emit-micro-op.ts';
import { collect, type Graph, isLeaving } from './graph.ts';
import { LOOK_UP, RegionEmitter } from './region.ts';
import { type Runtime, TABLE_SIZE } from './runtime.ts';

/** The second tier: what is compiled, when, and for how long. */

const { BLOCK_EIP, CPL, CS, EIP, ICOUNT, LATCH_PHYSICAL, LEFT, RUN_END, SEGMENT_WORDS, SEGMENTS } = state;
const { COMPILED, COUNT, HEAT, INDEX_SHIFT, MODE, NEVER_HOT, PLACE, WORDS } = micro;
const CS_BASE = SEGMENTS + CS * SEGMENT_WORDS + 1;

/** The execution of a block at which it is compiled. */
export const DEFAULT_THRESHOLD = 1000;
/** Blocks that have been interpreted less than this part of it are not worth being compiled along with one that has. */
const WARM_PART = 8;
/** Instructions in a region at most. */
const MAX_INSTRUCTIONS = 400;
/** Entries of a region at most, and how often it is made again with one more. */
const MAX_ENTRIES = 16;
/** Bytes of WebAssembly after which everything is dropped. */
const MAX_BYTES = 8 << 20;
/** By so many bits the threshold of a page's blocks rises at most when their code keeps changing. */
const MAX_PATIENCE = 10;
/** A block's COMPILED: function and entry, and one more, so that 0 means none. */
const ENTRY_BITS = 8;

/** For what code is compiled: a page, in one mode, at privilege level 3 or another. */
interface Kind {
  readonly frame: Frame;
  readonly user: boolean;
  readonly mode: number;
}

/** Compiled code, and the blocks that it is of. */
interface Region extends Kind {
  /** Of its function. */
  readonly index: number;
  /** Offsets in the page. */
  readonly entries: readonly number[];
  /** The first micro-ops. */
  readonly blocks: readonly number[];
  readonly instructions: number;
}

interface Plan {
  readonly graph: Graph;
  readonly entries: readonly number[];
  /** Regions that it replaces. */
  readonly taken: ReadonlySet<Region>;
}

export interface TierOptions {
  readonly threshold?: number;
}

/** Counts of what the tier has done, for measurements and tests. */
export interface TierCounts {
  regions: number;
  bytes: number;
  /** Times that compiled code was called, and instructions retired there. */
  runs: number;
  instructions: number;
  drops: number;
  clears: number;
}

/**
 * The second tier: blocks that are executed often become WebAssembly. What is compiled, and when, depends on counts of executions
 * alone, and nothing of it can be seen in the machine.
 */
export class WasmTier implements HotBlocks {
  readonly threshold: number;
  readonly counts: TierCounts = { regions: 0, bytes: 0, runs: 0, instructions: 0, drops: 0, clears: 0 };
  private readonly core: Core;
  private readonly blocks: BlockCache;
  private readonly enter: (eip: number, left: number, linkAt: number) => number;
  private readonly runtime: Runtime;
  private readonly target: Target;
  /** By index of the function. */
  private readonly regions: (Region | undefined)[] = [];
  /** The region that a block belongs to, by its first micro-op. */
  private owners = new Map<number, Region>();
  /** Regions by frame. */
  private readonly inFrame = new Map<number, Region[]>();
  /** Of frames whose compiled code was dropped because the code changed: how often. */
  private readonly changes = new Map<number, number>();
  private next = 0;
  private bytes = 0;

  constructor(
    core: Core,
    blocks: BlockCache,
    enter: WasmTier['enter'],
    runtime: Runtime,
    options: TierOptions = {},
  ) {
    this.core = core;
    this.blocks = blocks;
    this.enter = enter;
    this.runtime = runtime;
    this.threshold = options.threshold ?? DEFAULT_THRESHOLD;
    const { adjust, adjustLeft } = core.flags;
    this.target = { code: blocks.code, adjust, adjustLeft };
  }

  heatOf(frame: Frame): number {
    return this.threshold * 2 ** Math.min(this.changes.get(frame) ?? 0, MAX_PATIENCE) - 1;
  }

  /** Block `p`, at EIP BLOCK_EIP, is hot: executes it and what follows as far as it is compiled. */
  hot(start: number, instructionsLeft: number): number {
    const { core, blocks, runtime, counts } = this;
    const { i32 } = core;
    const { code } = blocks;
    let p = start;
    let left = instructionsLeft;
    for (;;) {
      code[p - WORDS + HEAT] = 0;
      if (code[p - WORDS + COMPILED] === 0) this.compile(p);
      const compiled = code[p - WORDS + COMPILED] - 1;
      if (compiled < 0 || this.regions[compiled >>> ENTRY_BITS]!.user !== (i32[CPL] === 3)) return p;
      const base = i32[BLOCK_EIP];
      const page = base - ((base + i32[CS_BASE]) & 0xfff);
      const to = runtime.run(compiled >>> ENTRY_BITS, compiled & ((1 << ENTRY_BITS) - 1), left, page);
      counts.runs++;
      counts.instructions += left - i32[LEFT];
      left = i32[LEFT];
      if (to !== LOOK_UP) return this.fits(to, left);
      p = this.enter(i32[BLOCK_EIP], left, 0);
      if (p === 0) return 0;

      if (--code[p - WORDS + HEAT] >= 0) return p;
    }
  }

  /** Micro-op `p` if its block may be executed whole; 0, as `enter` would, if the run ends in it. */
  private fits(p: number, left: number): number {
    const { i32, f64 } = this.core;
    const { code } = this.blocks;
    if (code[p + PLACE] >>> INDEX_SHIFT !== 0 || code[p - WORDS + COUNT] <= left) return p;
    i32[EIP] = i32[BLOCK_EIP];
    f64[ICOUNT] = f64[RUN_END] - left;
    return 0;
  }

  // --- Compiling -----------------------------------------------------------------------------------------------------

  /** Makes a region that block `p` is an entry of, unless it cannot be one. */
  private compile(p: number): void {
    const { core, blocks } = this;
    const { i32 } = core;
    const { code } = blocks;
    const frame = i32[LATCH_PHYSICAL] >>> 12;
    const offset = (i32[BLOCK_EIP] + i32[CS_BASE]) & 0xfff;
    const mode = code[p - WORDS + MODE];
    const user = i32[CPL] === 3;
    const owner = this.owners.get(p);
    const fits = !owner || (owner.user === user && owner.entries.length < MAX_ENTRIES);
    if (mode !== MODE_FLAT || blocks.blockAt(frame, offset) !== p || isLeaving(code[p]) || !fits) {
      code[p - WORDS + HEAT] = NEVER_HOT;
      return;
    }
    if (this.next === TABLE_SIZE || this.bytes > MAX_BYTES) this.dropAll();
    this.make({ frame, mode, user }, this.plan({ frame, mode, user }, offset, owner));
  }

  /**
   * Says what is to be compiled with the block at `offset`: the warm blocks that it leads to. Regions that they are in are taken up whole if
   * all is not too much then, so that each block is in one region. An entry that one of the blocks leads to now is one no more.
   */
  private plan(kind: Kind, offset: number, owner: Region | undefined): Plan {
    const taken = new Set<Region>(owner ? [owner] : []);
    let entries = [offset, ...(owner?.entries ?? [])];
    const page = { code: this.blocks.code, blockAt: this.chooser(kind, entries, taken) };
    for (;;) {
      const graph = collect(page, entries, MAX_INSTRUCTIONS);
      const led = new Set([...graph.values()].flatMap(({ successors }) => successors));
      const others = [...taken].flatMap((region) => (region === owner ? [] : region.entries));
      const more = others.filter((entry) => !led.has(entry) && !entries.includes(entry));
      if (more.length === 0 || entries.length + more.length > MAX_ENTRIES) return { graph, entries, taken };
      entries = [...entries, ...more];
    }
  }

  /** Which blocks may be part of a region; notes the regions that are to be `taken` up in it. */
  private chooser(
    { frame, mode, user }: Kind,
    entries: readonly number[],
    taken: Set<Region>,
  ): (offset: number) => number {
    const { blocks, owners } = this;
    const { code } = blocks;
    const heat = this.heatOf(frame);
    const cool = heat - Math.floor((heat + 1) / WARM_PART);
    let instructions = [...taken].reduce((sum, region) => sum + region.instructions, 0);
    return (offset) => {
      const p = blocks.blockAt(frame, offset);
      if (p === 0 || code[p - WORDS + MODE] !== mode) return 0;
      const owner = owners.get(p);
      if (owner === undefined) return entries.includes(offset) || code[p - WORDS + HEAT] <= cool ? p : 0;
      if (taken.has(owner)) return p;
      if (owner.user !== user || instructions + owner.instructions > MAX_INSTRUCTIONS) return 0;
      taken.add(owner);
      instructions += owner.instructions;
      return p;
    };
  }

  private make(kind: Kind, { graph, entries, taken }: Plan): void {
    const { runtime, counts } = this;
    const { code } = this.blocks;
    for (const region of taken) this.forget(region);
    const index = this.next++;
    const bytes = runtime.add(index, new RegionEmitter(graph, entries, this.target, kind.user).function());
    const nodes = [...graph.values()];
    const instructions = nodes.reduce((sum, { count }) => sum + count, 0);
    const region = { ...kind, index, entries, instructions, blocks: nodes.map(({ start }) => start) };
    this.regions[index] = region;
    this.inFrame.set(kind.frame, [...(this.inFrame.get(kind.frame) ?? []), region]);
    for (const p of region.blocks) this.owners.set(p, region);
    entries.forEach((offset, entry) => {
      const header = graph.get(offset)!.start - WORDS;
      code[header + COMPILED] = ((index << ENTRY_BITS) | entry) + 1;
      code[header + HEAT] = 0;
    });
    this.bytes += bytes;
    counts.regions++;
    counts.bytes += bytes;
  }

  // --- Dropping ------------------------------------------------------------------------------------------------------

  /** Takes a region's blocks back to the interpreter. */
  private forget(region: Region): void {
    const { code } = this.blocks;
    for (const p of region.blocks) {
      this.owners.delete(p);
      if (code[p - WORDS + COMPILED] !== 0) code[p - WORDS + HEAT] = this.heatOf(region.frame);
      code[p - WORDS + COMPILED] = 0;
    }
    this.regions[region.index] = undefined;
  }

  dropped(frame: Frame): void {
    const regions = this.inFrame.get(frame);
    if (regions === undefined) return;
    this.inFrame.delete(frame);
    for (const region of regions) if (this.regions[region.index] === region) this.forget(region);
    this.counts.drops++;
  }

  changed(frame: Frame): void {
    if (this.inFrame.has(frame)) this.changes.set(frame, (this.changes.get(frame) ?? 0) + 1);
  }

  cleared(): void {
    if (this.next === 0) return;
    this.owners = new Map();
    this.regions.length = 0;
    this.inFrame.clear();
    this.runtime.clear(this.next);
    this.next = 0;
    this.bytes = 0;
    this.counts.clears++;
  }

  private dropAll(): void {
    for (const region of this.regions) if (region) this.forget(region);
    this.cleared();
  }
}
