import type { Linear } from '../../../../schemas/units.ts';
import type { ShortPath } from '../../mmu/short-path.ts';
import type { Core } from '../core.ts';
import { GENERAL_PROTECTION } from '../fault.ts';
import { CF, OF, RF } from '../flags.ts';
import * as state from '../state.ts';
import type { BlockCache } from './block-cache.ts';
import { SEGMENTED_WRITE } from './micro-op-table.ts';
import * as micro from './micro-ops.ts';

/** Runs blocks: the slow paths of the interpreter, and the transitions between blocks. */

// V8 folds constants of this module into the code of a closure, and fetches imported ones every time.
const {
  BLOCK_EIP,
  CPL,
  CS,
  DEBUG_PENDING,
  EIP,
  ESP,
  ICOUNT,
  LATCH_PAGE,
  LATCH_PHYSICAL,
  LEFT,
  RUN_END,
  SEGMENT_WORDS,
  SEGMENTS,
  SYSTEM_FLAGS,
} = state;
const { A, COUNT, IMMEDIATE, INDEX_SHIFT, LENGTH_MASK, LENGTH_SHIFT, LINKABLE, OFFSET_MASK, PLACE, WORDS } =
  micro;
const CS_BASE = SEGMENTS + CS * SEGMENT_WORDS + 1;
const PAGE = ~0xfff;

/** The values used by the interpreter's cases, and the functions that they call if their fast path does not apply. */
export type BlockRunner = ReturnType<typeof createBlockRunner>;

// biome-ignore lint/complexity/noExcessiveLinesPerFunction: a closure over views that V8 takes for constants
export function createBlockRunner(core: Core, blocks: BlockCache, memory: ShortPath) {
  const { i32, u8, f64, flags, access, debug } = core;
  const { view } = core.mem;
  const { code, insns, handlers } = blocks;

  /** Sets EIP and icount to the instruction of micro-op `p`, before anything that may fault or be recorded. */
  function sync(p: number): void {
    const place = code[p + PLACE];
    i32[EIP] = i32[BLOCK_EIP] + (place & OFFSET_MASK);
    f64[ICOUNT] = f64[RUN_END] - i32[LEFT] + (place >>> INDEX_SHIFT);
    blocks.current = p;
  }

  /**
   * The block at `eip`, if it fits in the rest of the run; 0 means to return, with EIP and icount set. Stores a link at `linkAt` (0:
   * none) for direct entry next time; links stay within a page, linear and physical. A dropped block fits in no run.
   */
  function enter(eip: number, left: number, linkAt: number): number {
    const from = i32[BLOCK_EIP];
    i32[EIP] = eip;
    // An exception while the next page is fetched comes after the instruction that led there.
    f64[ICOUNT] = f64[RUN_END] - left;
    if (left === 0 || core.leave) return 0;
    if (i32[DEBUG_PENDING] !== 0 || debug.executes) return 0;
    const { generation } = blocks;
    const cs = i32[CS_BASE];
    const frame = i32[LATCH_PHYSICAL];
    const p = blocks.find((cs + eip) | 0);
    if (p === 0) return 0;
    const header = p - WORDS;
    const linkable =
      code[header + LINKABLE] !== 0 && generation === blocks.generation && frame === i32[LATCH_PHYSICAL];
    if (linkAt !== 0 && linkable && (((from + cs) ^ (eip + cs)) & PAGE) === 0) code[linkAt] = p;
    return code[header + COUNT] <= left ? p : 0;
  }

  return {
    i32,
    u8,
    view,
    code,
    flags,
    adjust: flags.adjust,
    adjustLeft: flags.adjustLeft,

    readSlow(p: number, linear: Linear, size: number): number {
      sync(p);
      return memory.read(linear, size);
    },

    readForWriteSlow(p: number, linear: Linear, size: number): number {
      sync(p);
      const cpl = i32[CPL];
      access.probeWrite(linear, size, cpl);
      return access.read(linear, size, cpl);
    },

    writeSlow(p: number, linear: Linear, size: number, value: number): void {
      sync(p);
      memory.write(linear, size, value);
    },

    /** An instruction within a block that has no micro-ops of its own. */
    cold(p: number): void {
      sync(p);
      const at = code[p + A];
      handlers[at](core, insns[at]);
    },

    /** The same at the end of a block: it may transfer control, change modes, or repeat. */
    coldEnd(p: number): void {
      sync(p);
      const at = code[p + A];
      core.nextEip = (i32[EIP] + ((code[p + PLACE] >>> LENGTH_SHIFT) & LENGTH_MASK)) | 0;
      handlers[at](core, insns[at]);
      if (core.repeatAgain) {
        core.repeatAgain = false;
        // The breakpoint at a repeated instruction is met before its first iteration only (Pentium Pro manual, 3, 14.3.1.1).
        if (core.processor.resumeFlag) i32[SYSTEM_FLAGS] |= RF;
      } else {
        i32[EIP] = core.nextEip;
      }
      f64[ICOUNT] += 1;
    },

    /** MOV ESP, which may switch to another thread's stack. */
    moveEsp(p: number, value: number): void {
      const old = i32[ESP];
      i32[ESP] = value;
      if ((value - old + 0xfff) >>> 0 <= 0x1ffe) return;
      sync(p);
      core.stackLoaded(old, value);
    },

    rotated(carry: number, overflow: number): void {
      flags.change(CF | OF, (carry ? CF : 0) | (overflow ? OF : 0));
    },

    /** MOV from CR0, CR2, CR3, or any other instruction for the supervisor alone: faults if it may not. */
    requirePrivilege(p: number): void {
      if (i32[CPL] === 0) return;
      sync(p);
      core.requirePrivilege();
    },

    rdtsc(p: number): void {
      sync(p);
      core.readTimeStamp();
    },

    invlpg(p: number, linear: Linear): void {
      sync(p);
      core.requirePrivilege();
      memory.invlpg(linear);
    },

    loadDirectory(p: number, value: number): void {
      sync(p);
      core.requirePrivilege();
      core.loadDirectory(value);
    },

    /** The linear address of an operand in a segment that needs checks; faults if the access is not allowed. */
    segmented(p: number, offset: number): number {
      sync(p);
      const segment = (code[p + A] - SEGMENTS) / SEGMENT_WORDS;
      const size = (code[p + IMMEDIATE] & 7) + 1;
      const write = (code[p + IMMEDIATE] & SEGMENTED_WRITE) !== 0;
      return write ? access.forWrite(segment, offset, size) : access.forRead(segment, offset, size);
    },

    /** A near transfer beyond the limit of the code segment. */
    beyondCode(p: number): never {
      sync(p);
      return core.fault(GENERAL_PROTECTION, 0);
    },

    enter,

    /** Called for a block whose count of entries in the header has run out (hot-blocks.ts). */
    hot(p: number, left: number): number {
      return blocks.hot(p, left);
    },

    /**
     * Like `enter`, after an instruction that only unlatched instruction fetch: if the TLB still gives the same frame, the linked block
     * is still the one at `eip`.
     */
    refetch(eip: number, left: number, linkAt: number): number {
      const linked = code[linkAt];
      const stops = core.leave || debug.executes || i32[DEBUG_PENDING] !== 0;
      if (linked === 0 || stops || code[linked - WORDS + COUNT] > left) return enter(eip, left, linkAt);
      const linear = (i32[CS_BASE] + eip) | 0;
      i32[EIP] = eip;
      f64[ICOUNT] = f64[RUN_END] - left;
      const { drops } = blocks;
      const physical = memory.fetch(linear) & PAGE;
      const same = physical === i32[LATCH_PHYSICAL];
      i32[LATCH_PHYSICAL] = physical;
      i32[LATCH_PAGE] = linear >>> 12;
      if (!same) return enter(eip, left, 0);
      return drops === blocks.drops ? linked : enter(eip, left, linkAt);
    },
  };
}
