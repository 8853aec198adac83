/** Branded numbers: a value of one unit cannot be passed where another is meant. They cost nothing at run time. */

declare const unit: unique symbol;
type Unit<Name extends string> = number & { readonly [unit]: Name };

/** Count of retired instructions since reset (each REP iteration and each halted tick counts one). Integer < 2^53. */
export type Icount = Unit<'icount'>;

/** Linear address, after segmentation and before paging: u32, bytes. */
export type Linear = Unit<'linear'>;

/** Physical address: u32, bytes. */
export type Physical = Unit<'physical'>;

/** Number of a 4 KB physical page frame: physical address >>> 12. */
export type Frame = Unit<'frame'>;

export const icount = (n: number): Icount => n as Icount;
export const linear = (n: number): Linear => (n >>> 0) as Linear;
export const physical = (n: number): Physical => (n >>> 0) as Physical;
export const frame = (n: number): Frame => (n >>> 0) as Frame;

/** Bytes in a page of the i386 (Intel 80386 Programmer's Reference, 5.2). */
export const PAGE_SIZE = 4096;
