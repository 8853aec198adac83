import { CHECKS, type Check } from './catalog.ts';
import type { Finding } from './run-checks.ts';

/** The order in which findings are told. */

/** Classes that tell of the machine's end, what came first before what it led to. */
const DEATHS: readonly string[] = [
  'kernel-fault',
  'triple-fault',
  'panic',
  'bad-exit',
  'exception-loop',
  'halted',
];

export const tellsOfDeath = ({ check }: Finding): boolean => DEATHS.includes(check.class);

/** The order of a report: what led to the death of the machine, its death, other errors, warnings. */
function rankOf({ check, leadsToDeath }: Finding): number {
  if (leadsToDeath) return 0;
  const death = DEATHS.indexOf(check.class);
  if (check.severity === 'warning') return 2 + DEATHS.length;
  return death < 0 ? 1 + DEATHS.length : 1 + death;
}

/** The worst first: the findings of a class stand together, where the worst of them belongs; what stored comes before what only read. */
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
