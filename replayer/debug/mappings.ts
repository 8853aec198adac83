import { CR4_PSE } from '../../recorder/machine/control-registers.ts';
import { RAM } from '../../recorder/machine/layout.ts';
import type { Machine } from '../../recorder/machine/machine.ts';
import { PAGE_SIZE_4M, PRESENT, USER, WRITABLE } from '../../recorder/machine/mmu/bits.ts';
import type { Physical } from '../../schemas/units.ts';

/** The linear memory of an address space as ranges with the same mapping. */

/** Consecutive linear pages with the same rights and consecutive frames. */
export interface MappedRange {
  readonly first: number;
  /** Inclusive. */
  readonly last: number;
  /** Physical address of the first page; the others follow it. */
  readonly physical: Physical;
  /** `rw` or `r-`, `u` or `s`. */
  readonly rights: string;
}

export const word = (machine: Machine, physical: Physical): number =>
  physical + 4 <= machine.mem.ramBytes ? machine.mem.view.getInt32(RAM + physical, true) : -1;

const rightsOf = (entry: number): string => `${entry & WRITABLE ? 'rw' : 'r-'}${entry & USER ? 'u' : 's'}`;

/** Mappings of the directory in the frame at `directory` (physical address), joined to ranges of consecutive frames. */
export function mappedRanges(machine: Machine, directory: number): MappedRange[] {
  const ranges: { first: number; last: number; physical: Physical; rights: string }[] = [];
  const add = (first: number, bytes: number, physical: Physical, rights: string) => {
    const range = ranges[ranges.length - 1];
    const follows = range && range.last + 1 === first && range.physical + (first - range.first) === physical;
    if (follows && range.rights === rights) range.last = first + bytes - 1;
    else ranges.push({ first, last: first + bytes - 1, physical, rights });
  };
  const large = (machine.cpu.cr4 & CR4_PSE) !== 0;
  for (let slot = 0; slot < 1024; slot++) {
    const pde = word(machine, directory + slot * 4);
    if ((pde & PRESENT) === 0) continue;
    if (large && pde & PAGE_SIZE_4M) {
      add(slot * 0x400000, 0x400000, (pde & 0xffc00000) >>> 0, rightsOf(pde));
      continue;
    }
    const table = (pde & ~0xfff) >>> 0;
    for (let index = 0; index < 1024; index++) {
      const pte = word(machine, table + index * 4);
      if ((pte & PRESENT) === 0) continue;
      const rights = rightsOf(pde & pte);
      add(slot * 0x400000 + index * 4096, 4096, (pte & ~0xfff) >>> 0, rights);
    }
  }
  return ranges;
}
