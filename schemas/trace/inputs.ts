import { GENERAL_REGISTERS } from '../registers.ts';
import type { Icount } from '../units.ts';

/** Inputs: everything that a machine takes from outside, by kind. */

/** Kinds of outside input, in the order in which trace.proto numbers them. Append only. */
export const INPUT_KINDS = [
  'disk_latency',
  'rtc_start',
  'serial_byte',
  'inject_irq',
  'key_scancode',
  'hold_interrupts',
  'poke',
  'disk_block',
  'timer_latency',
  'serial_latency',
] as const;
export type InputKind = (typeof INPUT_KINDS)[number];

/** Targets of a `poke`, in the order in which trace.proto numbers them: nothing, a register, memory by bytes written. */
export const POKE_TARGETS = [
  'none',
  'register',
  'physical8',
  'physical16',
  'physical32',
  'linear8',
  'linear16',
  'linear32',
] as const;
export type PokeTarget = (typeof POKE_TARGETS)[number];

/** Registers that a `poke` can change; its address is the index. */
export const POKE_REGISTERS = [...GENERAL_REGISTERS, 'eip', 'eflags'] as const;

/** One outside input. */
export interface Input {
  readonly kind: InputKind;
  /** The icount at which the machine took it. */
  readonly icount: Icount;
  /**
   * disk_latency, disk_block, timer_latency, serial_latency: instructions; rtc_start: seconds since 1970-01-01 UTC; serial_byte: the byte; inject_irq: the line;
   * key_scancode: a byte of scan code set 1; hold_interrupts: 1 to hold the processor's interrupt line low, 0 to release it; poke: the
   * value. A u32.
   */
  readonly value: number;
  /** For a poke: the kind of its target. */
  readonly target?: PokeTarget;
  /** For a poke: linear or physical address, or index into POKE_REGISTERS. A u32. */
  readonly address?: number;
}

const ASYNCHRONOUS: ReadonlySet<InputKind> = new Set([
  'serial_byte',
  'inject_irq',
  'key_scancode',
  'hold_interrupts',
  'poke',
]);

/** Inputs that are due at an icount; the others answer a request of the machine. */
export const isAsynchronous = (kind: InputKind): boolean => ASYNCHRONOUS.has(kind);

/** Random numbers of instructions until a disk completes a command or the next block of one. */
export const isDiskTime = (kind: InputKind): boolean => kind === 'disk_latency' || kind === 'disk_block';

/** Random numbers of instructions until a device completes an operation. */
export const isLatency = (kind: InputKind): boolean =>
  isDiskTime(kind) || kind === 'timer_latency' || kind === 'serial_latency';
