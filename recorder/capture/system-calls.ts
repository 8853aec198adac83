import type { TraceProfile } from '../../schemas/trace/profile.ts';
import { recordedProfile } from './profile.ts';

/** The names of system calls in a guest profile. */

export interface ProfileSystemCalls {
  /** Vector of the gate in the IDT; null if calls do not come by INT. */
  readonly vector: number | null;
  /** Selector of the call gate; null if there is none. */
  readonly selector: number | null;
  /** True if arguments are on the program's stack above a return address, as in BSD; otherwise they are in registers, as in Linux. */
  readonly byStack: boolean;
  /** By number. */
  readonly names: ReadonlyMap<number, string>;
}

/** Undefined if the profile has none. */
export function systemCallsOf(profile: Pick<TraceProfile, 'source'>): ProfileSystemCalls | undefined {
  if (profile.source.raw === '') return undefined;
  const { systemCalls } = recordedProfile(profile.source, 'profile');
  if (!systemCalls) return undefined;
  const { selector = null, arguments: by, names } = systemCalls;
  const { vector = selector === null ? 0x80 : null } = systemCalls;
  return {
    vector,
    selector,
    byStack: by === 'stack',
    names: new Map(Object.entries(names).map(([number, name]) => [Number(number), name])),
  };
}
