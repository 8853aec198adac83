import { type MachineMemory, RAM } from '../layout.ts';
import { GLOBAL, PAGE_SIZE_4M, PRESENT, USER, WRITABLE } from './bits.ts';
import { TLB_DIRTY, TLB_GLOBAL, TLB_LARGE } from './tlb.ts';

/**
 * A walk of the two-level tables (80386 Programmer's Reference, 5.2.3; 4 MB pages: SDM volume 3, 4.3). It only reads;
 * its caller checks rights and sets A and D. The result is kept in fields, to avoid an allocation.
 */
export class Walker {
  pde = 0;
  /** The PTE; the PDE again for a 4 MB page. */
  pte = 0;
  pdePhysical = 0;
  ptePhysical = 0;
  /** The 4 KB frame of the page (for a 4 MB page, of the fragment). */
  frame = 0;
  /** TLB flags: combined rights of both levels, D, large, global. */
  flags = 0;

  /** CR4.PSE and CR4.PGE, kept by the MMU. */
  largePages = false;
  globalPages = false;
  /** Bits of a frame number that reach the bus: all, except address line 20 while it is masked. */
  frameMask = -1;

  private readonly i32: Int32Array;
  private readonly frames: number;

  constructor(mem: MachineMemory) {
    this.i32 = mem.i32;
    this.frames = mem.ramBytes >>> 12;
  }

  /** Entry `index` of the structure in frame `unmasked`. Where there is no memory, the bus reads as ones. */
  entry(unmasked: number, index: number): number {
    const frame = unmasked & this.frameMask;
    return frame < this.frames ? this.i32[(RAM >>> 2) + (frame << 10) + index] : -1;
  }

  /** Translates linear page `vpn` under the directory in frame `directory`; false if an entry is not present. */
  walk(directory: number, vpn: number): boolean {
    const slot = vpn >>> 10;
    const pde = this.entry(directory, slot);
    this.pde = pde;
    this.pdePhysical = (directory << 12) | (slot << 2);
    if ((pde & PRESENT) === 0) return false;
    if (this.largePages && pde & PAGE_SIZE_4M) {
      this.pte = pde;
      this.ptePhysical = this.pdePhysical;
      this.frame = ((pde >>> 22) << 10) | (vpn & 1023);
      this.flags = (pde & (WRITABLE | USER | TLB_DIRTY)) | TLB_LARGE | (this.globalPages ? pde & GLOBAL : 0);
      return true;
    }
    const table = pde >>> 12;
    const index = vpn & 1023;
    const pte = this.entry(table, index);
    this.pte = pte;
    this.ptePhysical = (table << 12) | (index << 2);
    if ((pte & PRESENT) === 0) return false;
    this.frame = pte >>> 12;
    this.flags =
      (pde & pte & (WRITABLE | USER)) | (pte & TLB_DIRTY) | (this.globalPages ? pte & TLB_GLOBAL : 0);
    return true;
  }
}
