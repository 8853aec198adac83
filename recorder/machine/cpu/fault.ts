/** Exceptions of the processor: vectors, the facts of each, and the error that carries one to its delivery. */

/** Exception vectors (80386 Programmer's Reference, table 9-1; #AC: Pentium manual, volume 3, 14.9). */
export const DIVIDE_ERROR = 0;
export const DEBUG_EXCEPTION = 1;
export const BREAKPOINT = 3;
export const OVERFLOW = 4;
export const BOUNDS = 5;
export const INVALID_OPCODE = 6;
export const NO_COPROCESSOR = 7;
export const DOUBLE_FAULT = 8;
export const INVALID_TSS = 10;
export const SEGMENT_NOT_PRESENT = 11;
export const STACK_FAULT = 12;
export const GENERAL_PROTECTION = 13;
export const PAGE_FAULT = 14;
export const COPROCESSOR_ERROR = 16;
/** A misaligned access at CPL 3 with CR0.AM and EFLAGS.AC (SDM volume 3, 6.15). */
export const ALIGNMENT_CHECK = 17;

/** No exception: the processor waits, at this instruction, for an interrupt (Core.freeze). */
export const FREEZE = -1;

/** Vectors that push an error code: 8, 10-14 and 17. */
export const PUSHES_CODE = (1 << DOUBLE_FAULT) | (0b11111 << INVALID_TSS) | (1 << ALIGNMENT_CHECK);

/**
 * An exception between the instruction that cannot complete and its delivery. A machine throws one reused object, so that a guest fault
 * captures no stack and allocates nothing.
 */
export class GuestFault extends Error {
  override readonly name = 'GuestFault';
  vector = 0;
  code = 0;

  constructor() {
    super('a guest exception left the CPU');
    this.stack = '';
  }
}

/** The processor stopped: a fault during the delivery of a double fault (80386 Programmer's Reference, 9.8.8). */
export class Shutdown extends Error {
  override readonly name = 'Shutdown';
}
