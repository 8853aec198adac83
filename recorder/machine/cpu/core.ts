import { PAGE_SIZE } from '../../../schemas/units.ts';
import { CR4_TSD } from '../control-registers.ts';
import type { InterruptController, IoBus } from '../device.ts';
import type { EventLog } from '../events/event-log.ts';
import type { MachineMemory } from '../layout.ts';
import type { Mmu } from '../mmu/mmu.ts';
import { Access } from './access.ts';
import { DebugRegisters } from './debug.ts';
import { IMMEDIATE, type Instruction, MEMORY, REGISTER, SEGMENT } from './decode/decoder.ts';
import type { Processor } from './decode/models.ts';
import { FREEZE, GENERAL_PROTECTION, GuestFault } from './fault.ts';
import { Flags, IOPL, VM } from './flags.ts';
import { Fpu } from './fpu/unit.ts';
import { Restart } from './restart.ts';
import { Segments } from './segments.ts';
import {
  CPL,
  CR3,
  CR4,
  EAX,
  EDX,
  ESP,
  ICOUNT,
  LATCH_PAGE,
  SEGMENT_WORDS,
  SEGMENTS,
  SYSTEM_FLAGS,
  TSC_OFFSET,
} from './state.ts';
import { FollowedFrames } from './transfers/followed-frames.ts';
import { InterruptDepth, SWITCH_CR3, SWITCH_LOAD } from './transfers/interrupt-depth.ts';
import { Interrupts } from './transfers/interrupts.ts';
import { Tasks } from './transfers/tasks.ts';

/** The context shared by all handlers of instructions. */

const registerByte = (number: number): number => (number & 3) * 4 + (number >>> 2);

/** The context in which instructions execute: the machine's state, memory by segments, and the operands of the current instruction. */
export class Core {
  readonly mem: MachineMemory;
  readonly i32: Int32Array;
  readonly u8: Uint8Array;
  readonly f64: Float64Array;
  /** Port I/O goes here. */
  bus: IoBus;
  readonly pic: InterruptController;
  readonly log: EventLog | null;
  readonly processor: Processor;
  readonly flags: Flags;
  readonly fpu: Fpu;
  readonly access: Access;
  readonly segments: Segments;
  readonly depth: InterruptDepth;
  readonly debug: DebugRegisters;
  readonly restart: Restart;
  readonly tasks: Tasks;
  readonly interrupts: Interrupts;
  mmu!: Mmu;

  /** EIP after the current instruction; transfers set it. */
  nextEip = 0;
  /** True if a repeated string instruction stopped before its last iteration and must be executed again. */
  repeatAgain = false;
  /** Set by a store to decoded code: a repeated string instruction may have changed itself. */
  codeChanged = false;
  /** Set by an instruction that must return from `run` (a port access that moved a deadline). */
  leave = false;
  private readonly guestFault = new GuestFault();
  private rmwLinear = 0;

  constructor(
    mem: MachineMemory,
    bus: IoBus,
    pic: InterruptController,
    log: EventLog | null,
    processor: Processor,
    followsFrames: boolean,
  ) {
    this.mem = mem;
    this.i32 = mem.i32;
    this.u8 = mem.u8;
    this.f64 = mem.f64;
    this.bus = bus;
    this.pic = pic;
    this.log = log;
    this.processor = processor;
    const raise = (vector: number, code: number): never => this.fault(vector, code);
    this.flags = new Flags(mem.i32, processor);
    this.fpu = new Fpu(mem.i32);
    this.access = new Access(mem, raise);
    this.segments = new Segments(mem, this.access, raise, processor.resetsRealCs);
    this.depth = followsFrames ? new FollowedFrames(mem, log) : new InterruptDepth(mem, log);
    this.debug = new DebugRegisters(mem);
    this.restart = new Restart();
    this.tasks = new Tasks(this, this.restart);
    this.interrupts = new Interrupts(this, this.tasks, this.restart);
  }

  attachMmu(mmu: Mmu): void {
    this.mmu = mmu;
    this.access.mmu = mmu;
    this.depth.mmu = mmu;
    this.debug.mmu = mmu;
    this.flags.alignmentChanged = () => mmu.updateAlignment();
  }

  /** Abandons the instruction, which must not have had a visible effect. */
  fault(vector: number, code: number): never {
    this.guestFault.vector = vector;
    this.guestFault.code = code;
    throw this.guestFault;
  }

  /** Stops before the current instruction until an interrupt comes, which returns to it. */
  freeze(): never {
    this.fault(FREEZE, 0);
  }

  isGuestFault(error: unknown): error is GuestFault {
    return error === this.guestFault;
  }

  get cpl(): number {
    return this.i32[CPL];
  }

  /** Privilege is part of how the fetch latch translates. */
  setCpl(cpl: number): void {
    if (this.i32[CPL] === cpl) return;
    this.i32[CPL] = cpl;
    this.i32[LATCH_PAGE] = -1;
  }

  /** The time-stamp counter: instructions since it was set. */
  get timeStamp(): number {
    return this.f64[ICOUNT] + this.f64[TSC_OFFSET];
  }

  timeStampToRegisters(): void {
    this.i32[EAX] = this.timeStamp | 0;
    this.i32[EDX] = Math.floor(this.timeStamp / 0x100000000) | 0;
  }

  /** RDTSC (SDM volume 2): for the supervisor alone while CR4.TSD is set. */
  readTimeStamp(): void {
    if (this.i32[CR4] & CR4_TSD && this.i32[CPL] !== 0) this.fault(GENERAL_PROTECTION, 0);
    this.timeStampToRegisters();
  }

  get iopl(): number {
    return (this.i32[SYSTEM_FLAGS] & IOPL) >>> 12;
  }

  get virtual86(): boolean {
    return (this.i32[SYSTEM_FLAGS] & VM) !== 0;
  }

  /** #GP(0) unless at CPL 0. */
  requirePrivilege(): void {
    if (this.i32[CPL] !== 0) this.fault(GENERAL_PROTECTION, 0);
  }

  // --- Registers -----------------------------------------------------------------------------------------------------

  readRegister(number: number, size: number): number {
    if (size === 4) return this.i32[number];
    if (size === 2) return this.i32[number] & 0xffff;
    return this.u8[registerByte(number)];
  }

  writeRegister(number: number, size: number, value: number): void {
    if (size === 4) this.i32[number] = value;
    else if (size === 2) this.i32[number] = (this.i32[number] & ~0xffff) | (value & 0xffff);
    else this.u8[registerByte(number)] = value;
  }

  get al(): number {
    return this.u8[EAX];
  }

  // --- Operands ------------------------------------------------------------------------------------------------------

  /** Offset of the memory operand within its segment. */
  offset(insn: Instruction): number {
    const { i32 } = this;
    const sum = (i32[insn.base] + (i32[insn.index] << insn.scale) + insn.displacement) | 0;
    return insn.addressSize === 2 ? sum & 0xffff : sum;
  }

  read(insn: Instruction, which: number): number {
    const operand = insn.operands[which];
    switch (operand.kind) {
      case REGISTER:
        return this.readRegister(operand.number, operand.size);
      case MEMORY:
        return this.access.readSegment(insn.segment, this.offset(insn), operand.size);
      case SEGMENT:
        return this.i32[SEGMENTS + operand.number * SEGMENT_WORDS];
      default:
        return operand.value;
    }
  }

  /** Reads an operand that `writeBack` will replace; faults now if the write would. */
  readForWrite(insn: Instruction, which: number): number {
    const operand = insn.operands[which];
    if (operand.kind !== MEMORY) return this.readRegister(operand.number, operand.size);
    return this.readForWriteAt(insn.segment, this.offset(insn), operand.size);
  }

  readForWriteAt(segment: number, offset: number, size: number): number {
    const linear = this.access.forWrite(segment, offset, size);
    this.access.probeWrite(linear, size, this.i32[CPL]);
    this.rmwLinear = linear;
    return this.access.read(linear, size, this.i32[CPL]);
  }

  writeBack(insn: Instruction, which: number, value: number): void {
    const operand = insn.operands[which];
    if (operand.kind === MEMORY) this.writeBackAt(operand.size, value);
    else this.writeRegister(operand.number, operand.size, value);
  }

  writeBackAt(size: number, value: number): void {
    this.access.write(this.rmwLinear, size, value, this.i32[CPL]);
  }

  write(insn: Instruction, which: number, value: number): void {
    const operand = insn.operands[which];
    if (operand.kind === MEMORY) {
      this.access.writeSegment(insn.segment, this.offset(insn), operand.size, value);
    } else {
      this.writeRegister(operand.number, operand.size, value);
    }
  }

  /** The value of an operand as a signed number of its size. */
  readSigned(insn: Instruction, which: number): number {
    const operand = insn.operands[which];
    const value = operand.kind === IMMEDIATE ? operand.value : this.read(insn, which);
    if (operand.size === 1) return (value << 24) >> 24;
    return operand.size === 2 ? (value << 16) >> 16 : value;
  }

  // --- Stacks --------------------------------------------------------------------------------------------------------

  /** ESP was loaded with another value: a jump of a page or more is a move to another stack. */
  stackLoaded(oldEsp: number, newEsp: number): void {
    const distance = Math.abs((newEsp >>> 0) - (oldEsp >>> 0));
    if (distance < PAGE_SIZE) return;
    const { depth } = this;
    depth.switched(SWITCH_LOAD, oldEsp, newEsp, depth.stackFrame(oldEsp), depth.stackFrame(newEsp));
  }

  /** Loads CR3; another page under ESP is another stack. */
  loadDirectory(value: number): void {
    if (value === this.i32[CR3]) {
      this.mmu.setCr3(value);
      return;
    }
    const esp = this.i32[ESP];
    const oldFrame = this.depth.stackFrame(esp);
    this.mmu.setCr3(value);
    const newFrame = this.depth.stackFrame(esp);
    if (newFrame !== oldFrame) this.depth.switched(SWITCH_CR3, esp, esp, oldFrame, newFrame);
  }
}
