import type { Argv } from 'yargs';
import { CHECKS } from '../../check/catalog.ts';
import { DISKS } from '../options/disk-option.ts';
import { NAMING_OPTIONS } from '../options/guest-names.ts';
import { LIMIT_OPTIONS, queryLimits } from '../options/query-limits.ts';
import { TRACE_FILES, traceFiles } from '../options/trace-files.ts';
import { EXIT } from '../report/exit-status.ts';
import { printLines } from '../terminal/output.ts';
import { asCsv, asJson, asJunit, CHECK_FORMATS } from '../work/check-formats.ts';
import { checkMany } from '../work/check-many.ts';
import { describeReport, type Report } from '../work/check-report.ts';

/** `rewind386 check`: runs the checks on traces and reports the findings. */
export const addCheck = (cli: Argv): Argv =>
  cli.command(
    'check <files..>',
    'run every check on traces',
    options,
    async ({ files, all, json, format, replay, disk, symbols, profile, ...limits }) => {
      const report = await checkMany(traceFiles(files.map(String)), {
        limits: queryLimits(limits),
        symbols,
        profile,
        ...(replay ? { executes: { disks: disk } } : {}),
      });
      const shown = all ? Number.POSITIVE_INFINITY : SHOWN;
      printLines(FORMATS[json ? 'json' : format](report, shown));
      process.exitCode = report.findings.length > 0 ? EXIT.findings : EXIT.ok;
    },
  );

const FORMATS: Readonly<Record<(typeof CHECK_FORMATS)[number], (report: Report, shown: number) => string[]>> =
  { text: describeReport, json: asJson, csv: asCsv, junit: asJunit };

const options = (yargs: Argv) =>
  yargs
    .positional('files', TRACE_FILES)
    .options({
      all: { type: 'boolean', default: false, describe: 'show every finding of a class' },
      format: {
        choices: CHECK_FORMATS,
        default: 'text' as const,
        describe: 'text for people; json, csv or junit (XML) with every finding',
      },
      json: { type: 'boolean', default: false, describe: 'the same as --format json' },
      replay: {
        type: 'boolean',
        default: true,
        describe: 'execute the run again to examine windows that no profile declares',
      },
      ...DISKS,
      ...NAMING_OPTIONS,
      ...LIMIT_OPTIONS,
    })
    .example('$0 check run.r386', 'exit 1 if there is a finding, 2 if there is nothing to check')
    .epilogue(
      `checks: ${CHECKS.map((check) => `${check.title.toLowerCase()} (class ${check.class}, ${check.severity})`).join(', ')}`,
    );

/** Maximum findings shown per class without --all. */
const SHOWN = 3;
