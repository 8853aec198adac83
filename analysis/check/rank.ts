import { CHECKS, type Check, DEATHS, isDeath } from './catalog.ts';
import type { Finding } from './run-checks.ts';

/** The order of findings in reports. */

export const tellsOfDeath = ({ check }: Finding): boolean => isDeath(check);

/** The rank of a finding: causes of the machine's death, its death, other errors, warnings. */
function rankOf({ check, leadsToDeath }: Finding): number {
  if (leadsToDeath) return 0;
  const death = DEATHS.indexOf(check.class);
  if (check.severity === 'warning') return 2 + DEATHS.length;
  return death < 0 ? 1 + DEATHS.length : 1 + death;
}

/**
 * Sorts findings, the worst first. The findings of a class stay together, at the place of the worst; those that stored come before those
 * that only read.
 */
export function ranked(findings: readonly Finding[]): Finding[] {
  const best = new Map<Check, number>();
  for (const finding of findings)
    best.set(finding.check, Math.min(best.get(finding.check) ?? Number.POSITIVE_INFINITY, rankOf(finding)));
  const classRank = ({ check }: Finding) => best.get(check) ?? 0;
  return [...findings].sort(
    (a, b) =>
      classRank(a) - classRank(b) ||
      CHECKS.indexOf(a.check) - CHECKS.indexOf(b.check) ||
      rankOf(a) - rankOf(b) ||
      Number(b.stores > 0) - Number(a.stores > 0) ||
      a.run - b.run ||
      a.icount - b.icount,
  );
}
