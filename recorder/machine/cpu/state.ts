import type { Icount } from '../../../schemas/units.ts';
import type { EventContext } from '../events/event-log.ts';
import { CPU_STATE, CPU_STATE_BYTES, type MachineMemory } from '../layout.ts';
import { MachineError } from '../machine-error.ts';

/**
 * Fields of CPU_STATE, as word indices. CPU_STATE is at byte 0 of the machine's memory, so these are indices into the
 * whole-memory `i32` view as well, and byte registers are bytes of `u8` at 4 * register (+ 1 for AH, CH, DH, BH).
 */
export const EAX = 0;
export const ECX = 1;
export const EDX = 2;
export const EBX = 3;
export const ESP = 4;
export const EBP = 5;
export const ESI = 6;
export const EDI = 7;
/** Always 0; represents an absent base or index register. */
export const ZERO = 8;
/** SCRATCH: carries a memory operand between the micro-ops of one instruction. */
export const TEMP = 9;
/** SCRATCH: linear address of a memory operand whose segment matters. */
export const ADDRESS = 10;

export const EIP = 11;
/** EFLAGS except the six arithmetic flags, which are lazy (flags.ts). */
export const SYSTEM_FLAGS = 12;
export const FLAG_KIND = 13;
export const FLAG_RESULT = 14;
export const FLAG_A = 15;
export const FLAG_B = 16;
export const CPL = 17;
export const CR0 = 18;
export const CR2 = 19;
export const CR3 = 20;
export const CR4 = 21;
/** DR0-DR7. */
export const DR = 22;

/** Segment registers in the order of their encoding, then LDTR and TR: SEGMENT_WORDS words each. */
export const SEGMENTS = 32;
export const SEGMENT_WORDS = 4;
export const ES = 0;
export const CS = 1;
export const SS = 2;
export const DS = 3;
export const FS = 4;
export const GS = 5;
export const LDTR = 6;
export const TR = 7;

export const GDT_BASE = 64;
export const GDT_LIMIT = 65;
export const IDT_BASE = 66;
export const IDT_LIMIT = 67;
/** The fetch latch: the linear page to which instruction fetch is latched (-1: none), and the start of its frame. */
export const LATCH_PAGE = 68;
export const LATCH_PHYSICAL = 69;
export const HALTED = 70;
/** After STI and loads of SS: no interrupt before the next instruction has run; after the latter no debug trap either. */
export const SHADOW = 71;
export const SHADOW_STI = 1;
export const SHADOW_SS = 2;
/** Exceptions delivered since an instruction last retired. */
export const STORM = 72;

/** Interrupt-depth bookkeeping (interrupt-depth.ts). */
export const DEPTH = 73;
export const FRAME_ID = 74;
export const LAST_FRAME_ID = 75;
/** Nonzero if a CALL retired since the innermost frame was last updated. */
export const CALLED = 76;
export const OPEN_FRAMES = 77;
export const STACK_NOTES = 78;
/** Data and port breakpoints hit, as bits of DR6; a trap follows the instruction (debug.ts). */
export const DEBUG_PENDING = 79;

/** Float64 fields, as indices into `f64`. */
export const ICOUNT = 40;
/** Added to icount by RDTSC, after a WRMSR to the time-stamp counter. */
export const TSC_OFFSET = 41;
/** SCRATCH: the icount that ends the current stretch of execution (cpu.ts). */
export const RUN_END = 42;
/** icount at the last delivery of an exception (STORM). */
export const LAST_EXCEPTION = 44;

/** SCRATCH: instructions left until RUN_END at the start of the current block, and the block's EIP. */
export const LEFT = 86;
export const BLOCK_EIP = 87;

/** TR3-TR7 (test-registers.ts). */
export const TEST_REGISTERS = 90;
/** SCRATCH: target of a call while its return address is pushed. */
export const TARGET = 95;

/** IA32_SYSENTER_CS, ESP and EIP: MSRs 174h to 176h (fast-calls.ts). */
export const SYSENTER_CS = 96;
export const SYSENTER_ESP = 97;
export const SYSENTER_EIP = 98;

/** Tables of interrupt-depth.ts. */
export const FRAME_TABLE = 256;
export const FRAME_CAPACITY = 128;
export const FRAME_WORDS = 4;
export const NOTE_TABLE = FRAME_TABLE + FRAME_CAPACITY * FRAME_WORDS;
export const NOTE_CAPACITY = 64;
export const NOTE_WORDS = 3;

/** The coprocessor (fpu/unit.ts): eight registers of significand low, high, sign and exponent; then its words. */
export const FPU_REGISTERS = 960;
export const FPU_REGISTER_WORDS = 4;
export const FPU_CONTROL = FPU_REGISTERS + 8 * FPU_REGISTER_WORDS;
export const FPU_STATUS = FPU_CONTROL + 1;
/** Bit n: register n is empty. */
export const FPU_EMPTY = FPU_CONTROL + 2;
/** The last instruction but control instructions, and its memory operand. */
export const FPU_INSTRUCTION_OFFSET = FPU_CONTROL + 3;
export const FPU_INSTRUCTION_SELECTOR = FPU_CONTROL + 4;
export const FPU_DATA_OFFSET = FPU_CONTROL + 5;
export const FPU_DATA_SELECTOR = FPU_CONTROL + 6;
export const FPU_OPCODE = FPU_CONTROL + 7;
/** FERR# is asserted. */
export const FPU_ERROR = FPU_CONTROL + 8;

if (CPU_STATE !== 0) throw new MachineError('the CPU addresses its registers from byte 0 of the memory');
if (NOTE_TABLE + NOTE_CAPACITY * NOTE_WORDS > FPU_REGISTERS || FPU_ERROR >= CPU_STATE_BYTES >>> 2) {
  throw new MachineError('CPU_STATE is too small for its tables');
}

/** CPU_STATE by name, for all code except the interpreter; also the context recorded with every event. */
export class CpuState implements EventContext {
  private readonly i32: Int32Array;
  private readonly f64: Float64Array;

  constructor(mem: MachineMemory) {
    this.i32 = mem.i32;
    this.f64 = mem.f64;
  }

  get icount(): Icount {
    return this.f64[ICOUNT];
  }
  set icount(value: Icount) {
    this.f64[ICOUNT] = value;
  }
  get eip(): number {
    return this.i32[EIP];
  }
  set eip(value: number) {
    this.i32[EIP] = value;
  }
  get cpl(): number {
    return this.i32[CPL];
  }
  get depth(): number {
    return this.i32[DEPTH];
  }
  get frameId(): number {
    return this.i32[FRAME_ID];
  }
  get esp(): number {
    return this.i32[ESP];
  }
  get cr0(): number {
    return this.i32[CR0];
  }
  set cr0(value: number) {
    this.i32[CR0] = value;
  }
  get cr2(): number {
    return this.i32[CR2];
  }
  set cr2(value: number) {
    this.i32[CR2] = value;
  }
  get cr3(): number {
    return this.i32[CR3];
  }
  set cr3(value: number) {
    this.i32[CR3] = value;
  }
  get cr4(): number {
    return this.i32[CR4];
  }
  set cr4(value: number) {
    this.i32[CR4] = value;
  }
  get halted(): boolean {
    return this.i32[HALTED] !== 0;
  }

  /** A general register by number (EAX..EDI), int32. */
  register(number: number): number {
    return this.i32[number];
  }
  setRegister(number: number, value: number): void {
    this.i32[number] = value;
  }
}
