import { COMPILED_ENTRIES, COMPILED_ENTRIES_BYTES, type MachineMemory } from '../../layout.ts';

/**
 * A table of the entries of compiled code by physical address, in the machine's memory, for look-ups by compiled code. An entry may
 * replace another, which only the dispatcher (tier.ts) then finds.
 *
 *   0 key   1 instructions that must be left   2 number of the entry   3 index of the function
 */

const SLOT_SHIFT = 4;
export const SLOTS = COMPILED_ENTRIES_BYTES >>> SLOT_SHIFT;
/** By how much a key is shifted to be folded into itself, for the slot's number. */
export const FOLD = 13;
export const KEY = COMPILED_ENTRIES;
export const NEED = COMPILED_ENTRIES + 4;
export const ENTRY_NUMBER = COMPILED_ENTRIES + 8;
export const FUNCTION = COMPILED_ENTRIES + 12;
export const SLOT_BYTES = 1 << SLOT_SHIFT;
/** Marks of a key: that there is one, and that the code is compiled for privilege level 3. */
const PRESENT = 1 << 30;
const FOR_USER = 1 << 31;

export const keyMarks = (user: boolean): number => PRESENT | (user ? FOR_USER : 0);

export class EntryTable {
  private readonly i32: Int32Array;

  constructor({ i32 }: MachineMemory) {
    this.i32 = i32;
  }

  private at(key: number): number {
    return (COMPILED_ENTRIES >>> 2) + (((key ^ (key >>> FOLD)) & (SLOTS - 1)) << (SLOT_SHIFT - 2));
  }

  /** The entry at a physical address. */
  put(physical: number, user: boolean, need: number, entry: number, index: number): void {
    const key = physical | keyMarks(user);
    this.i32.set([key, need, entry, index], this.at(key));
  }

  remove(physical: number, user: boolean): void {
    const key = physical | keyMarks(user);
    const at = this.at(key);
    if (this.i32[at] === key) this.i32[at] = 0;
  }

  clear(): void {
    const at = COMPILED_ENTRIES >>> 2;
    this.i32.fill(0, at, at + (COMPILED_ENTRIES_BYTES >>> 2));
  }
}
