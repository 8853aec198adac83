import type { TraceExit } from '../../schemas/trace/footer.ts';
import type { Finding } from '../check/run-checks.ts';

/**
 * The fate of the findings of a recording in one made from it. Two findings are the same when the same check says the
 * same of them but for the time: who did it, in which functions, and to which address spaces.
 */
export interface Verdict {
  /** Of the first recording; those before the change are in both, and are left out. */
  readonly vanished: readonly Finding[];
  /** Of the first recording, from where the second one was stopped: what would have become of them nobody saw. */
  readonly unreached: readonly Finding[];
  readonly still: readonly { readonly before: Finding; readonly now: Finding }[];
  /** Of the second recording alone, in the time that both have. */
  readonly arisen: readonly Finding[];
  /** Of the second recording, from where the first one ended: these say nothing about the change. */
  readonly later: readonly Finding[];
}

/**
 * `findings` of both: run 0 is the first recording, run 1 the one made from it. `stoppedAt`: where that was stopped from
 * outside; one that ended by itself has reached all that it was to reach.
 */
export function compareFindings(
  findings: readonly Finding[],
  changedAt: number,
  parentEnd: number,
  stoppedAt = Number.POSITIVE_INFINITY,
): Verdict {
  const after = findings.filter(({ icount }) => icount >= changedAt);
  const unmatched = after.filter(({ run }) => run === 1);
  const gone: Finding[] = [];
  const still: { before: Finding; now: Finding }[] = [];
  for (const before of after.filter(({ run }) => run === 0)) {
    const at = unmatched.findIndex((now) => signature(now) === signature(before));
    if (at < 0) gone.push(before);
    else still.push({ before, now: unmatched.splice(at, 1)[0] });
  }
  return {
    vanished: gone.filter(({ icount }) => icount < stoppedAt),
    unreached: gone.filter(({ icount }) => icount >= stoppedAt),
    still,
    arisen: unmatched.filter(({ icount }) => icount < parentEnd),
    later: unmatched.filter(({ icount }) => icount >= parentEnd),
  };
}

/**
 * Times stand in summaries as `icount N`, and before the accesses of a list (`N W ADDRESS=VALUE`); offsets in functions
 * follow a symbol. An interrupt that comes a few instructions later in the same function makes the same accident.
 */
const signature = ({ check, summary }: Finding): string =>
  [check.name, summary]
    .join(' ')
    .replaceAll(/icount \d+/g, 'icount')
    .replaceAll(/\b\d+ (?=[RWX] )/g, '')
    .replaceAll(/\+0x[0-9a-f]+\b/g, '');

/** Two runs end alike: for the same reason, and with the same code. A recording that is torn has no end to compare with. */
export const endsAlike = (before: TraceExit | undefined, now: TraceExit): boolean =>
  before !== undefined &&
  before.kind === now.kind &&
  before.code === now.code &&
  before.message === now.message;
