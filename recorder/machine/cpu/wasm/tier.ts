import type { Frame, Physical } from '../../../../schemas/units.ts';
import type { BlockCache } from '../blocks/block-cache.ts';
import type { HotBlocks } from '../blocks/hot-blocks.ts';
import * as micro from '../blocks/micro-ops.ts';
import type { Core } from '../core.ts';
import { MODE_16, MODE_FLAT } from '../segments.ts';
import * as state from '../state.ts';
import { DEFAULT_THRESHOLD } from '../tier-choice.ts';
import { LOOK_UP } from './chain.ts';
import type { Target } from './emit-memory.ts';
import { isLeaving } from './graph.ts';
import { instructionsOf, MAX_ENTRIES, type Plan, Planner } from './plan.ts';
import { RegionEmitter } from './region.ts';
import { entryOf, functionOf, type Kind, type Region, Regions } from './regions.ts';
import { CannotCompile, type Runtime } from './runtime.ts';
import { microOpText, wasmText } from './text.ts';

/** The second tier: decides what is compiled, when, and how long it is kept. */

const { BLOCK_EIP, CPL, CS, EIP, ICOUNT, LATCH_PHYSICAL, LEFT, RUN_END, SEGMENT_WORDS, SEGMENTS } = state;
const { BYTES, COMPILED, COUNT, HEAT, INDEX_SHIFT, MODE, NEVER_HOT, PLACE, WORDS } = micro;
const CS_BASE = SEGMENTS + CS * SEGMENT_WORDS + 1;
const CS_LIMIT = CS_BASE + 1;

/** Maximum bits by which a block's threshold rises when its code keeps changing, and the number of blocks for which that is remembered. */
const MAX_PATIENCE = 10;
const MAX_CHANGES = 1 << 12;

export interface TierOptions {
  readonly threshold?: number;
  /** ShortPath.recordsStores. */
  readonly recordsStores: () => boolean;
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
 * The second tier: blocks that are executed often are compiled to WebAssembly. The decisions depend only on execution counts and have no
 * visible effect on the machine.
 */
export class WasmTier implements HotBlocks {
  readonly threshold: number;
  readonly counts: TierCounts = { regions: 0, bytes: 0, runs: 0, instructions: 0, drops: 0, clears: 0 };
  private readonly core: Core;
  private readonly blocks: BlockCache;
  private readonly enter: (eip: number, left: number, linkAt: number) => number;
  private readonly runtime: Runtime;
  private readonly target: Omit<Target, 'recordsStores'>;
  private readonly recordsStores: () => boolean;
  private readonly regions: Regions;
  private readonly planner: Planner;
  /** True if the host cannot compile, or no more. */
  private isOver = false;
  /** Of blocks whose compiled code was dropped because the code changed, by physical address: how often. */
  private readonly changes = new Map<Physical, number>();

  constructor(
    core: Core,
    blocks: BlockCache,
    enter: WasmTier['enter'],
    runtime: Runtime,
    options: TierOptions,
  ) {
    this.core = core;
    this.blocks = blocks;
    this.enter = enter;
    this.runtime = runtime;
    this.recordsStores = options.recordsStores;
    this.threshold = options.threshold ?? DEFAULT_THRESHOLD;
    const { adjust, adjustLeft } = core.flags;
    this.regions = new Regions(core.mem, blocks.code, runtime);
    this.planner = new Planner(blocks, this.regions);
    this.target = { code: blocks.code, adjust, adjustLeft };
  }

  heatOf(physical: Physical): number {
    return this.threshold * 2 ** Math.min(this.changes.get(physical) ?? 0, MAX_PATIENCE) - 1;
  }

  /** That of a block whose code has not changed. */
  private get heat(): number {
    return this.threshold - 1;
  }

  /** Block `p`, at EIP BLOCK_EIP, is hot: executes it and what follows as far as it is compiled. */
  hot(start: number, instructionsLeft: number): number {
    const { core, blocks, runtime, regions, counts } = this;
    const { i32 } = core;
    const { code } = blocks;
    let p = start;
    let left = instructionsLeft;
    for (;;) {
      code[p - WORDS + HEAT] = 0;
      if (code[p - WORDS + COMPILED] === 0) this.compile(p);
      const compiled = code[p - WORDS + COMPILED];
      if (compiled === 0) return p;
      const base = i32[BLOCK_EIP];
      const page = base - ((base + i32[CS_BASE]) & 0xfff);
      if (!this.serves(regions.at(functionOf(compiled)), page)) return p;
      const to = runtime.run(functionOf(compiled), entryOf(compiled), left, page);
      counts.runs++;
      counts.instructions += left - i32[LEFT];
      left = i32[LEFT];
      if (to !== LOOK_UP) return this.fits(to, left);
      p = this.enter(i32[BLOCK_EIP], left, 0);
      if (p === 0) return 0;

      if (--code[p - WORDS + HEAT] >= 0) return p;
    }
  }

  /** True if a region may be entered as the machine is, its page beginning at EIP `page`: outside flat code if all of it is in the segment. */
  private serves({ user, mode, begin, end }: Region, page: number): boolean {
    const { i32 } = this.core;
    if (user !== (i32[CPL] === 3)) return false;
    if (mode === MODE_FLAT) return true;
    const limit = i32[CS_LIMIT] >>> 0;
    return page + begin >= 0 && page + end - 1 <= (mode === MODE_16 ? Math.min(limit, 0xffff) : limit);
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
    const { core, blocks, regions } = this;
    const { i32 } = core;
    const { code } = blocks;
    const frame = i32[LATCH_PHYSICAL] >>> 12;
    const offset = (i32[BLOCK_EIP] + i32[CS_BASE]) & 0xfff;
    const kind = { frame, mode: code[p - WORDS + MODE], user: i32[CPL] === 3 };
    const owner = regions.ownerOf(p);
    const fits = !owner || (owner.user === kind.user && owner.entries.length < MAX_ENTRIES);
    const cannot = blocks.blockAt(frame, offset) !== p || isLeaving(code[p]);
    if (this.isOver || cannot || !fits) {
      code[p - WORDS + HEAT] = NEVER_HOT;
      return;
    }
    if (regions.full) {
      regions.forgetAll(this.heat);
      this.counts.clears++;
    }
    try {
      this.make(kind, this.planner.plan(kind, offset, this.heat));
    } catch (error) {
      if (!(error instanceof CannotCompile)) throw error;
      this.isOver = true;
      code[p - WORDS + HEAT] = NEVER_HOT;
    }
  }

  private make(kind: Kind, plan: Plan): void {
    const { runtime, counts, regions } = this;
    const { graph, entries, taken, generation } = plan;
    for (const region of taken) regions.forget(region, this.heat);
    const index = regions.nextIndex();
    const target = { ...this.target, recordsStores: this.recordsStores() };
    const emitter = new RegionEmitter(graph, entries, target, kind);
    const bytes = runtime.add(index, emitter.function());
    const nodes = [...graph.values()];
    regions.add({
      ...kind,
      target,
      index,
      entries,
      needs: emitter.entryNeeds,
      blocks: nodes.map(({ start }) => start),
      offsets: nodes.map(({ offset }) => offset),
      begin: Math.min(...nodes.map(({ offset }) => offset)),
      end: Math.max(...nodes.map(({ offset, start }) => offset + this.blocks.code[start - WORDS + BYTES])),
      graph,
      instructions: instructionsOf(plan),
      bytes,
      heat: this.heat * 2 ** Math.min(generation, MAX_PATIENCE),
      generation,
      waiting: 0,
    });
    counts.regions++;
    counts.bytes += bytes;
  }

  /** The compiled code that holds the instruction at a physical address, as text: its blocks' micro-ops, then the WebAssembly. */
  text(physical: Physical): string[] | undefined {
    const region = this.regions.holding(physical >>> 12, physical & 0xfff);
    if (!region) return undefined;
    const { graph, entries, user, frame, target } = region;
    const body = new RegionEmitter(graph, entries, target, region).function().code.view();
    const at = entries.map((offset) => `+${offset.toString(16)}`).join(' ');
    return [
      `region of frame ${frame.toString(16)}, ${user ? 'user' : 'supervisor'}, entered at ${at}`,
      ...microOpText(this.blocks.code, graph),
      ...wasmText(body),
    ];
  }

  chain(on: boolean): void {
    this.regions.chain(on);
  }

  // --- Dropping ------------------------------------------------------------------------------------------------------

  changed(physical: Physical): void {
    const { changes, regions, blocks } = this;
    if (regions.ownerOf(blocks.blockAt(physical >>> 12, physical & 0xfff)) === undefined) return;
    if (changes.size === MAX_CHANGES) changes.clear();
    changes.set(physical, (changes.get(physical) ?? 0) + 1);
  }

  gone(p: number): void {
    const owner = this.regions.ownerOf(p);
    if (owner === undefined) return;
    this.regions.forget(owner, this.heat);
    this.counts.drops++;
  }

  dropped(frame: Frame): void {
    if (!this.regions.hasAny(frame)) return;
    this.regions.forgetFrame(frame, this.heat);
    this.counts.drops++;
  }

  cleared(): void {
    this.regions.clear();
  }
}
