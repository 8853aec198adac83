import { INTERRUPT_SOURCE, NO_IRQ } from '../../../../schemas/events.ts';
import type { Core } from '../core.ts';
import { DR7_GD } from '../debug.ts';
import {
  CALL_GATE_32,
  dplOf,
  INTERRUPT_GATE_16,
  INTERRUPT_GATE_32,
  isApplication,
  isCode,
  isConforming,
  isNull,
  isPresent,
  limitOf,
  selectorCode,
  TASK_GATE,
  TRAP_GATE_16,
  TRAP_GATE_32,
  typeOf,
} from '../descriptors.ts';
import {
  DEBUG_EXCEPTION,
  DIVIDE_ERROR,
  DOUBLE_FAULT,
  GENERAL_PROTECTION,
  INVALID_TSS,
  PAGE_FAULT,
  PUSHES_CODE,
  SEGMENT_NOT_PRESENT,
  Shutdown,
} from '../fault.ts';
import { AC, ALWAYS, IF, NT, RF, TF, VM } from '../flags.ts';
import type { Restart } from '../restart.ts';
import {
  CPL,
  CR2,
  CS,
  DR,
  DS,
  EIP,
  ES,
  ESP,
  FS,
  GS,
  HALTED,
  IDT_BASE,
  IDT_LIMIT,
  SHADOW,
  SS,
  STORM,
  TR,
} from '../state.ts';
import { FROM_INT, FROM_IRQ } from './interrupt-depth.ts';
import { BY_CALL, type Tasks } from './tasks.ts';
import { flagsForTask, staysInTask } from './virtual86.ts';

/** Delivers interrupts and exceptions through gates (80386 Programmer's Reference, chapter 9). */

const NO_CODE = -1;
/** In the order in which an interrupt out of virtual-8086 mode pushes them. */
const DATA_SEGMENTS = [GS, FS, DS, ES];
/** Error-code bit: the index names an IDT gate (9.7). */
const CODE_IDT = 2;
/** Faults that combine into a double fault (table 9-3). */
const CONTRIBUTORY = (1 << DIVIDE_ERROR) | (0b1111 << INVALID_TSS);
const FROM_INJECTION = INTERRUPT_SOURCE.indexOf('injected');
/** Number of exceptions without a retired instruction after which they are considered endless. */
const STORM_LIMIT = 100_000;

const isContributory = (vector: number): boolean => ((CONTRIBUTORY >>> vector) & 1) !== 0;

/** Delivery of interrupts and exceptions through the IDT (80386 Programmer's Reference, chapter 9). */
export class Interrupts {
  private readonly core: Core;
  private readonly tasks: Tasks;
  private readonly restart: Restart;
  /** True if RF is set in the pushed flags. */
  private resume = false;
  /** EIP of the last handler entered. */
  private entry = 0;

  constructor(core: Core, tasks: Tasks, restart: Restart) {
    this.core = core;
    this.tasks = tasks;
    this.restart = restart;
  }

  /** Delivers the pending IRQ. A fault during the delivery is raised as if by the interrupted instruction. */
  deliverIrq(): void {
    const { core } = this;
    const { i32 } = core;
    const vector = core.pic.acknowledge();
    i32[HALTED] = 0;
    const source = core.pic.injected ? FROM_INJECTION : FROM_IRQ;
    core.segments.external = 1;
    try {
      this.deliverCounted(vector, core.pic.irq, source, i32[EIP], false);
    } catch (error) {
      if (!core.isGuestFault(error)) throw error;
      const { vector: raised, code } = error;
      this.deliverException(raised, code);
    } finally {
      core.segments.external = 0;
    }
    i32[EIP] = core.nextEip;
  }

  /** INT n (17, INT). */
  deliverSoftware(vector: number): void {
    const { core } = this;
    const inTask = staysInTask(core, vector);
    this.deliverCounted(vector, NO_IRQ, FROM_INT, core.nextEip, true, inTask);
  }

  private deliverCounted(
    vector: number,
    irq: number,
    source: number,
    returnEip: number,
    software: boolean,
    inTask = false,
  ): void {
    const { core } = this;
    const { i32 } = core;
    const interruptedCpl = i32[CPL];
    this.enter(vector, NO_CODE, returnEip, software, inTask);
    const esp = i32[ESP];
    const cpl = i32[CPL];
    i32[CPL] = interruptedCpl;
    core.depth.opened(esp, vector, irq, source, this.entry, interruptedCpl);
    i32[CPL] = cpl;
  }

  /** Breakpoint and overflow: traps that the gate's privilege guards like INT n, if `guarded`. */
  deliverTrap(vector: number, guarded = true): void {
    const { core } = this;
    this.enter(vector, NO_CODE, core.nextEip, guarded);
    core.log?.add('exceptions', vector, 0, 0, core.i32[CR2], this.entry);
  }

  /**
   * Delivers a fault of the instruction at EIP, or a debug trap after one. Faults on the way combine into a double
   * fault as table 9-3 says; one during the double fault stops the processor.
   */
  deliverException(first: number, firstCode: number, trap = false): void {
    const { core } = this;
    const { i32, processor } = core;
    // A fault resumes without the breakpoint at its instruction (12.3.1.1); the double fault does not resume at all.
    this.resume = !trap && (first === DEBUG_EXCEPTION ? processor.resumesBreakpoints : processor.resumeFlag);
    if (first === DEBUG_EXCEPTION) {
      i32[DR + 7] &= ~DR7_GD;
      i32[HALTED] = 0;
    }
    if (++i32[STORM] > STORM_LIMIT) {
      throw new Shutdown(`exception ${first} repeats without an instruction retired, EIP ${hex(i32[EIP])}`);
    }
    const external = core.segments.external;
    core.segments.external = 1;
    i32[SHADOW] = 0;
    let vector = first;
    let code = firstCode;
    try {
      for (;;) {
        const cr2 = i32[CR2];
        const interrupted = { cpl: i32[CPL], esp: i32[ESP] };
        const hasCode = ((PUSHES_CODE >>> vector) & 1) !== 0 && core.segments.protection;
        try {
          this.enter(vector, hasCode ? code : NO_CODE, i32[EIP], false);
          this.record(vector, hasCode ? code : 0, hasCode, cr2, this.entry, interrupted);
          break;
        } catch (error) {
          if (!core.isGuestFault(error)) throw error;
          this.record(vector, hasCode ? code : 0, hasCode, cr2, 0, interrupted);
          if (vector === DOUBLE_FAULT) {
            throw new Shutdown(
              `triple fault: exception ${error.vector} while delivering a double fault, EIP ${hex(i32[EIP])}`,
            );
          }
          const second = error.vector;
          const doubled =
            (isContributory(vector) && isContributory(second)) ||
            (vector === PAGE_FAULT && (isContributory(second) || second === PAGE_FAULT));
          vector = doubled ? DOUBLE_FAULT : second;
          this.resume = !doubled && processor.resumeFlag;
          code = doubled ? 0 : error.code;
        }
      }
    } finally {
      core.segments.external = external;
      this.resume = false;
    }
    i32[EIP] = core.nextEip;
  }

  private record(
    vector: number,
    code: number,
    hasCode: boolean,
    cr2: number,
    handler: number,
    interrupted: { readonly cpl: number; readonly esp: number },
  ): void {
    const { i32, log } = this.core;
    if (log === null) return;
    const cpl = i32[CPL];
    const esp = i32[ESP];
    i32[CPL] = interrupted.cpl;
    i32[ESP] = interrupted.esp;
    log.add('exceptions', vector, code, hasCode ? 1 : 0, cr2, handler);
    i32[CPL] = cpl;
    i32[ESP] = esp;
  }

  /** Enters the handler of `vector`: pushes, loads CS and `nextEip`. A fault leaves the state unchanged. */
  private enter(vector: number, code: number, returnEip: number, software: boolean, inTask = false): void {
    const { core } = this;
    this.restart.run(core, () => {
      if (inTask) this.enterAs8086(0, vector, returnEip);
      else if (!core.segments.protection) this.enterReal(vector, returnEip);
      else this.enterProtected(vector, code, returnEip, software);
    });
    this.entry = core.nextEip;
    // TF is clear now, and the step over what led here is not reported (12.3.1.4).
    core.debug.stepping = false;
  }

  /** Real mode: beyond the limit of the table is exception 8, which may be beyond it too (table 14-1). */
  private enterReal(vector: number, returnEip: number): void {
    const { core } = this;
    if (vector * 4 + 3 > core.i32[IDT_LIMIT]) core.fault(DOUBLE_FAULT, 0);
    this.enterAs8086(core.i32[IDT_BASE], vector, returnEip);
  }

  /** Through a table of far pointers (14.3). */
  private enterAs8086(table: number, vector: number, returnEip: number): void {
    const { core } = this;
    const { access, segments, flags } = core;
    const pointer = access.systemRead((table + vector * 4) | 0, 4);
    const { image, clear } = flagsForTask(core);
    access.probePush(3, 2);
    access.push(image, 2);
    access.push(segments.selector(CS), 2);
    access.push(returnEip, 2);
    flags.setEflags(0, clear | AC | RF);
    segments.setReal(CS, pointer >>> 16);
    core.nextEip = pointer & 0xffff;
  }

  private enterProtected(vector: number, code: number, returnEip: number, software: boolean): void {
    const { core } = this;
    const { i32, access, segments } = core;
    const external = software ? 0 : segments.external;
    const gateCode = vector * 8 + CODE_IDT + external;
    if (vector * 8 + 7 > i32[IDT_LIMIT]) core.fault(GENERAL_PROTECTION, gateCode);
    const at = (i32[IDT_BASE] + vector * 8) | 0;
    const low = access.systemRead(at, 4);
    const high = access.systemRead((at + 4) | 0, 4);
    const type = typeOf(high);
    const known =
      type === TASK_GATE ||
      type === INTERRUPT_GATE_16 ||
      type === TRAP_GATE_16 ||
      type === INTERRUPT_GATE_32 ||
      type === TRAP_GATE_32;
    if (isApplication(high) || !known) core.fault(GENERAL_PROTECTION, gateCode);
    if (software && dplOf(high) < i32[CPL]) core.fault(GENERAL_PROTECTION, gateCode);
    if (!isPresent(high)) core.fault(SEGMENT_NOT_PRESENT, gateCode);
    if (type === TASK_GATE) this.enterTask(low >>> 16, code, returnEip);
    else this.enterGate(low, high, code, returnEip);
  }

  /** Through a task gate (9.6.2): a switch that nests; the error code goes on the new task's stack. */
  private enterTask(selector: number, code: number, returnEip: number): void {
    const { core } = this;
    core.segments.fetch(selector);
    this.tasks.switchTo(selector, BY_CALL, returnEip, this.resume);
    if (code !== NO_CODE) core.access.push(code, (typeOf(core.segments.attributes(TR)) & 8) !== 0 ? 4 : 2);
    const limit = core.segments.limit(CS) >>> 0;
    if (core.nextEip >>> 0 > limit) core.fault(GENERAL_PROTECTION, 0);
  }

  /** Through an interrupt or trap gate (9.6.1). */
  private enterGate(low: number, high: number, code: number, returnEip: number): void {
    const { core } = this;
    const { i32, access, segments, flags } = core;
    const type = typeOf(high);
    const size = type >= CALL_GATE_32 ? 4 : 2;
    const selector = low >>> 16;
    const target = size === 4 ? (low & 0xffff) | (high & 0xffff0000) : low & 0xffff;
    if (isNull(selector)) core.fault(GENERAL_PROTECTION, segments.external);
    segments.fetch(selector);
    const cpl = i32[CPL];
    const codeLow = segments.low;
    const codeHigh = segments.high;
    const from86 = core.virtual86;
    // Out of virtual-8086 mode there is only privilege 0 to go to (15.3.1).
    const wrong = from86 && (isConforming(codeHigh) || dplOf(codeHigh) !== 0);
    if (!isCode(codeHigh) || dplOf(codeHigh) > cpl || wrong) segments.refuse(GENERAL_PROTECTION, selector);
    if (!isPresent(codeHigh)) segments.refuse(SEGMENT_NOT_PRESENT, selector);
    segments.markAccessed();
    const eflags = this.resume ? flags.eflags | RF : flags.eflags;
    const oldCs = segments.selector(CS);
    const inner = !isConforming(codeHigh) && dplOf(codeHigh) < cpl;
    const newCpl = inner ? dplOf(codeHigh) : cpl;
    const oldEsp = i32[ESP];
    const oldSs = segments.selector(SS);
    const oldFrame = inner ? core.depth.stackFrame(oldEsp) : 0;
    if (target >>> 0 > limitOf(codeLow, codeHigh) >>> 0) core.fault(GENERAL_PROTECTION, 0);
    if (inner) {
      this.tasks.readStack(newCpl);
      const { stackSelector, stackPointer } = this.tasks;
      segments.fetchStack(stackSelector, newCpl, INVALID_TSS);
      segments.markAccessed();
      core.setCpl(newCpl);
      segments.setFromDescriptor(SS, stackSelector, segments.low, segments.high);
      access.setStackPointer(stackPointer);
    }
    const pushes = (from86 ? 9 : inner ? 5 : 3) + (code === NO_CODE ? 0 : 1);
    access.probePush(pushes, size, inner ? selectorCode(segments.selector(SS)) | segments.external : 0);
    if (from86) for (const segment of DATA_SEGMENTS) access.push(segments.selector(segment), size);
    if (inner) {
      access.push(oldSs, size);
      access.push(oldEsp, size);
    }
    access.push(eflags, size);
    access.push(oldCs, size);
    access.push(returnEip, size);
    if (code !== NO_CODE) access.push(code, size);
    if (from86) for (const segment of DATA_SEGMENTS) segments.set(segment, 0, 0, 0, 0);
    segments.setFromDescriptor(CS, (selector & ~3) | newCpl, codeLow, codeHigh);
    const isInterrupt = type === INTERRUPT_GATE_32 || type === INTERRUPT_GATE_16;
    flags.setEflags(ALWAYS, TF | NT | RF | VM | (isInterrupt ? IF : 0));
    core.nextEip = target;
    if (inner) {
      const newEsp = i32[ESP];
      core.depth.enteredInnerStack(oldEsp, newEsp, oldFrame, core.depth.stackFrame(newEsp));
    }
  }
}

const hex = (value: number): string => `0x${(value >>> 0).toString(16).padStart(8, '0')}`;
