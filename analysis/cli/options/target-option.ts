import { TARGETS } from '../../explore/target.ts';

/** `--target`: the failure that is looked for. */
export const TARGET = {
  target: {
    choices: TARGETS,
    describe:
      "count only this as a failure: crash (the guest's own death), or a check by its name (default: whichever comes first)",
  },
} as const;
