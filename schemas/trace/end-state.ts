import { toHex } from '../text-bytes.ts';

/** The state of the machine when a recording ended (EndState in trace.proto). */
export interface EndState {
  /** Linear address of the next instruction. */
  readonly pc: number;
  /** Up to CODE_BYTES bytes at `pc`; fewer before a page that is not mapped. */
  readonly code: Uint8Array;
  /** CS.D. */
  readonly wide: boolean;
  readonly eflags: number;
  readonly cr0: number;
  readonly cr3: number;
  readonly cpl: number;
  readonly halted: boolean;
  /** IRQ lines 0-15 masked at the 8259s, and lines requested. */
  readonly irqMask: number;
  readonly irqRequest: number;
  /** Registers of COM1: interrupt enable, modem control. */
  readonly uartEnable: number;
  readonly uartModem: number;
  /** COM1 has a pending interrupt condition, whether or not it is enabled. */
  readonly uartAsks: boolean;
  /** The display is in a graphics mode. */
  readonly graphics: boolean;
  /** The text screen, lines ended by newlines; empty in a graphics mode. */
  readonly screen: string;
  /** The I/O port without a device that was read last, and the number of consecutive reads since the last but one rung. */
  readonly absentPort: number;
  readonly absentReads: number;
  /** Bytes of the instruction that caused the last recorded exception; empty in real and virtual-8086 mode. */
  readonly exceptionCode: Uint8Array;
}

/** The longest instruction has 15 bytes. */
export const CODE_BYTES = 16;
/** A text screen has at most 60 rows of 132 columns, with up to 3 bytes per character. */
const MAX_SCREEN_CHARACTERS = 60 * 133;

interface WireEndState {
  pc: number;
  code: Uint8Array;
  wide: boolean;
  eflags: number;
  cr0: number;
  cr3: number;
  cpl: number;
  halted: boolean;
  irq_mask: number;
  irq_request: number;
  uart_enable: number;
  uart_modem: number;
  uart_asks: boolean;
  graphics: boolean;
  screen: string;
  absent_port: number;
  absent_reads: number;
  exception_code: Uint8Array;
}

export const endStateToWire = (state: EndState): WireEndState => ({
  pc: state.pc,
  code: state.code,
  wide: state.wide,
  eflags: state.eflags,
  cr0: state.cr0,
  cr3: state.cr3,
  cpl: state.cpl,
  halted: state.halted,
  irq_mask: state.irqMask,
  irq_request: state.irqRequest,
  uart_enable: state.uartEnable,
  uart_modem: state.uartModem,
  uart_asks: state.uartAsks,
  graphics: state.graphics,
  screen: state.screen,
  absent_port: state.absentPort,
  absent_reads: state.absentReads,
  exception_code: state.exceptionCode,
});

/** protobufjs gives an array for an empty bytes field. */
const bytesOf = (field: Uint8Array | readonly number[]) => Uint8Array.from(field.slice(0, CODE_BYTES));

/** Lengths are bounded, because the file may come from a stranger. */
export function endStateFromWire(wire: WireEndState | null): EndState | undefined {
  if (!wire) return undefined;
  return {
    pc: wire.pc,
    code: bytesOf(wire.code),
    wide: wire.wide,
    eflags: wire.eflags,
    cr0: wire.cr0,
    cr3: wire.cr3,
    cpl: wire.cpl,
    halted: wire.halted,
    irqMask: wire.irq_mask,
    irqRequest: wire.irq_request,
    uartEnable: wire.uart_enable,
    uartModem: wire.uart_modem,
    uartAsks: wire.uart_asks,
    graphics: wire.graphics,
    screen: wire.screen.slice(0, MAX_SCREEN_CHARACTERS),
    absentPort: wire.absent_port,
    absentReads: wire.absent_reads,
    exceptionCode: bytesOf(wire.exception_code),
  };
}

/** The first field in which two differ, with both values as text; undefined when they agree. */
export function differingField(
  a: EndState,
  b: EndState,
): { field: string; values: readonly [string, string] } | undefined {
  for (const field of Object.keys(a) as (keyof EndState)[]) {
    const values = [shown(a[field]), shown(b[field])] as const;
    if (values[0] !== values[1]) return { field, values };
  }
  return undefined;
}

const shown = (value: EndState[keyof EndState]): string => {
  if (value instanceof Uint8Array) return toHex(value);
  return typeof value === 'number' ? `0x${value.toString(16)}` : JSON.stringify(value);
};
