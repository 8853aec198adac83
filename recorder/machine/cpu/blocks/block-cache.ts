import type { Frame, Linear } from '../../../../schemas/units.ts';
import { RAM } from '../../layout.ts';
import type { ShortPath } from '../../mmu/short-path.ts';
import type { CodePoints, Stops } from '../../state/stops.ts';
import type { Core } from '../core.ts';
import { CONTROL, Decoder, type Instruction, SEGMENT, TOO_LONG, UNDEFINED } from '../decode/decoder.ts';
import { GENERAL_PROTECTION, INVALID_OPCODE } from '../fault.ts';
import type { Handler } from '../instructions/handler.ts';
import { handlerOf } from '../instructions/index.ts';
import type { InterruptFlagWatch } from '../observed.ts';
import { MODE_16, MODE_FLAT } from '../segments.ts';
import { CPL, CS, EIP, LATCH_PAGE, LATCH_PHYSICAL, SEGMENT_WORDS, SEGMENTS, SS } from '../state.ts';
import { CodeMap } from './code-map.ts';
import { type HotBlocks, NO_TIER } from './hot-blocks.ts';
import {
  A,
  B,
  BYTES,
  COMPILED,
  COUNT,
  DISPLACEMENT,
  FIRST_END,
  GONE,
  HEADER,
  HEAT,
  HOME,
  IMMEDIATE,
  INDEX_SHIFT,
  LENGTH_SHIFT,
  LINKABLE,
  LINKED_BY_A,
  LINKED_BY_B,
  MAX_INSTRUCTIONS,
  MICRO,
  MODE,
  NEVER_HOT,
  NOWHERE,
  OFFSET_MASK,
  OP,
  PLACE,
  SCALE,
  WORDS,
  X,
} from './micro-ops.ts';
import { checkSegmentEnd } from './segment-end.ts';
import { type Emitter, Translator } from './translate.ts';

/** The cache of decoded code: finds, builds, links and drops blocks of micro-ops. */

const PAGE_BYTES = 4096;
/** Maximum micro-ops of an instruction, including the END after it. */
const MAX_MICRO_OPS = 12;
/** The scratch block comes first in the code array. */
const SCRATCH = WORDS;
/** Free words required before a block is begun. */
const HEADROOM = (MAX_INSTRUCTIONS + 1) * MAX_MICRO_OPS * WORDS;
const FIRST = SCRATCH + HEADROOM;
/** Number of consecutive stores, each continuing the previous one, after which a page counts as being overwritten. */
const FILLS_PAGE = 8;

/** Ends a block only because the translation of the code itself may have changed. */
const onlyRefetches = ({ mnemonic, operands }: Instruction): boolean =>
  mnemonic === 'invlpg' || (mnemonic === 'mov' && operands[0].kind === CONTROL && operands[0].number === 3);
/** Loads a segment register other than SS: the next block is looked up in the new mode. */
const loadsSegment = ({ mnemonic, operands }: Instruction): boolean =>
  SEGMENT_LOADS.has(mnemonic) ||
  ((mnemonic === 'mov' || mnemonic === 'pop') && operands[0].kind === SEGMENT && operands[0].number !== SS);
const SEGMENT_LOADS = new Set(['les', 'lds', 'lfs', 'lgs']);

class PageEnd extends Error {}
const pageEnd = new PageEnd();

const undefinedInstruction: Handler = (core) => core.fault(INVALID_OPCODE, 0);
/** 80386 Programmer's Reference, 9.8.12: an instruction of more than 15 bytes. */
const overlongInstruction: Handler = (core) => core.fault(GENERAL_PROTECTION, 0);

/**
 * Decoded code: blocks of micro-ops by physical address and mode. A block ends at a transfer, at an instruction that
 * may change how the next is decoded, and at the end of its page; so pages are the unit of invalidation, and
 * blocks can be linked within a page (BlockRunner.enter).
 *
 * All of it is DERIVED. The page to which instruction fetch is latched is not (state.ts); it depends only on EIP, so a run stopped
 * anywhere consults the TLB at the same instructions.
 */
export class BlockCache implements Emitter {
  readonly code: Int32Array;
  /** For COLD and COLD_END: the instruction, and what executes it. */
  readonly insns: Instruction[] = [];
  readonly handlers: Handler[] = [];
  /** The last micro-op that took a slow path: the position of a store that hits decoded code. */
  current = 0;
  /** Number of `clear` calls, which invalidate indexes into the code array. */
  generation = 0;
  /** The stops that a debugger waits for. */
  private stops: Stops | null = null;
  /** The probes of the recording. */
  private probes: CodePoints | null = null;
  private interruptFlag: InterruptFlagWatch | null = null;
  /** Linear pages with probes, by the frame from which they were fetched; its blocks end before each probe. */
  private readonly cuts = new Map<Frame, Set<number>>();
  /** Number of blocks dropped individually, and of frames whose blocks were dropped. */
  drops = 0;
  /** Executes the blocks that are hot; its `hot` stands beside it for the hot loop to call. */
  private tier: HotBlocks = NO_TIER;
  hot: HotBlocks['hot'] = NO_TIER.hot;
  /** Set once the CPU has an MMU. */
  memory!: ShortPath;

  private readonly core: Core;
  private readonly decoder: Decoder;
  private readonly translator: Translator;
  private readonly specialise: boolean;
  private readonly map: CodeMap;
  /** The end of the last store to a frame with decoded code, and the number of consecutive stores that each continued the previous one. */
  private storedTo = -1;
  private storesInRow = 0;
  private end = FIRST;
  /** The `place` word of the instruction being translated. */
  private place = 0;

  // Where `nextByte` reads.
  private fetchAt = 0;
  private fetchEnd = 0;
  private fetchSecond = -1;
  private fetchLeft = 0;
  private readonly nextByte = (): number => this.fetch();

  /** With `specialise` false, handlers execute every instruction: slower, with the same results. */
  constructor(core: Core, specialise = true) {
    this.core = core;
    this.specialise = specialise;
    this.decoder = new Decoder(core.processor);
    this.translator = new Translator(this, core.processor.extendsSelectors, () => core.mmu.recordsCr3);
    this.code = core.mem.decoded;
    this.map = new CodeMap(this.code, (core.mem.ramBytes + core.mem.romBytes) >>> 12);
  }

  /** Lets `tier` execute blocks built from now on once they are hot. */
  useTier(tier: HotBlocks): void {
    this.tier = tier;
    this.hot = (p, left) => tier.hot(p, left);
  }

  watchFor(stops: Stops | null): void {
    this.stops = stops;
    this.chain();
  }

  /** Sets the active probes, or null, and drops blocks built without them. Must not be called while a block runs. */
  probe(probes: CodePoints | null): void {
    if (probes === null && this.probes === null) return;
    this.probes = probes;
    this.chain();
    this.clear();
  }

  /** A frame may be mapped by pages with and without breakpoints. */
  private chain(): void {
    this.tier.chain(this.stops === null && this.probes === null);
  }

  /** Lets handlers of instructions that may change IF report it. Must not be called while a block runs. */
  watchInterruptFlag(watch: InterruptFlagWatch | null): void {
    this.interruptFlag = watch;
    this.clear();
  }

  /** Adds a probe to a linear page and drops blocks built without it. */
  probeAdded(page: number): void {
    for (const [frame, pages] of this.cuts) if (pages.has(page)) this.dropFrame(frame);
  }

  /** Drops all blocks. Must not be called while one runs. */
  clear(): void {
    for (const frame of this.map.all()) this.core.mmu.unmarkCode(frame);
    this.map.clear();
    this.cuts.clear();
    this.insns.length = 0;
    this.handlers.length = 0;
    this.end = FIRST;
    this.current = 0;
    this.generation++;
    this.tier.cleared();
  }

  /** After a restore: drops blocks of frames whose contents changed and marks the others again. Must not be called while a block runs. */
  restored(frames: Uint32Array): void {
    for (const frame of frames) this.dropFrame(frame);
    for (const frame of this.map.all()) this.core.mmu.markCode(frame);
    this.current = 0;
  }

  // --- Finding -------------------------------------------------------------------------------------------------------

  /**
   * The block for the code at `linear` (CS base + EIP) in the current mode; 0 if a debugger's stop comes before it. Page
   * and limit faults are the guest's.
   */
  find(linear: Linear): number {
    const p = this.findBlock(linear);
    const { stops, probes } = this;
    if (stops === null && probes === null) return p;
    const page = linear >>> 12;
    const breaks = stops?.breaksIn(page) ?? false;
    // Where a debugger stops the probe is asked when the run continues.
    if (breaks && stops?.executes(linear)) return 0;
    const { drops } = this;
    if (probes?.breaksIn(page)) probes.executes(linear);
    // A probed call adds a probe for its return, before which the block may have to end.
    const found = drops === this.drops ? p : this.findBlock(linear);
    return breaks && stops !== null ? this.forStops(stops, found, linear) : found;
  }

  /** On a page with breakpoints, blocks end before the next breakpoint and reach others only through `find`. */
  private forStops(stops: Stops, p: number, linear: Linear): number {
    const { code } = this;
    let at = p;
    while (code[at + OP] < FIRST_END) {
      const place = code[at + PLACE];
      if (place >>> INDEX_SHIFT !== 0 && stops.isBreakpoint(linear + (place & OFFSET_MASK))) break;
      at += WORDS;
    }
    const last = code[at + PLACE];
    if (code[at + OP] < FIRST_END || code[at + OP] === MICRO.END)
      return this.truncate(p, last >>> INDEX_SHIFT);
    if (last >>> INDEX_SHIFT !== 0 && stops.isBreakpoint(linear + (last & OFFSET_MASK)))
      return this.truncate(p, last >>> INDEX_SHIFT);
    return this.unlinked(p, at);
  }

  /** A copy of block `p`, whose last micro-op is at `end`, without links. */
  private unlinked(p: number, end: number): number {
    const { code } = this;
    const to = SCRATCH + WORDS;
    code.copyWithin(to - WORDS, p - WORDS, end + WORDS);
    this.setApart(to);
    const last = to + end - p;
    if (LINKED_BY_A.has(code[last + OP])) code[last + A] = 0;
    if (LINKED_BY_B.has(code[last + OP])) code[last + B] = 0;
    return to;
  }

  /** The first micro-op of the block at `offset` in a frame; 0 if there is none that others may link to. */
  blockAt(frame: Frame, offset: number): number {
    const p = this.map.blockAt(frame, offset);
    return p !== 0 && this.code[p - WORDS + LINKABLE] !== 0 ? p : 0;
  }

  /** Lets blocks of `frame` end before the probes of linear page `page`, from which it is fetched. */
  private cutFor(probes: CodePoints, frame: Frame, page: number): void {
    if (!probes.breaksIn(page) || this.cuts.get(frame)?.has(page)) return;
    const pages = this.cuts.get(frame) ?? new Set();
    this.cuts.set(frame, pages.add(page));
    this.dropFrame(frame);
  }

  private isProbe(frame: Frame, offset: number): boolean {
    for (const page of this.cuts.get(frame) ?? [])
      if (this.probes?.isBreakpoint((page << 12) | offset)) return true;
    return false;
  }

  private findBlock(linear: Linear): number {
    const { core, code } = this;
    const { i32 } = core;
    const page = linear >>> 12;
    if (i32[LATCH_PAGE] !== page) {
      i32[LATCH_PAGE] = -1;
      i32[LATCH_PHYSICAL] = this.memory.fetch(linear) & -PAGE_BYTES;
      i32[LATCH_PAGE] = page;
    }
    const offset = linear & (PAGE_BYTES - 1);
    const frame = i32[LATCH_PHYSICAL] >>> 12;
    const { mode } = core.segments;
    if (this.probes !== null) this.cutFor(this.probes, frame, page);
    const p = this.map.blockAt(frame, offset);
    if (p !== 0 && code[p - WORDS + MODE] === mode && (mode === MODE_FLAT || this.withinLimit(p))) return p;
    return this.build(linear, frame, offset, mode);
  }

  /** CS limit: faults for an EIP beyond it, false if the block runs over it. */
  private withinLimit(p: number): boolean {
    return this.bytesToLimit() >= this.code[p - WORDS + BYTES];
  }

  private bytesToLimit(): number {
    const { i32 } = this.core;
    return (i32[SEGMENTS + CS * SEGMENT_WORDS + 2] >>> 0) - (i32[EIP] >>> 0) + 1;
  }

  /** The first `count` instructions of block `p`, as a block of their own. */
  truncate(p: number, count: number): number {
    const { code } = this;
    let from = p;
    let to = SCRATCH + WORDS;
    const start = to;
    while (code[from + PLACE] >>> INDEX_SHIFT < count) {
      code.copyWithin(to, from, from + WORDS);
      from += WORDS;
      to += WORDS;
    }
    code[to + OP] = MICRO.END;
    code[to + PLACE] = code[from + PLACE];
    code[start - WORDS + COUNT] = count;
    this.setApart(start);
    return start;
  }

  /** A block for a single execution: no other links to it, and it never becomes hot. */
  private setApart(start: number): void {
    const header = start - WORDS;
    this.code[header + LINKABLE] = 0;
    this.code[header + HEAT] = NEVER_HOT;
    this.code[header + COMPILED] = 0;
    this.code[header + HOME] = NOWHERE;
    this.code[header + PLACE] = HEADER;
  }

  // --- Building ------------------------------------------------------------------------------------------------------

  private build(linear: Linear, frame: Frame, offset: number, mode: number): number {
    if (this.end + HEADROOM > this.code.length || this.insns.length > this.code.length >> 4) this.clear();
    const cacheable = frame < this.map.frameCount;
    const limit = mode === MODE_FLAT ? 0x100000000 : this.bytesToLimit();
    if (limit <= 0) this.core.fault(GENERAL_PROTECTION, 0);

    const physical = frame * PAGE_BYTES + offset;
    const known = this.map.straddlerAt(physical);
    if (known !== undefined && known.mode === mode && limit >= PAGE_BYTES) {
      if (
        this.core.mmu.fetchFrame((linear & -PAGE_BYTES) + PAGE_BYTES, this.core.i32[CPL]) ===
        known.secondPhysical
      ) {
        return known.block;
      }
    }
    this.fetchAt = cacheable ? RAM + physical : -1;
    this.fetchEnd = cacheable ? RAM + ((frame + 1) << 12) : -1;
    this.fetchSecond = -1;
    this.fetchLeft = limit;

    const start = this.end + WORDS;
    this.end = start;
    let bytes = 0;
    let count = 0;
    let ended = false;
    const cut = this.cuts.size > 0 && this.cuts.has(frame);
    const isProbe = cut && this.isProbe(frame, offset);
    while (!ended && count < MAX_INSTRUCTIONS) {
      if (cut && count > 0 && this.isProbe(frame, offset + bytes)) break;
      const before = this.end;
      let insn: ReturnType<Decoder['decode']>;
      try {
        insn = this.decoder.decode(this.nextByte, mode !== MODE_16);
      } catch (error) {
        this.end = before;
        if (count === 0 && error !== pageEnd) {
          // This block must not be kept.
          this.end = start - WORDS;
          throw error;
        }
        if (count === 0) return this.buildStraddler(start, linear, frame, offset, mode, limit);
        // A fault belongs to the instruction that meets it: the block ends before.
        break;
      }
      const length = limit - this.fetchLeft - bytes;
      this.place = (bytes & OFFSET_MASK) | (length << LENGTH_SHIFT) | (count << INDEX_SHIFT);
      ended = this.add(insn, mode, bytes);
      bytes += length;
      count++;
      if (!cacheable) break;
    }
    if (!ended) {
      this.place = (bytes & OFFSET_MASK) | (count << INDEX_SHIFT);
      this.emit(MICRO.END);
    }
    const heat = isProbe ? NEVER_HOT : Math.min(this.tier.heatOf(physical), NEVER_HOT);
    this.finish(start, count, bytes, mode, isProbe ? 0 : 1, heat);
    if (!cacheable) return this.toScratch(start, count);
    this.keep(start, frame, offset);
    return start;
  }

  /** Moves a block that must not be found again to the scratch area, with its first instruction only. */
  private toScratch(start: number, count: number): number {
    this.end = start - WORDS;
    const { code } = this;
    if (count > 1) return this.truncate(start, 1);
    const to = SCRATCH + WORDS;
    code.copyWithin(to - WORDS, start - WORDS, start + MAX_MICRO_OPS * WORDS);
    this.setApart(to);
    return to;
  }

  private finish(
    start: number,
    count: number,
    bytes: number,
    mode: number,
    linkable: number,
    heat: number,
  ): void {
    const header = start - WORDS;
    this.code[header + COUNT] = count;
    this.code[header + BYTES] = bytes;
    this.code[header + MODE] = mode;
    this.code[header + LINKABLE] = linkable;
    this.code[header + HEAT] = heat;
    this.code[header + COMPILED] = 0;
    this.code[header + HOME] = NOWHERE;
    this.code[header + PLACE] = HEADER;
  }

  /** Enters block `p` into the cache, replacing one for another mode or limit. */
  private keep(p: number, frame: Frame, offset: number): void {
    const before = this.map.blockAt(frame, offset);
    if (before !== 0) this.drop(before);
    this.code[p - WORDS + HOME] = frame * PAGE_BYTES + offset;
    this.map.add(p, frame, offset);
    this.core.mmu.markCode(frame);
  }

  /** One instruction that begins on this page and ends on the next. */
  private buildStraddler(
    start: number,
    linear: Linear,
    frame: Frame,
    offset: number,
    mode: number,
    limit: number,
  ): number {
    this.end = start;
    const second = this.core.mmu.fetchFrame((linear & -PAGE_BYTES) + PAGE_BYTES, this.core.i32[CPL]);
    this.fetchAt = RAM + ((frame << 12) | offset);
    this.fetchLeft = limit;
    this.fetchSecond = second;
    let insn: ReturnType<Decoder['decode']>;
    try {
      insn = this.decoder.decode(this.nextByte, mode !== MODE_16);
    } catch (error) {
      this.end = start - WORDS;
      throw error;
    }
    const bytes = limit - this.fetchLeft;
    this.place = bytes << LENGTH_SHIFT;
    if (!this.add(insn, mode, 0)) {
      this.place = bytes | (1 << INDEX_SHIFT);
      this.emit(MICRO.END);
    }
    this.finish(start, 1, bytes, mode, 0, NEVER_HOT);
    const secondFrame = second / PAGE_BYTES;
    if (secondFrame >= this.map.frameCount || limit < 2 * PAGE_BYTES) return this.toScratch(start, 1);
    const physical = frame * PAGE_BYTES + offset;
    const before = this.map.straddlerAt(physical);
    if (before) this.drop(before.block);
    this.code[start - WORDS + HOME] = physical;
    this.map.addStraddler({ block: start, physical, secondPhysical: second, mode });
    this.core.mmu.markCode(frame);
    this.core.mmu.markCode(secondFrame);
    return start;
  }

  /** Translates one instruction; true if it ends the block. */
  private add(insn: ReturnType<Decoder['decode']>, mode: number, offset: number): boolean {
    if (insn === UNDEFINED || insn === TOO_LONG) {
      this.addCold(MICRO.COLD_END, null, insn === UNDEFINED ? undefinedInstruction : overlongInstruction);
      return true;
    }
    const before = this.end;
    if (this.specialise && this.translator.translate(insn, mode, offset)) return insn.opcode.ends;
    this.end = before;
    const ends = insn.opcode.ends || insn.repeat !== 0;
    const op = !ends
      ? MICRO.COLD
      : onlyRefetches(insn) || loadsSegment(insn)
        ? MICRO.COLD_REFETCH
        : MICRO.COLD_END;
    this.addCold(op, insn, handlerOf(insn));
    return ends;
  }

  private addCold(op: number, insn: Instruction | null, handler: Handler): void {
    this.insns.push(insn as Instruction);
    this.handlers.push(this.interruptFlag?.around(insn, handler) ?? handler);
    this.emit(op, this.insns.length - 1);
  }

  emit(op: number, a = 0, b = 0, x = 0, scale = 0, displacement = 0, immediate = 0): void {
    const { code, end: at } = this;
    code[at + OP] = op;
    code[at + A] = a;
    code[at + B] = b;
    code[at + X] = x;
    code[at + SCALE] = scale;
    code[at + DISPLACEMENT] = displacement;
    code[at + IMMEDIATE] = immediate;
    code[at + PLACE] = this.place;
    this.end = at + WORDS;
  }

  /** The next byte of code, from this page or, for a straddler, from the second. Reads beyond RAM return ones. */
  private fetch(): number {
    if (this.fetchLeft === 0) this.core.fault(GENERAL_PROTECTION, 0);
    if (this.fetchAt < 0) {
      this.fetchLeft--;
      return 0xff;
    }
    if (this.fetchAt === this.fetchEnd) {
      if (this.fetchSecond < 0) throw pageEnd;
      const { ramBytes, romBytes } = this.core.mem;
      this.fetchAt = this.fetchSecond < ramBytes + romBytes ? RAM + this.fetchSecond : -1;
      this.fetchEnd = 0;
      return this.fetch();
    }
    this.fetchLeft--;
    return this.core.u8[this.fetchAt++];
  }

  /** An operand reaches from the last linear page to the first: faults if it is that of the micro-op under way. */
  operandWraps(linear: Linear): void {
    checkSegmentEnd(this.core, this.code, this.current, linear);
  }

  // --- Invalidation --------------------------------------------------------------------------------------------------

  /**
   * Handles a store to a frame with decoded code by dropping the blocks that it hits. If a page is being filled from end to end, all its
   * blocks are dropped at once and it becomes a data page again.
   */
  written(frame: Frame, offset: number, size: number): void {
    const { map, core } = this;
    const physical = frame * PAGE_BYTES + offset;
    this.storesInRow = physical === this.storedTo ? this.storesInRow + 1 : 0;
    this.storedTo = physical + size;
    if (map.holds(frame, offset, size)) {
      core.codeChanged = true;
      for (const p of map.holding(frame, offset, size)) {
        this.tier.changed(this.code[p - WORDS + HOME]);
        this.drop(p);
      }
      if (this.storesInRow >= FILLS_PAGE) this.dropFrame(frame);
      if (this.isGone(this.running())) this.cutCurrent();
    }
    if (map.isEmpty(frame)) this.dropFrame(frame);
  }

  /** The block that micro-op `current` is in; 0 for none. */
  private running(): number {
    const { code } = this;
    let at = this.current;
    while (at > 0 && code[at - WORDS + PLACE] !== HEADER) at -= WORDS;
    return at;
  }

  /** True if block `p` is no longer in the cache, or is in the scratch area. */
  private isGone(p: number): boolean {
    return p !== 0 && (this.code[p - WORDS + COUNT] === GONE || this.code[p - WORDS + HOME] === NOWHERE);
  }

  /** Ends the running block after the current instruction and removes it from the cache. */
  endAfterCurrent(): void {
    const p = this.running();
    if (p !== 0 && this.code[p - WORDS + HOME] !== NOWHERE) this.drop(p);
    this.cutCurrent();
  }

  /** Removes block `p` from the cache; no link leads to it afterwards. */
  private drop(p: number): void {
    const header = p - WORDS;
    this.tier.gone(p);
    this.map.remove(p, this.code[header + HOME]);
    this.code[header + COUNT] = GONE;
    this.drops++;
  }

  private dropFrame(frame: Frame): void {
    if (!this.map.has(frame)) return;
    this.tier.dropped(frame);
    for (const p of this.map.blocksOf(frame)) this.code[p - WORDS + COUNT] = GONE;
    this.map.removeFrame(frame);
    this.drops++;
    this.core.mmu.unmarkCode(frame);
  }

  /** Ends the running block after the current instruction, which may have changed the next one or is watched. */
  private cutCurrent(): void {
    const { code, current } = this;
    if (current === 0) return;
    const index = code[current + PLACE] >>> INDEX_SHIFT;
    let next = current;
    while (code[next + PLACE] >>> INDEX_SHIFT === index) {
      if (code[next + OP] >= FIRST_END) {
        // It ends anyway, but must not follow its link. Of the ends with links, only calls store.
        if (code[next + OP] === MICRO.CALL || code[next + OP] === MICRO.JMP_NEAR) code[next + A] = 0;
        return;
      }
      next += WORDS;
    }
    code[next + OP] = MICRO.END;
  }
}
