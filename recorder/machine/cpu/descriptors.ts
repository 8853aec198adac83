/**
 * Segment attributes: bits 8-23 of a descriptor's upper word in their places (80386 Programmer's Reference, figures
 * 5-3 and 6-1), as a segment cache keeps them. A null segment has none.
 */
export const ACCESSED = 0x0100;
/** Data segments. */
export const WRITABLE = 0x0200;
export const EXPAND_DOWN = 0x0400;
/** Code segments: the same bits under other names. */
export const READABLE = 0x0200;
export const CONFORMING = 0x0400;
export const CODE_SEGMENT = 0x0800;
/** Code or data, as against system. */
export const APPLICATION = 0x1000;
export const SEGMENT_PRESENT = 0x8000;
/** D of a code segment, B of a stack segment. */
export const BIG = 0x400000;
export const GRANULAR = 0x800000;
export const ATTRIBUTES = 0x00f0ff00;

/** System descriptor types (table 6-2). */
export const TSS_16 = 1;
export const LDT = 2;
export const TSS_16_BUSY = 3;
export const CALL_GATE_16 = 4;
export const TASK_GATE = 5;
export const INTERRUPT_GATE_16 = 6;
export const TRAP_GATE_16 = 7;
export const TSS_32 = 9;
export const TSS_32_BUSY = 11;
export const CALL_GATE_32 = 12;
export const INTERRUPT_GATE_32 = 14;
export const TRAP_GATE_32 = 15;

export const TSS_BUSY = 0x0200;

/** Selectors: table indicator and requested privilege level. */
export const SELECTOR_LDT = 4;
export const SELECTOR_RPL = 3;
/** An error code names the descriptor, not the RPL. */
export const selectorCode = (selector: number): number => selector & 0xfffc;
export const isNull = (selector: number): boolean => (selector & 0xfffc) === 0;

export const typeOf = (high: number): number => (high >>> 8) & 15;
export const dplOf = (high: number): number => (high >>> 13) & 3;
export const isPresent = (high: number): boolean => (high & SEGMENT_PRESENT) !== 0;
export const isApplication = (high: number): boolean => (high & APPLICATION) !== 0;
export const isCode = (high: number): boolean =>
  (high & (APPLICATION | CODE_SEGMENT)) === (APPLICATION | CODE_SEGMENT);
export const isConforming = (high: number): boolean => (high & CONFORMING) !== 0;
export const isWritableData = (high: number): boolean =>
  (high & (APPLICATION | CODE_SEGMENT | WRITABLE)) === (APPLICATION | WRITABLE);
/** Data, or code that may be read. */
export const isReadable = (high: number): boolean =>
  isApplication(high) && ((high & CODE_SEGMENT) === 0 || (high & READABLE) !== 0);

export const baseOf = (low: number, high: number): number =>
  (low >>> 16) | ((high & 0xff) << 16) | (high & 0xff000000);
/** The limit in bytes, int32 (4 GB - 1 is -1). */
export const limitOf = (low: number, high: number): number => {
  const limit = (low & 0xffff) | (high & 0xf0000);
  return high & GRANULAR ? (limit << 12) | 0xfff : limit;
};
