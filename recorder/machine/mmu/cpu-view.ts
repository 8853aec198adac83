import type { Frame, Linear } from '../../../schemas/units.ts';
import type { EventContext } from '../events/event-log.ts';

/** The members of the CPU that the MMU needs. The control registers are in CPU_STATE; only the MMU writes them. */
export interface CpuView extends EventContext {
  cr0: number;
  /** Linear address of the last page fault (80386 Programmer's Reference, 9.8.14). */
  cr2: number;
  cr3: number;
  cr4: number;
  /** True if accesses at CPL 3 must be aligned (CR0.AM and EFLAGS.AC). */
  readonly checksAlignment?: boolean;
  /** Raises an exception: throws, so that the instruction is abandoned. */
  fault(vector: number, code: number): never;
  /** Clears the fetch latch, so that the next fetch consults the TLB. */
  dropFetchLatch(): void;
  /** An operand reaches from the last linear page to the first: faults if the segment ends there. */
  operandWraps?(linear: Linear): void;
  /** A store reached a frame that holds decoded code (`Mmu.markCode`). */
  codeWritten(frame: Frame, offset: number, size: number): void;
}
