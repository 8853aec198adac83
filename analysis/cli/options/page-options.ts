import { DISKS } from './disk-option.ts';
import { NAMING_OPTIONS } from './guest-names.ts';
import { LIMIT_OPTIONS } from './query-limits.ts';

/** Options of the commands that make a page of a trace. */
export const PAGE_OPTIONS = {
  replay: {
    type: 'boolean',
    default: true,
    describe:
      'execute the run again, for windows that no profile declares and for the instructions of the worst findings (--no-replay: do not)',
  },
  ...DISKS,
  ...NAMING_OPTIONS,
  ...LIMIT_OPTIONS,
} as const;
