import type { WindowKind } from '../../schemas/events.ts';
import type { Linear } from '../../schemas/units.ts';

/** The configuration of a machine, and what the recorder knows of its guest. */

export { DEFAULT_CONFIG, type MachineConfig } from '../../schemas/trace/configuration.ts';

/** The place in which a kernel keeps the running process: a pointer's linear address, byte offsets in what it points to. */
export interface ProcessLayout {
  readonly current: number;
  readonly pid: number;
  /** Bytes of the id; 4 unless said. */
  readonly pidBytes?: 2 | 4;
  readonly comm: number;
  /** The pointer is set after CR3 is loaded, so it is read when the kernel returns to user mode, and not with CR3. */
  readonly afterCr3?: boolean;
}

/**
 * A window: something small that code sets, uses for a while and sets again, so that whoever changes it in between takes it away
 * from under its user. What is set is an entry (PTE, PDE), a control register or a word; a window is used by accesses through it.
 */
export interface WindowLayout {
  readonly kind: WindowKind;
  /** `pages` and `slot`: linear address of the first page; `word`: of the word, on a 4-byte boundary; else 0. */
  readonly linear: Linear;
  /** `pages`: how many; else 0. */
  readonly pages: number;
}

/** A guest's address-space layout, as far as the recorder knows it. Resolved to addresses before the run (profile.ts). */
export interface ResolvedProfile {
  readonly name: string;
  /** PDE slot through which the current directory maps itself; -1 when the guest has none. */
  readonly recursiveSlot: number;
  /** PDE slot of the alternate page table map; -1 when the guest has none. */
  readonly alternateSlot: number;
  /** The place to read the running process from on a CR3 load; absent when unknown. */
  readonly process?: ProcessLayout;
  /** Windows besides the alternate map. */
  readonly windows?: readonly (WindowLayout & { readonly name: string })[];
}

export const NO_PROFILE: ResolvedProfile = { name: 'none', recursiveSlot: -1, alternateSlot: -1 };
