import { POKE_REGISTERS } from '../../../schemas/trace/inputs.ts';
import type { Frame, Linear, Physical } from '../../../schemas/units.ts';
import type { ProtectedEntry } from '../boot/placement.ts';
import { DEFAULT_CONFIG } from '../config.ts';
import { CR0_AM } from '../control-registers.ts';
import type { CoprocessorLines, InterruptController, IoBus } from '../device.ts';
import type { EventLog } from '../events/event-log.ts';
import type { ProbedMachine, Probes } from '../events/probes.ts';
import { CPU_STATE_BYTES, FAST_PATH, FAST_PATH_BYTES, type MachineMemory } from '../layout.ts';
import type { CpuView } from '../mmu/cpu-view.ts';
import type { Mmu } from '../mmu/mmu.ts';
import { bothPoints, type CodePoints, type Stops } from '../state/stops.ts';
import { BlockCache } from './blocks/block-cache.ts';
import { createBlockRunner } from './blocks/block-runner.ts';
import { COUNT, HEAT, INDEX_SHIFT, OFFSET_MASK, PLACE, WORDS } from './blocks/micro-ops.ts';
import { Core } from './core.ts';
import { DR6_BS, DR6_BT, DR6_FIXED, DR7_FIXED } from './debug.ts';
import { type Processor, processorOf } from './decode/models.ts';
import {
  ACCESSED,
  APPLICATION,
  BIG,
  CODE_SEGMENT,
  LDT,
  READABLE,
  SEGMENT_PRESENT,
  TSS_32_BUSY,
  WRITABLE,
} from './descriptors.ts';
import { DEBUG_EXCEPTION, FREEZE, Shutdown } from './fault.ts';
import { AC, IF, RF, TF } from './flags.ts';
import { type Fpu, NO_LINES } from './fpu/unit.ts';
import { createInterpreter, type Interpret } from './interpreter/interpreter.ts';
import { warmUp } from './interpreter/warm-up.ts';
import { InterruptFlagWatch, RecordedBus } from './observed.ts';
import { ProbeView } from './probe-view.ts';
import {
  ADDRESS,
  BLOCK_EIP,
  CpuState,
  CR0,
  CS,
  DEBUG_PENDING,
  DR,
  DS,
  EAX,
  EBX,
  EDX,
  EIP,
  ES,
  ESI,
  FS,
  GDT_BASE,
  GDT_LIMIT,
  GS,
  HALTED,
  ICOUNT,
  IDT_LIMIT,
  LAST_EXCEPTION,
  LATCH_PAGE,
  LDTR,
  LEFT,
  RUN_END,
  SHADOW,
  SHADOW_SS,
  SS,
  STORM,
  SYSTEM_FLAGS,
  TARGET,
  TEMP,
  TR,
  TSC_OFFSET,
} from './state.ts';
import { defaultThreshold } from './tier-choice.ts';
import { createWasmTier, type TierCounts } from './wasm/index.ts';

/** The processor: connects its parts, runs them up to an icount, delivers interrupts. */

const POKE_EIP = POKE_REGISTERS.indexOf('eip');
const POKE_EFLAGS = POKE_REGISTERS.indexOf('eflags');
/**
 * Maximum instructions per call of the interpreter. A new call may run better code, because V8 compiles a long-running call less well
 * (without the views as constants).
 */
const MAX_STRETCH = 1 << 16;
/** Fetched first after a reset (80386 Programmer's Reference, 10.1). */
const RESET_BASE = 0xffff0000 | 0;
const RESET_EIP = 0xfff0;
/** CR0 of a kernel that a boot loader enters in protected mode: ET and PE. */
const PROTECTED_CR0 = 0x11;

export interface CpuOptions {
  /** False runs every instruction by its handler, for comparison. */
  readonly specialise?: boolean;
  /** Processor name in the syntax of `processorOf`. */
  readonly model?: string;
  /** MachineConfig.cpuRevision; the newest when absent. */
  readonly revision?: number;
  /** Overrides the two above with another processor, for comparison with real ones. */
  readonly processor?: Processor;
  /** MachineConfig.eventRevision; the newest when absent. */
  readonly eventRevision?: number;
  /** True if there is a coprocessor; absent means true. */
  readonly fpu?: boolean;
  /** The execution count at which a block is compiled (cpu/wasm); 0: never. Default: that of `useTier`. */
  readonly compileAfter?: number;
  /** The error lines; without them, the board ignores errors. */
  readonly lines?: CoprocessorLines | undefined;
}

/**
 * The machines that warmed up the hot loops, with and without counting for the compiler; V8's feedback serves every machine of the
 * process. The second machine warms them up too: V8 has specialized the loop to the first machine's closures, and would otherwise discard
 * its code once for each call site that meets another's.
 */
const warmedUp = new Map<boolean, number>();
const MACHINES_TO_WARM = 2;

/**
 * An i386, 486, Pentium or Pentium Pro (models.ts). Its state is CPU_STATE (CpuState, which it
 * extends); `run` executes blocks of predecoded micro-ops (blocks/, interpreter/) and sends everything else to handlers (instructions/).
 */
export class Cpu extends CpuState implements CpuView {
  /** The reason that the processor shut down; null while it runs. */
  shutdown: string | null = null;

  /** Statistics of compiled code, for tests and measurements; null without a compiler. */
  compiled: TierCounts | null = null;

  /** The compiled code at a physical address, as text; undefined if there is none. */
  compiledText: (physical: Physical) => string[] | undefined = () => undefined;

  private readonly core: Core;
  private readonly blocks: BlockCache;
  private interpret!: Interpret;
  /** Null if changes of IF are not recorded. */
  private interruptFlag: InterruptFlagWatch | null = null;
  private readonly words: Int32Array;
  private readonly doubles: Float64Array;
  private readonly threshold: number;
  /** Deliveries at icount `deliveredAt`. */
  private delivered = 0;
  private deliveredAt = -1;
  /** True if `run` must stop at the next delivery. */
  private single = false;

  constructor(
    mem: MachineMemory,
    bus: IoBus,
    pic: InterruptController,
    log: EventLog | null,
    options: CpuOptions = {},
  ) {
    super(mem);
    const { cpuModel, eventRevision } = DEFAULT_CONFIG;
    const processor =
      options.processor ?? processorOf(options.model ?? cpuModel, options.fpu ?? true, options.revision);
    this.core = new Core(mem, bus, pic, log, processor, (options.eventRevision ?? eventRevision) >= 33);
    this.core.fpu.present = options.fpu ?? true;
    this.core.fpu.lines = options.lines ?? NO_LINES;
    this.words = mem.i32;
    this.doubles = mem.f64;
    this.blocks = new BlockCache(this.core, options.specialise ?? true);
    this.core.debug.cut = () => this.blocks.endAfterCurrent();
    this.threshold = options.compileAfter ?? defaultThreshold();
  }

  attachMmu(mmu: Mmu): void {
    this.core.attachMmu(mmu);
    const memory = mmu.createShortPath();
    this.blocks.memory = memory;
    const runner = createBlockRunner(this.core, this.blocks, memory);
    const counts = this.threshold > 0;
    this.interpret = createInterpreter(runner, counts);
    const warmed = warmedUp.get(counts) ?? 0;
    if (warmed < MACHINES_TO_WARM) {
      warmedUp.set(counts, warmed + 1);
      warmUp(this.core, this.blocks, this.interpret);
      mmu.reload();
      this.core.log?.discard();
      this.words.fill(0, 0, CPU_STATE_BYTES >>> 2);
      this.words.fill(0, FAST_PATH >>> 2, (FAST_PATH + FAST_PATH_BYTES) >>> 2);
    }
    if (counts) {
      const tier = createWasmTier(this.core, this.blocks, memory, runner.enter, this.threshold);
      this.blocks.useTier(tier);
      this.compiled = tier.counts;
      this.compiledText = (physical) => tier.text(physical);
    }
    this.reset();
  }

  /** Rebuilds derived state after a restore that changed the contents of `frames`, or of any frame if absent. */
  reload(frames?: Uint32Array): void {
    if (frames) this.blocks.restored(frames);
    else this.blocks.clear();
    this.delivered = 0;
    this.deliveredAt = -1;
    this.core.segments.updateMode();
    this.core.debug.update();
    this.core.mmu.updateAlignment();
    this.core.leave = false;
    this.core.repeatAgain = false;
    this.shutdown = null;
  }

  /** The state after RESET (80386 Programmer's Reference, 10.1). icount goes on; the time-stamp counter starts at 0. */
  reset(): void {
    const { words, doubles } = this;
    const icount = doubles[ICOUNT];
    words.fill(0, 0, CPU_STATE_BYTES >>> 2);
    doubles[ICOUNT] = icount;
    doubles[TSC_OFFSET] = 0 - icount;
    const { segments, flags } = this.core;
    for (const segment of [ES, SS, DS, FS, GS]) segments.resetReal(segment, 0, 0);
    segments.resetReal(CS, 0xf000, RESET_BASE);
    segments.set(LDTR, 0, 0, 0xffff, SEGMENT_PRESENT | (LDT << 8));
    segments.set(TR, 0, 0, 0xffff, SEGMENT_PRESENT | (TSS_32_BUSY << 8));
    words[GDT_LIMIT] = 0xffff;
    words[IDT_LIMIT] = 0x3ff;
    words[CR0] = this.core.processor.resetCr0;
    words[EIP] = RESET_EIP;
    words[EDX] = this.core.processor.signature;
    words[DR + 6] = DR6_FIXED;
    words[DR + 7] = DR7_FIXED;
    words[LATCH_PAGE] = -1;
    flags.setArithmetic(0);
    if (this.core.fpu.present) this.core.fpu.reset();
    this.reload();
  }

  /** The state of 32-bit boot protocols: flat segments, protection on, paging and interrupts off. */
  enterProtected(entry: ProtectedEntry): void {
    const { words, core } = this;
    const common = SEGMENT_PRESENT | APPLICATION | ACCESSED | BIG | 0x800000;
    core.mmu.setCr0(PROTECTED_CR0);
    core.segments.set(CS, entry.codeSelector, 0, -1, common | CODE_SEGMENT | READABLE);
    for (const segment of [ES, SS, DS, FS, GS])
      core.segments.set(segment, entry.dataSelector, 0, -1, common | WRITABLE);
    if (entry.gdt) {
      words[GDT_BASE] = entry.gdt.base;
      words[GDT_LIMIT] = entry.gdt.limit;
    }
    words[EIP] = entry.eip;
    words[EAX] = entry.eax;
    words[EBX] = entry.ebx;
    words[ESI] = entry.esi;
    words[SYSTEM_FLAGS] = 0;
    words[LATCH_PAGE] = -1;
  }

  poke(register: number, value: number): void {
    if (register === POKE_EFLAGS) this.eflags = value;
    else if (register === POKE_EIP) this.words[EIP] = value;
    else this.words[register] = value;
    this.words[LATCH_PAGE] = -1;
    this.interruptFlag?.look('poke');
  }

  /** EFLAGS as PUSHF would store them. */
  get eflags(): number {
    return this.core.flags.eflags;
  }
  set eflags(value: number) {
    this.core.flags.setEflags(value, -1);
  }

  get interruptsEnabled(): boolean {
    return (this.words[SYSTEM_FLAGS] & IF) !== 0;
  }

  /** Segment register `segment` (state.ts) as [selector, base, limit, attributes]. */
  segment(segment: number): readonly [number, number, number, number] {
    const { segments } = this.core;
    return [
      segments.selector(segment),
      segments.base(segment),
      segments.limit(segment),
      segments.attributes(segment),
    ];
  }

  /** Loads a segment cache directly, for a debugger, a test or a boot loader. */
  setSegment(segment: number, selector: number, base: number, limit: number, attributes: number): void {
    this.core.segments.set(segment, selector, base, limit, attributes);
    this.words[LATCH_PAGE] = -1;
  }

  /** Physical addresses at which the open interrupt deliveries pushed EIP, oldest first. */
  get pushedFrames(): readonly number[] {
    return this.core.depth.pushedSlots();
  }

  /** For debuggers. */
  get fpu(): Fpu {
    return this.core.fpu;
  }
  get processor(): Processor {
    return this.core.processor;
  }

  /** Every word of architectural state, for the state hash. */
  forEachStateWord(word: (value: number) => void): void {
    const { words } = this;
    for (let n = 0; n < CPU_STATE_BYTES >>> 2; n++) word(words[n]);
  }

  get deliveries(): number {
    return this.deliveredAt === this.doubles[ICOUNT] ? this.delivered : 0;
  }

  watchFor(stops: Stops | null): void {
    this.blocks.watchFor(stops);
    if (stops) stops.onStop = () => this.leaveAfterInstruction();
  }

  /** Sets the points that are called before their instructions. Must not be called within `run`. */
  probe(probes: readonly Probes[]): void {
    for (const one of probes) one.onReturn = (page) => this.blocks.probeAdded(page);
    this.blocks.probe(probes.reduce<CodePoints | null>(bothPoints, null));
  }

  /** Turns recording of IF changes and port I/O on or off. Must not be called within `run`. */
  observe({ interruptFlag, ports }: { readonly interruptFlag: boolean; readonly ports: boolean }): void {
    const { core, blocks } = this;
    const { log } = core;
    const { bus } = core.bus instanceof RecordedBus ? core.bus : core;
    core.bus = ports && log ? new RecordedBus(bus, log) : bus;
    const wanted = interruptFlag && log !== null;
    if (wanted !== (this.interruptFlag !== null)) {
      this.interruptFlag = wanted ? new InterruptFlagWatch(core, log) : null;
      blocks.watchInterruptFlag(this.interruptFlag);
    }
    this.interruptFlag?.reset();
  }

  /** The processor's view for probes. */
  get probed(): ProbedMachine {
    return new ProbeView(this.core, () => this.deliveries);
  }

  private leaveAfterInstruction(): void {
    this.core.leave = true;
    this.blocks.endAfterCurrent();
  }

  private countDelivery(): void {
    const { doubles, core } = this;
    this.delivered = this.deliveries + 1;
    this.deliveredAt = doubles[ICOUNT];
    this.interruptFlag?.look('delivery');
    if (this.single) core.leave = true;
  }

  // --- CpuView ---------------------------------------------------------------------------------------------------------

  fault(vector: number, code: number): never {
    return this.core.fault(vector, code);
  }

  /** Accesses state their CPL, because the processor's own accesses are not checked. */
  get checksAlignment(): boolean {
    const { words, core } = this;
    const asked = (words[CR0] & CR0_AM) !== 0 && (words[SYSTEM_FLAGS] & AC) !== 0;
    return asked && core.processor.checksAlignment;
  }

  dropFetchLatch(): void {
    this.words[LATCH_PAGE] = -1;
  }

  operandWraps(linear: Linear): void {
    this.blocks.operandWraps(linear);
  }

  codeWritten(frame: Frame, offset: number, size: number): void {
    this.blocks.written(frame, offset, size);
  }

  // --- Running ---------------------------------------------------------------------------------------------------------

  /**
   * Executes until icount is `untilIcount`, HLT, shutdown, or a port access that moved a device's deadline; with `single`
   * not beyond the delivery of an interrupt or exception. Ends between instructions, with CPU_STATE in its one canonical form.
   */
  run(untilIcount: number, single = false): void {
    const { core } = this;
    core.leave = false;
    this.single = single;
    while (this.shutdown === null) {
      try {
        this.stretch(untilIcount);
        break;
      } catch (error) {
        this.afterFault(error);
      }
    }
    this.settle();
  }

  /** Delivers a guest fault, notes a shutdown, and rethrows anything else, which is a bug. */
  private afterFault(error: unknown): void {
    const { core, words, doubles } = this;
    try {
      if (!core.isGuestFault(error)) throw error;
      if (error.vector === FREEZE) {
        words[HALTED] = 1;
        return;
      }
      if (doubles[ICOUNT] !== doubles[LAST_EXCEPTION]) words[STORM] = 0;
      doubles[LAST_EXCEPTION] = doubles[ICOUNT];
      core.repeatAgain = false;
      words[DEBUG_PENDING] = 0;
      core.interrupts.deliverException(error.vector, error.code);
      this.countDelivery();
      this.takeTraps();
    } catch (second) {
      if (!(second instanceof Shutdown)) throw second;
      this.shutdown = second.message;
    }
  }

  private stretch(untilIcount: number): void {
    const { core, words, doubles, blocks } = this;
    const { pic, segments, debug } = core;
    while (!core.leave && doubles[ICOUNT] < untilIcount) {
      if (pic.pending && (words[SYSTEM_FLAGS] & IF) !== 0 && words[SHADOW] === 0) {
        core.interrupts.deliverIrq();
        this.countDelivery();
        this.takeTraps();
        continue;
      }
      if (words[HALTED] !== 0) return;
      const now = doubles[ICOUNT];
      debug.stepping = (words[SYSTEM_FLAGS] & TF) !== 0;
      if (debug.executes) this.checkBreakpoint();
      if (debug.changed) {
        debug.changed = false;
        blocks.clear();
      }
      // The instruction after STI or a load of SS runs alone, because the one after it may be interrupted.
      const budget = debug.stepping || words[SHADOW] !== 0 ? 1 : Math.min(untilIcount - now, MAX_STRETCH);
      doubles[RUN_END] = now + budget;
      words[LEFT] = budget;
      words[BLOCK_EIP] = words[EIP];
      let p = blocks.find((segments.base(CS) + words[EIP]) | 0);
      if (p === 0) {
        core.leave = true;
        return;
      }
      words[SHADOW] = 0;
      // RF applies to one instruction only.
      words[SYSTEM_FLAGS] &= ~RF;
      const count = debug.executes ? Math.min(budget, this.toBreakpoint(p)) : budget;
      if (blocks.code[p - WORDS + COUNT] > count) p = blocks.truncate(p, count);
      if (!debug.executes && --blocks.code[p - WORDS + HEAT] < 0) p = blocks.hot(p, budget);
      if (p !== 0) this.interpret(p);
      this.takeTraps();
    }
  }

  /** Debug traps of the instruction that retired last, all in one (80386 Programmer's Reference, 12.3.1). */
  private takeTraps(): void {
    const { core, words } = this;
    const { debug, tasks } = core;
    if (words[DEBUG_PENDING] === 0 && !debug.stepping && !tasks.trap) return;
    // A load of SS delays them until the stack pointer is loaded too.
    if (words[SHADOW] === SHADOW_SS) return;
    words[DR + 6] |= debug.pending | (debug.stepping ? DR6_BS : 0) | (tasks.trap ? DR6_BT : 0);
    debug.stepping = false;
    tasks.trap = false;
    core.interrupts.deliverException(DEBUG_EXCEPTION, 0, true);
    this.interruptFlag?.look('delivery');
    words[DEBUG_PENDING] = 0;
  }

  /** The fault of an execution breakpoint at the next instruction, unless RF or a load of SS defers it. */
  private checkBreakpoint(): void {
    const { core, words } = this;
    if ((words[SYSTEM_FLAGS] & RF) !== 0 || words[SHADOW] === SHADOW_SS) return;
    const hits = core.debug.executionHits((core.segments.base(CS) + words[EIP]) | 0);
    if (hits === 0) return;
    words[DR + 6] |= hits;
    core.fault(DEBUG_EXCEPTION, 0);
  }

  /** Number of instructions of block `p` that come before the next execution breakpoint in it. */
  private toBreakpoint(p: number): number {
    const { core, words, blocks } = this;
    const base = (core.segments.base(CS) + words[EIP]) | 0;
    const count = blocks.code[p - WORDS + COUNT];
    let at = p;
    for (let n = 1; n < count; n++) {
      while (blocks.code[at + PLACE] >>> INDEX_SHIFT < n) at += WORDS;
      if (core.debug.executionHits((base + (blocks.code[at + PLACE] & OFFSET_MASK)) | 0) !== 0) return n;
    }
    return count;
  }

  /** Zeroes scratch fields and computes lazy flags, so that equal states have equal bytes wherever a run stopped. */
  private settle(): void {
    const { core, words, doubles, blocks } = this;
    core.flags.settle();
    words[TEMP] = 0;
    words[ADDRESS] = 0;
    words[TARGET] = 0;
    words[LEFT] = 0;
    words[BLOCK_EIP] = 0;
    doubles[RUN_END] = 0;
    blocks.current = 0;
  }
}
