import { printableJson } from '../../../schemas/untrusted.ts';
import type { Finding } from '../../check/run-checks.ts';
import { csvLine } from '../../db/results.ts';
import type { Report } from './check-report.ts';
import { reportFacts } from './report-facts.ts';
import { quoted } from './xml.ts';

/** The findings of `check` for programs: JSON, CSV, and JUnit XML for CI systems. */

export const CHECK_FORMATS = ['text', 'json', 'csv', 'junit'] as const;

export const asJson = (report: Report): string[] => printableJson(reportFacts(report), 2).split('\n');

/** CSV: a header line, then one line per incident, the worst first. */
export function asCsv({ findings, paths }: Report): string[] {
  const names = ['file', 'severity', 'class', 'check', 'icount', 'from_icount', 'uses', 'stores'];
  const rows = findings.map(
    ({ check, run, icount, fromIcount, uses, stores, leadsToDeath, summary, query }) => [
      ...[paths[run], check.severity, check.class, check.name, icount, fromIcount, uses, stores],
      ...[leadsToDeath, String(summary), query ?? null],
    ],
  );
  return [[...names, 'leads_to_death', 'summary', 'query'], ...rows].map((row) => csvLine(row, false));
}

/**
 * JUnit XML: one test suite per trace, one test per applicable check, which fails with the errors, or with the warnings if there are only
 * warnings. A torn trace has an additional failed test, because its missing part was not checked.
 */
export function asJunit(report: Report): string[] {
  const suites = report.paths.flatMap((path, run) => suite(report, path, run));
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<testsuites name="rewind386 check">',
    ...suites,
    '</testsuites>',
  ];
}

function suite({ findings, checks, runs }: Report, path: string, run: number): string[] {
  const { torn } = runs[run];
  const own = findings.filter((finding) => finding.run === run);
  const failed = new Set(own.map(({ check }) => check)).size + (torn === undefined ? 0 : 1);
  const tests = checks.flatMap((check) => {
    const head = `    <testcase classname=${quoted(path)} name=${quoted(`${check.title} (class ${check.class})`)}`;
    const found = own.filter((finding) => finding.check === check);
    return found.length === 0 ? [`${head}/>`] : [`${head}>`, ...found.map(failure), '    </testcase>'];
  });
  const whole = `    <testcase classname=${quoted(path)} name="the trace is complete"`;
  return [
    `  <testsuite name=${quoted(path)} tests="${checks.length + 1}" failures="${failed}">`,
    ...tests,
    ...(torn === undefined
      ? [`${whole}/>`]
      : [`${whole}>`, `      <failure type="torn" message=${quoted(torn)}/>`, '    </testcase>']),
    '  </testsuite>',
  ];
}

const failure = ({ check, icount, summary }: Finding): string =>
  `      <failure type="${check.severity}" message=${quoted(`icount ${icount}: ${summary}`)}/>`;
