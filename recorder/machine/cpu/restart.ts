import type { Core } from './core.ts';
import { CR2 } from './state.ts';

/** Undoes a partially executed instruction when it faults, so that it can restart. */

/** Words of CPU_STATE that an instruction can change before it faults: registers, flags, segments, latch. */
const WORDS = 80;

/**
 * Runs a transfer of several steps (a gate, a far return, a task switch before its commit) so that a fault in any step
 * leaves the registers as they were: "the processor state as before the instruction" (80386 Programmer's Reference,
 * 9.2). For memory, the caller probes every store before it makes the first.
 */
export class Restart {
  private readonly saved = new Int32Array(WORDS);
  private nested = false;

  run(core: Core, body: () => void): void {
    if (this.nested) {
      body();
      return;
    }
    const { i32, segments } = core;
    this.saved.set(i32.subarray(0, WORDS));
    this.nested = true;
    try {
      body();
    } catch (error) {
      if (core.isGuestFault(error)) this.undo(i32);
      segments.updateMode();
      core.mmu.updateAlignment();
      throw error;
    } finally {
      this.nested = false;
    }
  }

  /** Commits the changes so far; a later fault restores the current state. */
  commit(core: Core): void {
    this.saved.set(core.i32.subarray(0, WORDS));
  }

  private undo(i32: Int32Array): void {
    const cr2 = i32[CR2];
    i32.set(this.saved);
    i32[CR2] = cr2;
  }
}
