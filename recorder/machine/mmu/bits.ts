/** Bits of paging-structure entries, page-fault codes and control registers that the MMU uses. */

/** Entry bits: 80386 Programmer's Reference, 5.2.4; PS and G: SDM volume 3, 4.3. */
export const PRESENT = 0x001;
export const WRITABLE = 0x002;
export const USER = 0x004;
export const ACCESSED = 0x020;
export const DIRTY = 0x040;
export const PAGE_SIZE_4M = 0x080;
export const GLOBAL = 0x100;

/**
 * A change outside these bits cannot make a cached translation differ from a fresh walk; a cleared D bit can besides
 * (`Mmu.judge`).
 */
export const TRANSLATION_BITS = ~(0xe00 | GLOBAL | DIRTY | ACCESSED | 0x18);

/** Page-fault error code: 80386 Programmer's Reference, figure 9-8. */
export const PF_PROTECTION = 1;
export const PF_WRITE = 2;
export const PF_USER = 4;
export const PAGE_FAULT = 14;

/** Kinds of access, in the order of ACCESS in schemas/events.ts. */
export const READ = 0;
export const WRITE = 1;
export const EXECUTE = 2;
export type Access = typeof READ | typeof WRITE | typeof EXECUTE;

/** In the order of VIA. */
export const VIA_PHYSICAL = 0;
export const VIA_DIRECT = 1;
export const VIA_RECURSIVE = 2;
export const VIA_ALTERNATE = 3;

/** In the order of WRITE_SOURCE. */
export const FROM_STORE = 0;
export const FROM_WALK = 1;
export const FROM_DMA = 2;
export const FROM_POKE = 4;
export const FROM_ADOPTION = 3;

/** In the order of PAGING_LEVEL. */
export const LEVEL_PDE = 1;
export const LEVEL_PTE = 2;

/** In the order of CONTROL_REGISTER. */
export const REG_CR3 = 3;
export const REG_CR4 = 4;

/** In the order of APTD_OP, and of WINDOW_OP. */
export const WINDOW_WRITE = 0;
export const WINDOW_CHECK = 1;

/** In the order of TLB_OP. */
export const TLB_INVLPG = 0;
export const TLB_FLUSH = 1;
export const TLB_STALE_USE = 2;
