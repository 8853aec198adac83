import { describe, expect, it } from 'vitest';
import { BUILTIN_PROFILES } from '../../recorder/capture/builtin-profiles.ts';
import { parseProfile, resolveProfile } from '../../recorder/capture/profile.ts';

describe('the profiles that come with the tool', () => {
  it.each(Object.entries(BUILTIN_PROFILES))(
    '%s says its own name and passes its own checks',
    (name, profile) => {
      expect(parseProfile(JSON.stringify(profile), name)).toEqual({ ...profile, name });
    },
  );

  it('find a variable by symbol and offset', () => {
    const symbol = (name: string) => ({ cpus: 0x80110000 })[name];
    expect(resolveProfile(BUILTIN_PROFILES.xv6, symbol, 'xv6').process?.current).toBe(0x801100b8);
    expect(() => resolveProfile(BUILTIN_PROFILES.xv6, () => undefined, 'xv6')).toThrow(
      /no symbol "cpus\+0xb8"/,
    );
  });
});
