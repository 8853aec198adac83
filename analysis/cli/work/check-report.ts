import type { Names } from '../../../replayer/trace/trace-reader.ts';
import { BadInput } from '../../../schemas/bad-input.ts';
import { BY_INTERRUPT, CHECKS, type Check } from '../../check/catalog.ts';
import { ranked } from '../../check/rank.ts';
import { type Finding, rankedFor, runChecks } from '../../check/run-checks.ts';
import { applicable, type RunFacts, runFacts } from '../../check/run-facts.ts';
import { DEFAULT_LIMITS, type QueryLimits } from '../../db/limits.ts';
import type { TraceDatabase } from '../../db/trace-database.ts';
import { type Hint, hintsOf } from '../../ending/hints.ts';
import { describeHint } from '../report/hint-text.ts';
import { grouped, plural, shellWord } from '../terminal/format.ts';
import { type Discovery, discoverWindows } from './discover-windows.ts';
import { openDatabase } from './open-database.ts';

/** Checks traces and reports the findings, for `check` and `demo`. */

/** The result of checking traces. */
export interface Report {
  readonly paths: readonly string[];
  /** The worst first. */
  readonly findings: readonly Finding[];
  /** The checks that could apply. */
  readonly checks: readonly Check[];
  /** By trace. */
  readonly runs: readonly RunFacts[];
  readonly hints: readonly (readonly Hint[])[];
}

export interface CheckOptions {
  readonly limits?: QueryLimits;
  readonly names?: Names | undefined;
  /** True if runs may be executed again to examine undeclared windows. */
  readonly executes?: { readonly disks: readonly string[] } | undefined;
  /** True if other processes check other traces at the same time: no more of them are started. */
  readonly isPart?: boolean;
}

/** True if undeclared windows have been searched. */
const isLooked = (discovery: Discovery | undefined): boolean => discovery !== undefined && !discovery.hint;

/** Runs every check. Throws BadInput for a trace with nothing to check. */
export async function checkTraces(
  paths: readonly string[],
  { limits = DEFAULT_LIMITS, ...options }: CheckOptions = {},
): Promise<Report> {
  const reports: Report[] = [];
  for (let first = 0; first < paths.length; first += AT_ONCE)
    reports.push(await checkSome(paths.slice(first, first + AT_ONCE), { limits, ...options }));
  return joined(reports);
}

/** Merges reports as if the traces had been checked together. */
export function joined(reports: readonly Report[]): Report {
  if (reports.length === 1) return reports[0];
  let before = 0;
  const findings = reports.flatMap((report) => {
    const first = before;
    before += report.paths.length;
    return report.findings.map((finding) => ({ ...finding, run: finding.run + first }));
  });
  return {
    paths: reports.flatMap(({ paths }) => paths),
    findings: ranked(findings),
    checks: CHECKS.filter((check) => reports.some(({ checks }) => checks.includes(check))),
    runs: reports.flatMap(({ runs }) => runs),
    hints: reports.flatMap(({ hints }) => hints),
  };
}

interface Settled extends CheckOptions {
  readonly limits: QueryLimits;
}

/** Checks the traces of one database. */
async function checkSome(paths: readonly string[], settled: Settled): Promise<Report> {
  const { limits, names, isPart } = settled;
  const db = await openDatabase(paths, { limits, names, ...(isPart ? { prepareElsewhere: undefined } : {}) });
  try {
    return await checkDatabase(db, paths, settled);
  } finally {
    db.close();
  }
}

/** Like checkTraces, for traces that are already open; `paths` in the order of the database. */
export async function checkDatabase(
  db: TraceDatabase,
  paths: readonly string[],
  { limits = DEFAULT_LIMITS, names, executes }: CheckOptions = {},
): Promise<Report> {
  const runs = await runFacts(db);
  for (const [n, run] of runs.entries()) refuseEmpty(paths[n], run);
  const found = await runChecks(db);
  const discovered =
    executes === undefined ? [] : await discoverWindows(db, paths, { limits, names, ...executes });
  const looked = runs.map((run, n) => ({ ...run, hasWindow: run.hasWindow || isLooked(discovered[n]) }));
  const more = discovered.flatMap((one) => one.findings);
  const findings = more.length === 0 ? found : await rankedFor(db, [...found, ...more]);
  const hints = db.readers.map((reader, n) => [
    ...hintsOf(reader),
    ...(discovered[n]?.hint ? [discovered[n].hint] : []),
  ]);
  return { paths, findings, checks: applicable(looked), runs, hints };
}

/** Maximum traces per database: checking more of them together is slower than one batch after another. */
export const AT_ONCE = 8;

/** Throws BadInput for a trace without events, which cannot be called clean. */
function refuseEmpty(path: string, { detail, torn, exit, exitCode, instructions }: RunFacts): void {
  const end = exitCode === undefined ? '' : `; the guest ended with exit code 0x${exitCode.toString(16)}`;
  if (instructions === 0)
    throw new BadInput(`${path}: nothing recorded to check: ${torn ?? 'no instruction was executed'}`);
  if (detail !== 'off') return;
  const ended = exit === 'shutdown' ? '; the processor shut down' : end;
  throw new BadInput(
    `${path}: nothing recorded to check: --detail off records inputs only${ended}`,
    `rewind386 replay ${shellWord(path)} --detail stores -o stores.r386`,
  );
}

/** The findings as text, the worst first, each class with its next command; then the verdict. */
export function describeReport(report: Report, shown: number): string[] {
  const { findings, paths } = report;
  const lines: string[] = [];
  for (const check of new Set(findings.map((finding) => finding.check))) {
    const found = findings.filter((finding) => finding.check === check);
    lines.push(...describeClass(check, found, paths, shown));
  }
  for (const [n, hints] of report.hints.entries())
    for (const hint of hints) lines.push(...describeHint(hint, paths.length > 1 ? paths[n] : undefined));
  return [
    ...lines,
    `${paths.length > NAMED ? plural(paths.length, 'trace') : paths.join(', ')}: ${verdict(report)}`,
  ];
}

/** Maximum traces named; more are counted. */
const NAMED = 8;

/** The verdict. Only complete traces are called clean; otherwise it states what is missing. */
export function verdict({ findings, checks, runs }: Report): string {
  const errors = findings.filter(({ check }) => check.severity === 'error').length;
  const others = inapplicable(checks).join(', ');
  const could = `${checks.length} of ${plural(CHECKS.length, 'check')} could apply${others ? ` (${others})` : ''}`;
  const missing = runs.flatMap(({ torn }) => (torn === undefined ? [] : [torn]));
  const rest = missing.map((text) => `; ${text}`).join('');
  if (findings.length > 0)
    return `${plural(errors, 'error')}, ${plural(findings.length - errors, 'warning')}; ${could}${rest}`;
  const word = missing.length > 0 ? 'no finding, but the trace is incomplete' : 'clean';
  return `${word}: ${could}, no finding${upTo(runs)}${rest}`;
}

/** A note for runs that were stopped from outside, whose further course is unknown. */
function upTo(runs: readonly RunFacts[]): string {
  const stopped = runs.filter(({ exit }) => exit === 'limit' || exit === 'interrupted');
  if (stopped.length === 0) return '';
  const ends = stopped.map(({ instructions }) => instructions);
  const [first, last] = [Math.min(...ends), Math.max(...ends)];
  const where =
    first === last ? `icount ${grouped(last)}` : `icounts from ${grouped(first)} to ${grouped(last)}`;
  const who = runs.length === 1 ? 'the run was' : plural(stopped.length, 'run was', 'runs were');
  return ` up to ${where}, where ${who} stopped`;
}

function inapplicable(checks: readonly Check[]): string[] {
  const others = CHECKS.filter((check) => !checks.includes(check));
  const about = (needs: Check['needs']) => others.filter((check) => check.needs === needs).length;
  const map = about('alternate_map');
  const window = about('window');
  const end = about('end');
  return [
    ...(map > 0 ? [`${map} concern an alternate map, which the profile does not have`] : []),
    ...(window > 0 ? [`${window} concern windows, and the profile declares none`] : []),
    ...(end > 0 ? [`${end} concern the end of the run, which the trace does not have`] : []),
  ];
}

/** The class in parentheses, if it is a numbered one of docs/queries.md. */
const classWords = ({ class: name }: Check): string => (/^\d/.test(name) ? ` (class ${name})` : '');

function describeClass(
  check: Check,
  found: readonly Finding[],
  paths: readonly string[],
  shown: number,
): string[] {
  const lines = found
    .slice(0, shown)
    .flatMap((finding) => [
      `${check.severity.toUpperCase()} ${check.title.toLowerCase()}${classWords(check)} in ${paths[finding.run]} at icount ${grouped(finding.icount)}`,
      `  ${finding.summary}`,
      ...(finding.leadsToDeath
        ? ['  it wrote the page-table entry behind the address that the machine died of']
        : []),
    ]);
  if (found.length > shown)
    lines.push(`  … and ${plural(found.length - shown, 'more of this class', 'more of this class')}`);
  const undeclared = [...new Set(found.flatMap(({ window }) => window ?? []))];
  if (undeclared.length > 0)
    lines.push(
      '  found by executing the run again; a profile that declares it records it at once:',
      `  "windows": [${undeclared.join(', ')}]`,
    );
  return [...lines, ...nextCommands(check, found[0], paths[found[0].run])];
}

export function nextCommands(check: Check, first: Finding, path: string): string[] {
  const file = shellWord(path);
  const lines = [
    first.query !== undefined
      ? `  next: rewind386 query ${file} ${first.query}`
      : first.window !== undefined
        ? `  next: rewind386 replay ${file} --window ${shellWord(first.window)} -o windows.r386`
        : `  next: rewind386 debug ${file} --at ${first.icount}`,
  ];
  const { fromIcount, icount } = first;
  const from = fromIcount < icount ? fromIcount : Math.max(0, icount - AFTERMATH);
  if (check.severity === 'error')
    lines.push(
      `  next: rewind386 replay ${file} --detail stores --from ${from} --until ${first.icount + AFTERMATH} -o stores.r386`,
    );
  if (BY_INTERRUPT.includes(check.class))
    lines.push(
      `  next: rewind386 replay ${file} --cli ${first.fromIcount}:${first.icount + 1} -o masked.r386`,
    );
  return lines;
}

/** The commands of one finding, for a page: the query, a replay of its stores, its call stack, the debugger, the run without the interrupt. */
export function findingCommands(finding: Finding, number: number, path: string): string[] {
  const [first, ...rest] = nextCommands(finding.check, finding, path).map((line) =>
    line.replace(/^ *next: /, ''),
  );
  const debug = `rewind386 debug ${shellWord(path)} --finding ${number}`;
  const stack = `rewind386 stack ${shellWord(path)} --finding ${number}`;
  const masked = rest.filter((line) => line.includes(' --cli '));
  const stores = rest.filter((line) => !masked.includes(line));
  return [...(first.startsWith('rewind386 debug ') ? [] : [first]), ...stores, stack, debug, ...masked];
}

/** Instructions after the finding that the suggested replay also records, and before a finding without a known begin. */
const AFTERMATH = 1000;
