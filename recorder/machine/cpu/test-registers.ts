import type { Core } from './core.ts';
import { TEST_REGISTERS } from './state.ts';

/**
 * Test registers: TR6 and TR7 command the TLB (80386 Programmer's Reference, 12.3); TR3 to TR5 those of the 486 the cache
 * (Intel486 manual, 10.3). There is no cache here: values written to these are stored, and commands have no effect.
 */

const TR6 = 6;
const TR7 = 7;
/** Bits that exist. TR5: set, entry and command of a cache of 8 KB. */
const KNOWN: Readonly<Record<number, number>> = { 3: -1, 4: ~7, 5: 0x7ff, [TR6]: 0xffffffe1 | 0, [TR7]: ~3 };

const place = (number: number): number => TEST_REGISTERS + number - 3;

export const readTest = (core: Core, number: number): number => core.i32[place(number)];

export function writeTest(core: Core, number: number, value: number): void {
  const { i32 } = core;
  i32[place(number)] = value & KNOWN[number];
  if (number === TR6) i32[place(TR7)] = core.mmu.testTlb(i32[place(TR6)], i32[place(TR7)]);
}
