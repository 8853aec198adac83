import type { Finding } from '../check/run-checks.ts';

/** The stretches of a run that a page has in full: those around its worst findings. */

export interface Near {
  readonly from: number;
  /** Exclusive. */
  readonly to: number;
}

const FINDINGS = 8;
/** Instructions before and after a finding. */
const MARGIN = 20_000;
/** A longer one is shown as the rest of the run is. */
const LONGEST = 2_000_000;

/** Apart, in the order of the run. */
export function nearFindings(findings: readonly Finding[]): Near[] {
  const all = findings.slice(0, FINDINGS).map(({ fromIcount, icount }) => ({
    from: Math.max(0, Math.max(Math.min(fromIcount, icount), icount - LONGEST) - MARGIN),
    to: icount + MARGIN,
  }));
  const apart: Near[] = [];
  for (const one of all.sort((a, b) => a.from - b.from)) {
    const last = apart.at(-1);
    if (last && one.from <= last.to) apart[apart.length - 1] = { ...last, to: Math.max(last.to, one.to) };
    else apart.push(one);
  }
  return apart;
}

/** As the SQL of the report takes them: `from-to from-to`. */
export const nearText = (near: readonly Near[]): string =>
  near.map(({ from, to }) => `${from}-${to}`).join(' ') || '0-0';
