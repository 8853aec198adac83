import { describe, expect, it } from 'vitest';
import { BUILTIN_PROFILES } from '../../recorder/capture/builtin-profiles.ts';
import { parseProfile, recordedProfile, resolveProfile } from '../../recorder/capture/profile.ts';
import { untrusted } from '../../schemas/untrusted.ts';

describe('the profiles that come with the tool', () => {
  it.each(Object.entries(BUILTIN_PROFILES))(
    '%s says its own name and passes its own checks',
    (name, profile) => {
      expect(parseProfile(JSON.stringify(profile), name)).toEqual({ ...profile, name });
    },
  );

  it('place the recursive map below the kernel', () => {
    const below = (kernel: number) => (kernel >>> 22) - 1;
    expect(BUILTIN_PROFILES.openbsd.recursiveSlot).toBe(below(0xd0000000));
    expect(BUILTIN_PROFILES.freebsd21.recursiveSlot).toBe(below(0xf0000000));
  });

  it('find a variable by symbol and offset', () => {
    const symbol = (name: string) => ({ cpus: 0x80110000 })[name];
    expect(resolveProfile(BUILTIN_PROFILES.xv6, symbol, 'xv6').process?.current).toBe(0x801100b8);
    expect(() => resolveProfile(BUILTIN_PROFILES.xv6, () => undefined, 'xv6')).toThrow(
      /no symbol "cpus\+0xb8"/,
    );
  });
});

describe('a profile of the user', () => {
  const profile = (fields: object) => () =>
    parseProfile(JSON.stringify({ name: 'mine', ...fields }), 'mine.json');
  const process = { current: 'curproc', pid: 0, comm: 4 };

  it('may have every field', () => {
    const all = {
      ...{ recursiveSlot: 959, alternateSlot: 1023, exitCodes: { '0x10': 'well' }, exitSuccess: ['0x10'] },
      process: { ...process, pidBytes: 2, afterCr3: true },
      systemCalls: { vector: 0x80, selector: 7, arguments: 'stack', names: { '1': 'exit' } },
    };
    expect(profile(all)()).toEqual({ name: 'mine', ...all });
  });

  it('has no other: the error names the one that was meant', () => {
    expect(profile({ recursiveslot: 959 })).toThrow(
      'mine.json: unknown field "recursiveslot" (did you mean recursiveSlot?)',
    );
    expect(profile({ process: { ...process, afterCR3: true } })).toThrow(
      'mine.json: unknown field "process.afterCR3" (did you mean process.afterCr3?)',
    );
    expect(profile({ systemCalls: { selector: 3, names: {} } })).toThrow(
      '"systemCalls.selector" is not the selector of a call gate (4-65535)',
    );
    expect(profile({ colour: 1 })).toThrow(/^mine.json: unknown field "colour"$/);
    expect(profile({ 'a\nb': 1 })).toThrow('"a\\nb"');
  });

  it('is read as it is from a trace, which a later version may have made', () => {
    const later = { name: 'later', direction: 'up' };
    expect(recordedProfile(untrusted(JSON.stringify(later)), 'trace')).toEqual(later);
  });
});
