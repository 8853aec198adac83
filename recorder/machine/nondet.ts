import type { Input, InputKind } from '../../schemas/trace/inputs.ts';
import type { Icount } from '../../schemas/units.ts';

/** The machine's only interface to the outside world. */

export { INPUT_KINDS, type Input, type InputKind } from '../../schemas/trace/inputs.ts';

/**
 * The one interface through which anything not computed by the machine enters it. The recorder's implementation draws and logs; the
 * replayer's reads the log and treats a request that is not in the log as a divergence.
 */
export interface Nondet {
  /**
   * A value that the machine requests now (`disk_latency`, `timer_latency`, `rtc_start`). `low`/`high` bound the answer (integers,
   * inclusive).
   */
  draw(kind: InputKind, now: Icount, low: number, high: number): number;
  /** icount at which the next asynchronous input (`serial_byte`, `inject_irq`, …) is due; Infinity if there is none. */
  nextInputAt(): Icount;
  /** Takes the next asynchronous input if it is due at or before `now`. */
  takeInput(now: Icount): Input | undefined;
  /** True if the outside world ends the run, which then returns at its next deadline. Absent: never. */
  readonly isOver?: boolean;
}
