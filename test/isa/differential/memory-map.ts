import { Prng } from '../../../recorder/capture/prng.ts';

/** A stretch of linear memory that code under test may reach. Everything else faults. */
export interface Region {
  readonly address: number;
  readonly bytes: number;
  readonly writable: boolean;
}

const PAGE = 4096;
/**
 * The same on the host and in the machine. Each region ends at a hole, so that operands cross into pages that are read
 * only or absent. The first lies where 16-bit addresses reach, the last has bit 31 set.
 */
export const LOW: Region = { address: 0x2000, bytes: 2 * PAGE, writable: true };
export const LOW_READ_ONLY: Region = { address: 0x4000, bytes: PAGE, writable: false };
export const CODE: Region = { address: 0x10000000, bytes: 2 * PAGE, writable: true };
export const DATA: Region = { address: 0x20000000, bytes: 2 * PAGE, writable: true };
export const READ_ONLY: Region = { address: 0x20002000, bytes: PAGE, writable: false };
export const STACK: Region = { address: 0x30000000, bytes: 2 * PAGE, writable: true };
export const HIGH: Region = { address: 0xe0000000, bytes: PAGE, writable: true };
export const REGIONS: readonly Region[] = [LOW, LOW_READ_ONLY, CODE, DATA, READ_ONLY, STACK, HIGH];

export const TOTAL_BYTES = REGIONS.reduce((sum, { bytes }) => sum + bytes, 0);

/** Offset of each region among the bytes of all. */
export const REGION_OFFSETS: readonly number[] = REGIONS.map((_, n) =>
  REGIONS.slice(0, n).reduce((sum, { bytes }) => sum + bytes, 0),
);

/** The bytes of the regions before each case: half random bytes, half small numbers. */
export function initialMemory(): Uint8Array {
  const prng = new Prng(386n, 0);
  const words = new Int32Array(TOTAL_BYTES >>> 2);
  for (let n = 0; n < words.length; n++) words[n] = n & 1 ? prng.next() : prng.next() & 0xff;
  return new Uint8Array(words.buffer);
}

/** The runner keeps itself from here on, and the machine its kernel: what a case reaches here cannot be compared. */
export const RESERVED_FROM = 0x70000000;
export const RESERVED_UNTIL = 0x70080000;
export const isReserved = (linear: number): boolean =>
  linear >>> 0 >= RESERVED_FROM && linear >>> 0 < RESERVED_UNTIL;

/** Offset of a linear address among the bytes of all regions; -1 when it is in none. */
export function offsetOf(linear: number): number {
  for (let n = 0; n < REGIONS.length; n++) {
    const at = (linear >>> 0) - REGIONS[n].address;
    if (at >= 0 && at < REGIONS[n].bytes) return REGION_OFFSETS[n] + at;
  }
  return -1;
}

/** Selectors as Linux gives them to 32-bit processes. */
export const USER_CODE = 0x23;
export const USER_DATA = 0x2b;
