import type { ProfileLayout, WindowLayout } from '../../schemas/trace/profile.ts';

/** The configuration of a machine, and the layout of its guest. */

export { DEFAULT_CONFIG, type MachineConfig } from '../../schemas/trace/configuration.ts';
export type { ProcessLayout, WindowLayout } from '../../schemas/trace/profile.ts';

/** A guest's address-space layout, resolved to addresses before the run (profile.ts). */
export interface ResolvedProfile extends ProfileLayout {
  readonly name: string;
  /** Windows other than the alternate map. */
  readonly windows?: readonly (WindowLayout & { readonly name: string })[];
}

export const NO_PROFILE: ResolvedProfile = { name: 'none', recursiveSlot: -1, alternateSlot: -1 };
