import type { Icount } from './units.ts';

/** Kinds of outside input, in the order in which trace.proto numbers them. Append only. */
export const INPUT_KINDS = [
  'disk_latency',
  'rtc_start',
  'serial_byte',
  'inject_irq',
  'key_scancode',
] as const;
export type InputKind = (typeof INPUT_KINDS)[number];

/** One outside input as it entered the machine. */
export interface Input {
  readonly kind: InputKind;
  /** When the machine took it. */
  readonly icount: Icount;
  /** disk_latency: instructions; rtc_start: seconds since 1970-01-01 UTC; serial_byte: the byte; inject_irq: the line; key_scancode: a byte of scan code set 1. A u32. */
  readonly value: number;
}

/** Inputs that come by themselves, and are due at an icount; the others answer a request of the machine. */
export const isAsynchronous = (kind: InputKind): boolean =>
  kind === 'serial_byte' || kind === 'inject_irq' || kind === 'key_scancode';
