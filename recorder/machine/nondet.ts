import type { Icount } from '../../schemas/units.ts';

/** Kinds of outside input, in the order in which trace.proto numbers them. Append only. */
export const INPUT_KINDS = ['disk_latency', 'rtc_start', 'serial_byte', 'inject_irq'] as const;
export type InputKind = (typeof INPUT_KINDS)[number];

/** One outside input as it entered the machine. */
export interface Input {
  readonly kind: InputKind;
  /** When the machine took it. */
  readonly icount: Icount;
  /** disk_latency: instructions; rtc_start: seconds since 1970-01-01 UTC; serial_byte: the byte; inject_irq: the line. */
  readonly value: number;
}

/**
 * The one port through which anything not computed by the machine enters it. The recorder's implementation draws and
 * logs; the replayer's reads the log and reports a request that the log does not hold as a divergence.
 */
export interface Nondet {
  /** A value the machine asks for now (`disk_latency`, `rtc_start`). `low`/`high` bound the answer (integers, inclusive). */
  draw(kind: InputKind, now: Icount, low: number, high: number): number;
  /** icount at which the next asynchronous input (`serial_byte`, `inject_irq`) is due; Infinity when none is. */
  nextInputAt(): number;
  /** Takes the next asynchronous input if it is due at or before `now`. */
  takeInput(now: Icount): Input | undefined;
}
