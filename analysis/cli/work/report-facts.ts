import type { Report } from './check-report.ts';

/** The findings of the checks, as plain values for programs: `check --json`. Texts are exact. */
export function reportFacts({ paths, findings, checks, runs, hints }: Report): object {
  const count = (severity: string) => findings.filter(({ check }) => check.severity === severity).length;
  return {
    // Only complete traces can be called clean.
    clean: findings.length === 0 && runs.every(({ torn }) => torn === undefined),
    errors: count('error'),
    warnings: count('warning'),
    traces: paths.map((file, n) => ({
      file,
      end: runs[n].exit,
      exit_code: runs[n].exitCode ?? null,
      icount: runs[n].instructions,
      torn: runs[n].torn ?? null,
      hints: hints[n].map(({ text, next }) => ({ text, next: next ?? null })),
    })),
    checks: checks.map(({ name }) => name),
    findings: findings.map(
      ({ check, run, icount, fromIcount, uses, stores, summary, query, leadsToDeath, window }) => ({
        check: check.name,
        title: check.title,
        class: check.class,
        severity: check.severity,
        file: paths[run],
        icount,
        from_icount: fromIcount,
        uses,
        stores,
        summary,
        query: query ?? null,
        leads_to_death: leadsToDeath,
        ...(window === undefined ? {} : { window: JSON.parse(window) }),
      }),
    ),
  };
}
