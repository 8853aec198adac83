import { TraceReader } from '../../../replayer/trace/trace-reader.ts';
import { BadInput } from '../../../schemas/bad-input.ts';
import { CHECKS, type NEEDS } from '../../check/catalog.ts';
import { checkNamed, shortName } from '../../check/names.ts';
import type { Target } from '../../explore/target.ts';
import { shellWord } from '../terminal/format.ts';

/** `--target`: the failure that is looked for. */

const TARGETS: readonly Target[] = ['crash', ...CHECKS.map(shortName)];

export const TARGET = {
  target: {
    choices: TARGETS,
    // The number of a check may be left out.
    coerce: (name: Target): Target => {
      const check = checkNamed(name);
      return check ? shortName(check) : name;
    },
    requiresArg: true,
    describe:
      "count only this as a failure: crash (the guest's own death), or what this check finds (default: whichever hijack, panic or bad end comes first)",
  },
} as const;

/** Throws BadInput if the check of the target cannot find anything in runs of this trace. */
export function demandApplicable(target: Target | undefined, file: string, name: string): void {
  if (target === undefined) return;
  const check = checkNamed(target);
  const reader = TraceReader.open(file);
  reader.close();
  const { machine, profile } = reader.header;
  if (machine.detail === 'off')
    throw new BadInput(
      `${name} was recorded with --detail off, and without events nothing is found of --target ${target}`,
      `rewind386 replay ${shellWord(file)} --detail paging -o whole.r386`,
    );
  const missing: Readonly<Record<(typeof NEEDS)[number], string | undefined>> = {
    alternate_map:
      profile.alternateSlot < 0 ? 'an alternate map, which its profile does not have' : undefined,
    window:
      (profile.windows ?? []).length === 0
        ? 'windows: its profile declares none, and none was discovered'
        : undefined,
    // A branch of the run has an end, whether the recording has one or not.
    end: undefined,
  };
  const about = check?.needs && missing[check.needs];
  if (about)
    throw new BadInput(
      `${name}: --target ${target} concerns ${about}`,
      'declare it (docs/guest-profile.md), or give another target',
    );
}
