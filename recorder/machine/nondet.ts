import type { Input, InputKind } from '../../schemas/trace/inputs.ts';
import type { Icount } from '../../schemas/units.ts';

/** The machine's only door to the outside world. */

export { INPUT_KINDS, type Input, type InputKind } from '../../schemas/trace/inputs.ts';

/**
 * The one port through which anything not computed by the machine enters it. The recorder's implementation draws and
 * logs; the replayer's reads the log and reports a request that the log does not hold as a divergence.
 */
export interface Nondet {
  /** A value the machine asks for now (`disk_latency`, `timer_latency`, `rtc_start`). `low`/`high` bound the answer (integers, inclusive). */
  draw(kind: InputKind, now: Icount, low: number, high: number): number;
  /** icount at which the next asynchronous input (`serial_byte`, `inject_irq`, …) is due; Infinity when none is. */
  nextInputAt(): Icount;
  /** Takes the next asynchronous input if it is due at or before `now`. */
  takeInput(now: Icount): Input | undefined;
  /** The world outside wants no more: a run returns where next something is due. Absent: never. */
  readonly isOver?: boolean;
}
