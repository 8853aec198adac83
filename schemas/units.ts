/**
 * Units of numbers, checked by TypeScript and erased at run time. The result of arithmetic has no unit and may be passed as any, so the
 * processor needs no casts. A value with a unit cannot be passed as another: a Linear is not a Physical.
 */

declare const unit: unique symbol;
type Unit<Name extends string> = number & { readonly [unit]?: Name };

/** Count of retired instructions since reset (each REP iteration and each halted tick counts one). Integer < 2^53. */
export type Icount = Unit<'icount'>;

/** Linear address, after segmentation and before paging: 32 bits, bytes. */
export type Linear = Unit<'linear'>;

/** Physical address: 32 bits, bytes. */
export type Physical = Unit<'physical'>;

/** Number of a 4 KB physical page frame: physical address >>> 12. */
export type Frame = Unit<'frame'>;

export const icount = (n: number): Icount => n;

/** Bytes in a page of the i386 (Intel 80386 Programmer's Reference, 5.2). */
export const PAGE_SIZE = 4096;
