import { untrusted } from '../../../schemas/untrusted.ts';
import { CHECKS, type Check } from '../../check/catalog.ts';
import type { Finding } from '../../check/run-checks.ts';
import type { QueryLimits } from '../../db/limits.ts';
import { givenNames } from '../options/guest-names.ts';
import { type CheckOptions, checkTraces, type Report } from './check-report.ts';

/** Messages between `check` and its worker processes, as plain values. */

/** CheckOptions in plain values, with the options from which names are made. */
export interface CheckAsked {
  readonly limits: QueryLimits;
  readonly symbols: string | undefined;
  readonly profile: string | undefined;
  readonly executes?: CheckOptions['executes'];
  readonly isPart?: boolean;
}

export interface CheckRequest {
  readonly paths: readonly string[];
  readonly asked: CheckAsked;
}

/** A report in plain values, with checks by name. */
export interface PlainReport extends Omit<Report, 'findings' | 'checks'> {
  readonly findings: readonly (Omit<Finding, 'check' | 'summary'> & {
    readonly check: string;
    readonly summary: string;
  })[];
  readonly checks: readonly string[];
}

/** Runs every check over the traces of a request. Throws what checkTraces throws. */
export const checkAsked = ({
  paths,
  asked: { symbols, profile, ...options },
}: CheckRequest): Promise<Report> =>
  checkTraces(paths, { ...options, names: givenNames({ symbols, profile }) });

export const toPlain = ({ findings, checks, ...report }: Report): PlainReport => ({
  ...report,
  findings: findings.map((finding) => ({
    ...finding,
    check: finding.check.name,
    summary: finding.summary.raw,
  })),
  checks: checks.map(({ name }) => name),
});

export const fromPlain = ({ findings, checks, ...report }: PlainReport): Report => ({
  ...report,
  findings: findings.map((finding) => ({
    ...finding,
    check: checkOf(finding.check),
    summary: untrusted(finding.summary),
  })),
  checks: checks.map(checkOf),
});

function checkOf(name: string): Check {
  const found = CHECKS.find((check) => check.name === name);
  if (!found) throw new Error(`no check is named ${name}`);
  return found;
}
