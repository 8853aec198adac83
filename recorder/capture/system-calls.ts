import type { TraceProfile } from '../../schemas/trace/profile.ts';
import { recordedProfile } from './profile.ts';

/** System calls as a guest profile names them. */

export interface ProfileSystemCalls {
  /** Vector of the gate. */
  readonly vector: number;
  /** Arguments are on the program's stack above a return address, as in BSD; else in registers, as in Linux. */
  readonly byStack: boolean;
  /** By number. */
  readonly names: ReadonlyMap<number, string>;
}

/** Undefined where a profile says nothing of them. */
export function systemCallsOf(profile: Pick<TraceProfile, 'source'>): ProfileSystemCalls | undefined {
  if (profile.source.raw === '') return undefined;
  const { systemCalls } = recordedProfile(profile.source, 'profile');
  if (!systemCalls) return undefined;
  const { vector = 0x80, arguments: by, names } = systemCalls;
  return {
    vector,
    byStack: by === 'stack',
    names: new Map(Object.entries(names).map(([number, name]) => [Number(number), name])),
  };
}
