/** Bits of CR0 and CR4 (80386 Programmer's Reference, 4.1.3; Intel486 and Pentium Pro manuals, volume 3, 2.5). */

export const CR0_PE = 1;
export const CR0_MP = 2;
export const CR0_EM = 4;
export const CR0_TS = 8;
/** Always 1 on a processor that could have a 387. */
export const CR0_ET = 0x10;
export const CR0_NE = 0x20;
export const CR0_WP = 0x10000;
export const CR0_AM = 0x40000;
export const CR0_NW = 0x20000000;
export const CR0_CD = 0x40000000;
export const CR0_PG = 0x80000000 | 0;

export const CR4_VME = 0x001;
export const CR4_PVI = 0x002;
export const CR4_TSD = 0x004;
export const CR4_DE = 0x008;
export const CR4_PSE = 0x010;
export const CR4_MCE = 0x040;
export const CR4_PGE = 0x080;
export const CR4_PCE = 0x100;
