import { type GuestProfile, recordedProfile } from '../../recorder/capture/profile.ts';
import type { TraceExit } from '../../schemas/trace/footer.ts';
import type { TraceHeader } from '../../schemas/trace/header.ts';

/** The meaning of the code that a guest wrote to its exit port, by its profile. */

/** The profile of a trace as its author wrote it; undefined when there was none. */
export const profileOf = ({ profile }: Pick<TraceHeader, 'profile'>): GuestProfile | undefined =>
  profile.source.raw ? recordedProfile(profile.source, 'the profile in the trace') : undefined;

/** The built-in guest's, whose profile did not say in version 0.2 and before. */
const BUILTIN = 'bsd96';
const BUILTIN_SUCCESS = 0x10;

/** Codes at the exit port that mean success: those asked for, or what the profile says, or 0. */
export function successCodes({
  expectedExits,
  profile,
}: Pick<TraceHeader, 'expectedExits' | 'profile'>): readonly number[] {
  if (expectedExits) return expectedExits;
  const written = profileOf({ profile })?.exitSuccess;
  if (written) return written.map(Number);
  return profile.name.raw === BUILTIN ? [BUILTIN_SUCCESS] : [0];
}

/** Whoever recorded the guest said that it would end so. */
export const isMeant = (
  { expectedExits }: Pick<TraceHeader, 'expectedExits'>,
  exit: TraceExit | undefined,
): boolean => exit?.kind === 'exit' && expectedExits?.includes(exit.code) === true;
