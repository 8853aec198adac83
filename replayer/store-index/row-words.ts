/**
 * A row of the index in memory, before it is in a block: six words side by side, because an epoch's rows go to hundreds of frames, and each
 * is then one place of the host's cache instead of nine.
 *
 *   0 number of the epoch; within an epoch the physical address    1 `meta`    2 page    3 EIP    4 CR3    5 depth and source
 */
export const ROW_WORDS = 6;
export const FIRST_WORD = 0;
export const META = 1;
export const PAGE = 2;
export const EIP = 3;
export const CR3 = 4;
export const CONTEXT = 5;

/** Instructions in an epoch: 2^EPOCH_SHIFT. `meta` holds those since its begin in so many bits. */
export const EPOCH_SHIFT = 16;
const SINCE_MASK = (1 << EPOCH_SHIFT) - 1;
const OFFSET_SHIFT = EPOCH_SHIFT;
const OFFSET_MASK = 0xfff;
const SIZE_SHIFT = OFFSET_SHIFT + 12;

/** Instructions since the epoch began, offset in the frame, and size (1, 2 or 4 bytes) of a row; never negative. */
export const metaOf = (since: number, offset: number, size: number): number =>
  since | (offset << OFFSET_SHIFT) | ((size >>> 1) << SIZE_SHIFT);
/** `meta` of a row whose place was written again in its epoch. */
export const SUPERSEDED = -1;
export const sinceOf = (meta: number): number => meta & SINCE_MASK;
export const offsetOf = (meta: number): number => (meta >>> OFFSET_SHIFT) & OFFSET_MASK;
export const sizeOf = (meta: number): number => 1 << (meta >>> SIZE_SHIFT);

export const contextOf = (depth: number, source: number): number => depth | (source << 8);
export const depthOf = (context: number): number => context & 0xff;
export const sourceOf = (context: number): number => context >>> 8;
