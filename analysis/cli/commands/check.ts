import type { Argv } from 'yargs';
import { CHECKS, type Check, checksFor, type Finding, runChecks } from '../../check/checks.ts';
import { DEFAULT_LIMITS, type QueryLimits } from '../../db/limits.ts';
import { EXIT } from '../exit-status.ts';
import { grouped, plural, shellWord } from '../format.ts';
import { openDatabase } from '../open-database.ts';
import { printLines } from '../output.ts';
import { LIMIT_OPTIONS, queryLimits } from '../query-limits.ts';

/** `rewind386 check` */
export const addCheck = (cli: Argv): Argv =>
  cli.command(
    'check <files..>',
    'run every invariant over traces',
    options,
    async ({ files, all, ...limits }) => {
      const paths = files.map(String);
      const { findings, checks } = await checkTraces(paths, queryLimits(limits));
      printLines(describeFindings(findings, checks, paths, all ? Number.POSITIVE_INFINITY : SHOWN));
      process.exitCode = findings.length > 0 ? EXIT.findings : EXIT.ok;
    },
  );

const options = (yargs: Argv) =>
  yargs
    .positional('files', { type: 'string', array: true, demandOption: true, describe: 'the traces' })
    .options({
      all: { type: 'boolean', default: false, describe: 'show every finding of a class' },
      ...LIMIT_OPTIONS,
    })
    .example('$0 check run.r386', 'exit 1 when there is a finding')
    .epilogue(
      `checks: ${CHECKS.map((check) => `${check.title.toLowerCase()} (class ${check.class}, ${check.severity})`).join(', ')}`,
    );

/** Findings of one class shown unless asked for all. */
const SHOWN = 3;

/** What the checks found, and which of them apply to these traces. */
export async function checkTraces(
  paths: readonly string[],
  limits: QueryLimits = DEFAULT_LIMITS,
): Promise<{ findings: Finding[]; checks: readonly Check[] }> {
  const db = await openDatabase(paths, { limits });
  try {
    const findings = await runChecks(db);
    const checks = await checksFor(db);
    await db.writeCache();
    return { findings, checks };
  } finally {
    db.close();
  }
}

/** Findings for people, errors first, each class with its next command. */
export function describeFindings(
  findings: readonly Finding[],
  checks: readonly Check[],
  paths: readonly string[],
  shown: number,
): string[] {
  const lines: string[] = [];
  const bySeverity = [...CHECKS].sort((a, b) => a.severity.localeCompare(b.severity) || a.class - b.class);
  for (const check of bySeverity) {
    const found = findings.filter((finding) => finding.check === check);
    if (found.length > 0) lines.push(...describeClass(check, found, paths, shown));
  }
  const errors = findings.filter(({ check }) => check.severity === 'error').length;
  const warnings = findings.length - errors;
  const verdict =
    findings.length === 0
      ? `clean: ${plural(checks.length, 'check')}, no finding`
      : `${plural(errors, 'error')}, ${plural(warnings, 'warning')} of ${plural(checks.length, 'check')}`;
  const others = CHECKS.length - checks.length;
  const silent =
    others > 0 ? `; ${others} more are about an alternate map, which its profile does not have` : '';
  return [...lines, `${paths.join(', ')}: ${verdict}${silent}`];
}

function describeClass(
  check: Check,
  found: readonly Finding[],
  paths: readonly string[],
  shown: number,
): string[] {
  const lines = found
    .slice(0, shown)
    .flatMap((finding) => [
      `${check.severity.toUpperCase()} ${check.title.toLowerCase()} (class ${check.class}) in ${paths[finding.run]} at icount ${grouped(finding.icount)}`,
      `  ${finding.summary}`,
    ]);
  if (found.length > shown)
    lines.push(`  … and ${plural(found.length - shown, 'more of this class', 'more of this class')}`);
  const [first] = found;
  const file = shellWord(paths[first.run]);
  lines.push(`  next: rewind386 query ${file} ${first.query}`);
  if (check.severity === 'error')
    lines.push(
      `  next: rewind386 replay ${file} --detail stores --from ${first.fromIcount} --until ${first.icount + AFTERMATH} -o stores.r386`,
    );
  if (check.class === HIJACK)
    lines.push(
      `  next: rewind386 replay ${file} --cli ${first.fromIcount}:${first.icount + 1} -o masked.r386`,
    );
  return lines;
}

/** The class that an interrupt causes: without the interrupt it should vanish. */
const HIJACK = 1;
/** Instructions after the finding that the suggested replay records too. */
const AFTERMATH = 1000;
