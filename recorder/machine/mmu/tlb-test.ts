import { ACCESSED, DIRTY, PRESENT, USER, WRITABLE } from './bits.ts';
import { TLB_DIRTY, TLB_SUSPECT, TLB_USER, TLB_WRITABLE, type Tlb } from './tlb.ts';

/** Test commands to the TLB by TR6 and TR7 (80386 Programmer's Reference, 12.3). */

/** TR6, the command (80386 Programmer's Reference, figure 12-3): linear page, C and V, and each right as it is and inverted. */
export const TR6_LOOKUP = 0x001;
const TR6_VALID = 0x800;
const RIGHTS = [
  { bit: 0x400, entry: TLB_DIRTY },
  { bit: 0x100, entry: TLB_USER },
  { bit: 0x040, entry: TLB_WRITABLE },
] as const;

/** TR7, the data: frame, whether a look-up hit (or a write says where), and the way in its set. */
const TR7_HIT = 0x010;
const TR7_WAY_SHIFT = 2;

/**
 * Looks for the linear page of TR6 among the entries whose rights are as it asks: for each, by the bit and its inverse, must be 0
 * (01), must be 1 (10), whichever (11). Returns TR7; bits 10 and 11 are PWT and PCD of the PTE (Intel486 manual, 10.4.2).
 */
export function lookUp(tlb: Tlb, tr6: number): number {
  const entry = tlb.find(tr6 >>> 12);
  if (entry < 0) return 0;
  const flags = tlb.flags(entry);
  // The inverse of a right is the bit below it.
  const asked = RIGHTS.every(({ bit, entry: right }) => (tr6 & (flags & right ? bit : bit >> 1)) !== 0);
  if (!asked) return 0;
  const cacheability = (tlb.pte(entry) & 0x18) << 7;
  return (tlb.frame(entry) << 12) | cacheability | TR7_HIT | (tlb.way(entry) << TR7_WAY_SHIFT);
}

/**
 * Writes an entry: in the way that TR7 names if its hit bit is set, else where a miss would fill. No paging entry stands behind it,
 * so its first use is compared with a walk, and recorded as that of a stale translation if they differ.
 */
export function writeEntry(tlb: Tlb, tr6: number, tr7: number): void {
  const vpn = tr6 >>> 12;
  const before = tlb.find(vpn);
  if (before >= 0) tlb.drop(before);
  const entry = tr7 & TR7_HIT ? tlb.vacateWay(vpn, (tr7 >>> TR7_WAY_SHIFT) & 3) : tlb.vacate(vpn);
  if ((tr6 & TR6_VALID) === 0) return;
  let flags = TLB_SUSPECT;
  for (const { bit, entry: right } of RIGHTS) if (tr6 & bit) flags |= right;
  const rights = (flags & TLB_WRITABLE ? WRITABLE : 0) | (flags & TLB_USER ? USER : 0);
  const pde = PRESENT | ACCESSED | rights;
  const pte = (tr7 & ~0xfff) | pde | (flags & TLB_DIRTY ? DIRTY : 0);
  tlb.fill(entry, vpn, { flags, frame: tr7 >>> 12, pte, pde, ptePhysical: -1, pdePhysical: -1 });
}
