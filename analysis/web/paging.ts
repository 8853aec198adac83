import type { DirectoryOwner, EntryWrite, PageData, PagingStretch } from './page-data.ts';
import { hex } from './text.ts';

/** The page tables of a run at any icount that the page knows them at: walked as the processor walks them. */

const PRESENT = 1;
const WRITABLE = 2;
const USER = 4;
const LARGE = 0x80;
const BITS: readonly (readonly [bit: number, letter: string])[] = [
  [PRESENT, 'P'],
  [WRITABLE, 'W'],
  [USER, 'U'],
  [0x20, 'A'],
  [0x40, 'D'],
  [LARGE, 'S'],
  [0x100, 'G'],
];

/** A PDE or PTE: frame and bits, as the SQL macro pte_text. */
export const entryText = (entry: number): string =>
  entry & PRESENT
    ? `${hex(entry & ~0xfff)} ${BITS.map(([bit, letter]) => (entry & bit ? letter : '')).join('')}`
    : `${hex(entry & ~0xfff)} -`;

/** A page of an address space. */
export interface Mapping {
  /** Linear address of its first byte. */
  readonly linear: number;
  /** Physical address of its frame. */
  readonly frame: number;
  /** Pages: 1, or 1024 of a large one. */
  readonly pages: number;
  readonly writable: boolean;
  readonly user: boolean;
  /** Physical address of the entry that maps it. */
  readonly entry: number;
}

/** The tables as they are at one icount: before the instruction there. */
export class PagingState {
  private readonly entries: ReadonlyMap<number, EntryWrite>;

  constructor(entries: ReadonlyMap<number, EntryWrite>) {
    this.entries = entries;
  }

  /** The last write of an entry. */
  writer(entry: number): EntryWrite | undefined {
    return this.entries.get(entry);
  }

  /** The entry of a linear address, as far down as the tables go. */
  walk(directory: number, linear: number): EntryWrite | undefined {
    const pde = this.entries.get(frameOf(directory) + (linear >>> 22) * 4);
    if (!pde || !(pde.value & PRESENT) || pde.value & LARGE) return pde;
    return this.entries.get(frameOf(pde.value) + ((linear >>> 12) & 1023) * 4) ?? pde;
  }

  /** Frames of the page tables that a directory names, itself left out. */
  tables(directory: number): number[] {
    const found: number[] = [];
    for (let slot = 0; slot < 1024; slot++) {
      const pde = this.entries.get(frameOf(directory) + slot * 4)?.value ?? 0;
      if ((pde & (PRESENT | LARGE)) === PRESENT && frameOf(pde) !== frameOf(directory))
        found.push(frameOf(pde));
    }
    return found;
  }

  /** Everything that a directory maps, by linear address. */
  mappings(directory: number): Mapping[] {
    const found: Mapping[] = [];
    for (let slot = 0; slot < 1024; slot++) {
      const at = frameOf(directory) + slot * 4;
      const pde = this.entries.get(at)?.value ?? 0;
      if (!(pde & PRESENT)) continue;
      const rights = { writable: (pde & WRITABLE) !== 0, user: (pde & USER) !== 0 };
      const base = slot * 0x400000;
      if (pde & LARGE) {
        found.push({ linear: base, frame: (pde & 0xffc00000) >>> 0, pages: 1024, ...rights, entry: at });
        continue;
      }
      this.addTable(frameOf(pde), base, rights, found);
    }
    return found;
  }

  private addTable(
    table: number,
    base: number,
    rights: { readonly writable: boolean; readonly user: boolean },
    found: Mapping[],
  ): void {
    for (let n = 0; n < 1024; n++) {
      const entry = table + n * 4;
      const pte = this.entries.get(entry)?.value ?? 0;
      if (!(pte & PRESENT)) continue;
      found.push({
        linear: base + n * 4096,
        frame: frameOf(pte),
        pages: 1,
        writable: rights.writable && (pte & WRITABLE) !== 0,
        user: rights.user && (pte & USER) !== 0,
        entry,
      });
    }
  }
}

export const frameOf = (entry: number): number => (entry & ~0xfff) >>> 0;

/** The page tables of a run over time. */
export class Paging {
  private readonly stretches: readonly PagingStretch[];
  private readonly owners: readonly DirectoryOwner[];

  constructor({ paging, owners }: Pick<PageData, 'paging' | 'owners'>) {
    this.stretches = paging;
    this.owners = owners;
  }

  /** The stretch that knows an icount; undefined outside of all. */
  stretchAt(icount: number): PagingStretch | undefined {
    return this.stretches.find(({ from, to }) => icount >= from && icount < to);
  }

  /** The stretches of the run whose page tables are in the page. */
  get known(): readonly PagingStretch[] {
    return this.stretches;
  }

  /** Undefined where the page does not know it. */
  at(icount: number): PagingState | undefined {
    const stretch = this.stretchAt(icount);
    if (!stretch) return undefined;
    const entries = new Map(stretch.start.map((write) => [write.entry, write]));
    for (const write of stretch.writes) {
      if (write.at >= icount) break;
      entries.set(write.entry, write);
    }
    return new PagingState(entries);
  }

  /** The owners of directories at an icount. */
  ownersAt(icount: number): readonly DirectoryOwner[] {
    return this.owners.filter(({ from, to }) => from <= icount && icount < to);
  }

  ownerOf(directory: number, icount: number): string | undefined {
    return this.ownersAt(icount).find((owner) => owner.directory === frameOf(directory))?.name;
  }
}
