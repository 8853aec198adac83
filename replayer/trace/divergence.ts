import type { TraceDamage } from '../../schemas/trace/framing.ts';
import type { Icount } from '../../schemas/units.ts';

/** Divergences: the first difference between a replay and its recording, with the text of its report. */

/** The first place at which a replay differs from its recording. */
export interface Divergence {
  /** The first icount known to differ. */
  readonly icount: Icount;
  /** The last rung of the ladder that agrees; the cause lies between it and `icount`. */
  readonly since: number;
  /** `cpu`, `ram`, `tlb`, `disk`, a device, `events:KIND`, `input`, `exit`, `image`, or `trace` for a damaged file. */
  readonly subsystem: string;
  readonly expected: string;
  readonly actual: string;
  /** Other subsystems that differ at this icount. */
  readonly also: readonly string[];
  /** The damaged part of the file, if any; then perhaps only the file differs, not the run. */
  readonly damage: string | undefined;
  /** The next command to run. */
  readonly next: string;
}

export type DivergenceFacts = Pick<Divergence, 'icount' | 'subsystem' | 'expected' | 'actual'> & {
  readonly also?: readonly string[];
  /** For events: a command that shows the recorded ones around. */
  readonly kind?: string;
};

/** Thrown to stop the machine at the first difference; its further execution would be meaningless. */
export class DivergenceFound extends Error {
  override readonly name = 'DivergenceFound';
  readonly facts: DivergenceFacts;

  constructor(facts: DivergenceFacts) {
    super(`${facts.subsystem} differs at icount ${facts.icount}`);
    this.facts = facts;
  }
}

/** Completes the report with the part that agreed and the next command. */
export function divergence(
  facts: DivergenceFacts,
  since: number,
  file: string,
  damage?: TraceDamage,
): Divergence {
  const { icount, subsystem, expected, actual, also = [] } = facts;
  return {
    icount,
    since,
    subsystem,
    expected,
    actual,
    also,
    damage: damage && `${damage.part}: ${damage.what}`,
    next: nextCommand(facts, since, file),
  };
}

function nextCommand({ icount, kind }: DivergenceFacts, since: number, file: string): string {
  if (kind) {
    const sql = `SELECT * FROM ${kind} WHERE icount BETWEEN ${Math.max(0, icount - 1000)} AND ${icount + 1000}`;
    return `rewind386 query ${file} --sql "${sql}"`;
  }
  return since > 0 ? `rewind386 replay ${file} --until ${since}` : `rewind386 info ${file}`;
}

export const damageFacts = (damage: TraceDamage): DivergenceFacts => ({
  icount: damage.icount,
  subsystem: 'trace',
  expected: `${damage.part}, undamaged`,
  actual: `${damage.part}: ${damage.what}`,
});
