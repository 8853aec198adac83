import type { Core } from '../core.ts';
import type { Flags } from '../flags.ts';
import { CF, OF, RF } from '../flags.ts';
import {
  BLOCK_EIP,
  CPL,
  CS,
  DEBUG_PENDING,
  EIP,
  ESP,
  ICOUNT,
  LEFT,
  RUN_END,
  SEGMENT_WORDS,
  SEGMENTS,
  SYSTEM_FLAGS,
} from '../state.ts';
import type { BlockCache } from './block-cache.ts';
import {
  A,
  COUNT,
  INDEX_SHIFT,
  LENGTH_MASK,
  LENGTH_SHIFT,
  LINKABLE,
  OFFSET_MASK,
  PLACE,
  WORDS,
} from './micro-ops.ts';

const PAGE = ~0xfff;

/** What the interpreter's cases call when their fast path does not serve. */
export class BlockRunner {
  readonly core: Core;
  readonly blocks: BlockCache;
  readonly i32: Int32Array;
  readonly u8: Uint8Array;
  readonly f64: Float64Array;
  readonly view: DataView;
  readonly code: Int32Array;
  readonly flags: Flags;

  constructor(core: Core, blocks: BlockCache) {
    this.core = core;
    this.blocks = blocks;
    this.i32 = core.i32;
    this.u8 = core.u8;
    this.f64 = core.f64;
    this.view = core.mem.view;
    this.code = blocks.code;
    this.flags = core.flags;
  }

  /** Brings EIP and icount to the instruction of micro-op `p`: before anything that may fault or be recorded. */
  sync(p: number): void {
    const { i32 } = this;
    const place = this.code[p + PLACE];
    i32[EIP] = i32[BLOCK_EIP] + (place & OFFSET_MASK);
    this.f64[ICOUNT] = this.f64[RUN_END] - i32[LEFT] + (place >>> INDEX_SHIFT);
    this.blocks.current = p;
  }

  readSlow(p: number, linear: number, size: 1 | 2 | 4): number {
    this.sync(p);
    return this.core.mmu.readSlow(linear, size, this.i32[CPL]);
  }

  readForWriteSlow(p: number, linear: number, size: 1 | 2 | 4): number {
    this.sync(p);
    const cpl = this.i32[CPL];
    this.core.mmu.probeWrite(linear, size, cpl);
    return this.core.access.read(linear, size, cpl);
  }

  writeSlow(p: number, linear: number, size: 1 | 2 | 4, value: number): void {
    this.sync(p);
    this.core.mmu.writeSlow(linear, size, value, this.i32[CPL]);
  }

  /** An instruction within a block that has no micro-ops of its own. */
  cold(p: number): void {
    this.sync(p);
    const { insns, handlers } = this.blocks;
    const at = this.code[p + A];
    handlers[at](this.core, insns[at]);
  }

  /** The same at the end of a block: it may transfer control, change modes, or repeat. */
  coldEnd(p: number): void {
    this.sync(p);
    const { core, i32 } = this;
    const { insns, handlers } = this.blocks;
    const at = this.code[p + A];
    core.nextEip = (i32[EIP] + ((this.code[p + PLACE] >>> LENGTH_SHIFT) & LENGTH_MASK)) | 0;
    handlers[at](core, insns[at]);
    if (core.repeatAgain) {
      core.repeatAgain = false;
      // The breakpoint at a repeated instruction is met before its first iteration only (Pentium Pro manual, 3, 14.3.1.1).
      if (core.processor.resumeFlag) i32[SYSTEM_FLAGS] |= RF;
    } else {
      i32[EIP] = core.nextEip;
    }
    this.f64[ICOUNT] += 1;
  }

  /** MOV ESP: may go to another thread's stack. */
  moveEsp(p: number, value: number): void {
    const { i32 } = this;
    const old = i32[ESP];
    i32[ESP] = value;
    if ((value - old + 0xfff) >>> 0 <= 0x1ffe) return;
    this.sync(p);
    this.core.stackLoaded(old, value);
  }

  rotated(carry: number, overflow: number): void {
    this.flags.change(CF | OF, (carry ? CF : 0) | (overflow ? OF : 0));
  }

  /**
   * The block at `eip`, if it fits in what is left of the run; 0 means to return, with EIP and icount set. From `linkAt`
   * (0: nowhere) it can be entered directly next time: links stay within a page, whose blocks live and die together.
   */
  enter(eip: number, left: number, linkAt: number): number {
    const { i32, code } = this;
    const from = i32[BLOCK_EIP];
    i32[EIP] = eip;
    // An exception while the next page is fetched comes after the instruction that led there.
    this.f64[ICOUNT] = this.f64[RUN_END] - left;
    if (left === 0 || this.core.leave) return 0;
    if (i32[DEBUG_PENDING] !== 0 || this.core.debug.executes) return 0;
    const linear = (i32[SEGMENTS + CS * SEGMENT_WORDS + 1] + eip) | 0;
    const { generation } = this.blocks;
    const p = this.blocks.find(linear);
    if (p === 0) return 0;
    const header = p - WORDS;
    const linkable = code[header + LINKABLE] !== 0 && generation === this.blocks.generation;
    if (linkAt !== 0 && linkable && ((from ^ eip) & PAGE) === 0) code[linkAt] = p;
    return code[header + COUNT] <= left ? p : 0;
  }
}
