import type { MachineMemory } from '../../layout.ts';
import { BYTES, COMPILED, HEAT, WORDS } from '../blocks/micro-ops.ts';
import { MODE_FLAT } from '../segments.ts';
import type { Target } from './emit-memory.ts';
import { EntryTable } from './entry-table.ts';
import type { Graph } from './graph.ts';
import { type Runtime, TABLE_SIZE } from './runtime.ts';

/** The page that code is compiled for, its mode, and whether it runs at privilege level 3. */
export interface Kind {
  readonly frame: number;
  readonly user: boolean;
  readonly mode: number;
}

/** Blocks that one function is compiled of. */
export interface Region extends Kind {
  readonly target: Target;
  /** Of its function. */
  readonly index: number;
  /** Offsets in the page, and the instructions that must be left for each. */
  readonly entries: readonly number[];
  readonly needs: readonly number[];
  /** Its blocks: their first micro-ops, and their offsets. */
  readonly blocks: readonly number[];
  readonly offsets: readonly number[];
  /** Offset behind the last byte of its blocks, and of the first. */
  readonly end: number;
  readonly begin: number;
  readonly graph: Graph;
  readonly instructions: number;
  /** Bytes of its module. */
  readonly bytes: number;
  /** Entries from outside after which it is compiled anew for one of its blocks. */
  readonly heat: number;
  /** The number of times that that has been done. */
  readonly generation: number;
  /** Instructions of regions that lead here and were compiled since (plan.ts). */
  waiting: number;
}

/** Of a block: function and entry in the word COMPILED of its header, and one more, so that 0 means none. */
const ENTRY_BITS = 8;
export const functionOf = (compiled: number): number => (compiled - 1) >>> ENTRY_BITS;
export const entryOf = (compiled: number): number => (compiled - 1) & ((1 << ENTRY_BITS) - 1);

/** Maximum bytes of WebAssembly kept. */
const MAX_BYTES = 8 << 20;

/** The compiled regions. A block is in at most one. */
export class Regions {
  private readonly code: Int32Array;
  private readonly runtime: Runtime;
  private readonly table: EntryTable;
  /** By index of the function, and the indices that are free below their number. */
  private readonly all: (Region | undefined)[] = [];
  private readonly free: number[] = [];
  private readonly owners = new Map<number, Region>();
  private readonly inFrame = new Map<number, Set<Region>>();
  private bytes = 0;
  /** True if compiled code may continue in other compiled code directly. */
  private chains = true;

  constructor(mem: MachineMemory, code: Int32Array, runtime: Runtime) {
    this.code = code;
    this.runtime = runtime;
    this.table = new EntryTable(mem);
  }

  /** The region that the block with first micro-op `p` is in. */
  ownerOf(p: number): Region | undefined {
    return this.owners.get(p);
  }

  /** The region with a block that holds the byte at `offset` of a frame. */
  holding(frame: number, offset: number): Region | undefined {
    const { code } = this;
    return [...(this.inFrame.get(frame) ?? [])].find(({ blocks, offsets }) =>
      blocks.some((p, n) => offset >= offsets[n] && offset < offsets[n] + code[p - WORDS + BYTES]),
    );
  }

  at(index: number): Region {
    return this.all[index]!;
  }

  hasAny(frame: number): boolean {
    return this.inFrame.has(frame);
  }

  /** True if there is no more room. */
  get full(): boolean {
    return this.bytes > MAX_BYTES || (this.free.length === 0 && this.all.length === TABLE_SIZE);
  }

  /** The index for the next function. */
  nextIndex(): number {
    return this.free.pop() ?? this.all.length;
  }

  /** Of `region`, whose function is in place. */
  add(region: Region): void {
    this.all[region.index] = region;
    const others = this.inFrame.get(region.frame);
    if (others) others.add(region);
    else this.inFrame.set(region.frame, new Set([region]));
    this.bytes += region.bytes;
    for (const p of region.blocks) {
      this.owners.set(p, region);
      this.code[p - WORDS + HEAT] = region.heat;
    }
    region.entries.forEach((offset, entry) => {
      const header = region.blocks[region.offsets.indexOf(offset)] - WORDS;
      this.code[header + COMPILED] = ((region.index << ENTRY_BITS) | entry) + 1;
      this.code[header + HEAT] = 0;
    });
    if (this.chains) this.tell(region);
  }

  /** Lets compiled code find a region. Outside flat code EIP is not the linear address, and the dispatcher looks. */
  private tell({ frame, user, mode, index, entries, needs }: Region): void {
    if (mode !== MODE_FLAT) return;
    entries.forEach((offset, n) => {
      this.table.put((frame << 12) | offset, user, needs[n], n, index);
    });
  }

  /** Lets compiled code find other compiled code by itself, or no longer. */
  chain(on: boolean): void {
    this.chains = on;
    this.table.clear();
    if (on) for (const region of this.all) if (region) this.tell(region);
  }

  /** Returns a region's blocks to the interpreter, to become hot after `heat` executions. */
  forget(region: Region, heat: number): void {
    const { code } = this;
    for (const p of region.blocks) {
      this.owners.delete(p);
      code[p - WORDS + HEAT] = heat;
      code[p - WORDS + COMPILED] = 0;
    }
    if (region.mode === MODE_FLAT)
      for (const offset of region.entries) this.table.remove((region.frame << 12) | offset, region.user);
    const others = this.inFrame.get(region.frame)!;
    others.delete(region);
    if (others.size === 0) this.inFrame.delete(region.frame);
    this.bytes -= region.bytes;
    this.all[region.index] = undefined;
    this.free.push(region.index);
    this.runtime.remove(region.index);
  }

  forgetFrame(frame: number, heat: number): void {
    for (const region of this.inFrame.get(frame) ?? []) this.forget(region, heat);
  }

  forgetAll(heat: number): void {
    for (const region of this.all) if (region) this.forget(region, heat);
  }

  /** The blocks are gone already. */
  clear(): void {
    for (const region of this.all) if (region) this.runtime.remove(region.index);
    this.all.length = 0;
    this.free.length = 0;
    this.owners.clear();
    this.inFrame.clear();
    this.bytes = 0;
    this.table.clear();
  }
}
