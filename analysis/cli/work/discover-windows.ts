import { TraceWriter } from '../../../recorder/capture/trace-writer.ts';
import type { Names } from '../../../replayer/trace/trace-reader.ts';
import { BadInput } from '../../../schemas/bad-input.ts';
import { MAX_WINDOWS } from '../../../schemas/trace/limits.ts';
import type { TraceWindow } from '../../../schemas/trace/profile.ts';
import { untrusted } from '../../../schemas/untrusted.ts';
import { CHECKS } from '../../check/catalog.ts';
import { type Finding, runCheck } from '../../check/run-checks.ts';
import { TraceCache } from '../../db/cache.ts';
import type { QueryLimits } from '../../db/limits.ts';
import type { TraceDatabase } from '../../db/trace-database.ts';
import { traceLength } from '../report/trace-length.ts';
import { plural, shellWord } from '../terminal/format.ts';
import { note } from '../terminal/progress.ts';
import { openDatabase } from './open-database.ts';
import { divergenceReport, replayTrace } from './replay-trace.ts';

/**
 * Windows that no profile declares. A trace shows which entries an interrupt changed under kernel code that had set them
 * (window_candidates), but not whether the code used them in between: the run is executed again with these windows declared, and the
 * window checks decide. The result is kept in the cache.
 */

/** The findings of one trace, or the reason that the run could not be executed again. */
export interface Discovery {
  readonly findings: readonly Finding[];
  readonly hint?: { readonly name: 'window'; readonly text: string; readonly next: string };
}

/** The trace that `discoverWindows` made of the same run with its candidates declared; undefined if there was none. */
export const discoveredTrace = (path: string): string | undefined =>
  new TraceCache(path, () => {}).find(KEPT);

interface Candidate {
  readonly window: TraceWindow;
  readonly incidents: number;
  readonly lastIcount: number;
}

export interface DiscoverOptions {
  readonly limits: QueryLimits;
  readonly names: Names | undefined;
  readonly disks: readonly string[];
}

/** Increase it when other candidates are found or recorded; kept results are then made again. */
const VERSION = 1;
const KEPT = `windows-${VERSION}.r386`;
/** Of the whole run. */
const ALL = `all-${KEPT}`;
/** Maximum instructions executed again: a file may claim any number, and `check` must end. */
const LONGEST = 5e9;

/** Examines every trace of a database; executes those with candidates again. */
export async function discoverWindows(
  db: TraceDatabase,
  paths: readonly string[],
  options: DiscoverOptions,
): Promise<Discovery[]> {
  const candidates = await readCandidates(db, paths.length);
  const found: Discovery[] = [];
  for (const [run, path] of paths.entries())
    found.push(
      candidates[run].length === 0 ? { findings: [] } : await lookInto(path, run, candidates[run], options),
    );
  return found;
}

/** A trace of the whole run with its candidates declared, their declarations, and how many are left out. Undefined if there are none. */
export async function withDiscovered(
  path: string,
  disks: readonly string[],
): Promise<
  { readonly file: string; readonly windows: readonly string[]; readonly left: number } | undefined
> {
  const db = await openDatabase([path]);
  const [candidates] = await readCandidates(db, 1).finally(() => db.close());
  if (candidates.length === 0) return undefined;
  const watched = apart(candidates);
  const file = await recordAgain(path, watched, { disks, until: traceLength(path), name: ALL });
  const windows = watched.map(({ window }) => declaration(window));
  return { file, windows, left: candidates.length - watched.length };
}

async function readCandidates(db: TraceDatabase, runs: number): Promise<Candidate[][]> {
  const rows = await db.query('SELECT run_id, kind, linear, incidents, last_icount FROM window_candidates');
  const byRun: Candidate[][] = Array.from({ length: runs }, () => []);
  for (const { run_id, kind, linear, incidents, last_icount } of rows.getRowObjectsJson()) {
    const of = byRun[Number(run_id)];
    const window = windowOf(String(kind) as TraceWindow['kind'], Number(linear));
    // Each address space may have its own entry for a page.
    const same = of.findIndex((other) => other.window.name.raw === window.name.raw);
    const { incidents: before = 0, lastIcount = 0 } = of[same] ?? {};
    of[same < 0 ? of.length : same] = {
      window,
      incidents: before + Number(incidents),
      lastIcount: Math.max(lastIcount, Number(last_icount)),
    };
  }
  return byRun;
}

/** The candidates that one machine can watch: windows must not overlap, and their number is limited. */
const apart = (candidates: readonly Candidate[]): Candidate[] =>
  candidates
    .filter(
      ({ window }) =>
        window.kind !== 'slot' ||
        !candidates.some(
          (other) => other.window.kind === 'pages' && other.window.linear >>> 22 === window.linear >>> 22,
        ),
    )
    .slice(0, MAX_WINDOWS);

function windowOf(kind: TraceWindow['kind'], linear: number): TraceWindow {
  const name = {
    pages: `page-${hex(linear)}`,
    slot: `slot-${linear >>> 22}`,
    cr3: 'cr3',
    cr4: 'cr4',
    word: 'word',
  };
  return { name: untrusted(name[kind]), kind, linear, pages: kind === 'pages' ? 1 : 0 };
}

const hex = (address: number) => address.toString(16).padStart(8, '0');

/** A window as a profile declares it, JSON. */
function declaration({ name, kind, linear, pages }: TraceWindow): string {
  const what =
    kind === 'pages'
      ? { linear: `0x${hex(linear)}`, pages }
      : kind === 'slot'
        ? { slot: linear >>> 22 }
        : { register: kind };
  return JSON.stringify({ name: name.raw, ...what });
}

async function lookInto(
  path: string,
  run: number,
  candidates: readonly Candidate[],
  options: DiscoverOptions,
): Promise<Discovery> {
  const watched = apart(candidates);
  try {
    const until = Math.max(...watched.map(({ lastIcount }) => lastIcount));
    const file = await recordAgain(path, watched, { disks: options.disks, until, name: KEPT });
    const findings = await findingsIn(file, run, watched, options);
    const [left] = candidates.filter((candidate) => !watched.includes(candidate));
    if (!left) return { findings };
    const text = `${plural(candidates.length - watched.length, 'more mapping')} that interrupts changed under code that had set them were not examined, such as ${wordsOf(left.window)}`;
    return { findings, hint: { name: 'window', text, next: nextReplay(path, [left.window]) } };
  } catch (error) {
    if (!(error instanceof BadInput)) throw error;
    const { window, incidents } = candidates[0];
    const text = `interrupts left ${wordsOf(window)} changed ${plural(incidents, 'time', 'times')} under code that had set it; its later uses were not recorded, and the run was not executed again: ${error.message}`;
    return { findings: [], hint: { name: 'window', text, next: nextReplay(path, [window]) } };
  }
}

const wordsOf = ({ kind, linear, name }: TraceWindow): string =>
  kind === 'pages'
    ? `the PTE of ${hex(linear)}`
    : kind === 'slot'
      ? `the PDE of ${hex(linear)}`
      : name.raw.toUpperCase();

const nextReplay = (path: string, windows: readonly TraceWindow[]): string =>
  `rewind386 replay ${shellWord(path)} ${windows.map((window) => `--window ${shellWord(declaration(window))}`).join(' ')} -o windows.r386`;

interface Again {
  readonly disks: readonly string[];
  /** icount at which it stops: the last of the candidates is set again. */
  readonly until: number;
  /** Its name in the cache folder. */
  readonly name: string;
}

/** Records the same run with the candidates declared, in the cache folder. Throws BadInput if that is impossible. */
async function recordAgain(
  path: string,
  candidates: readonly Candidate[],
  { disks, until, name }: Again,
): Promise<string> {
  if (until > LONGEST) throw new BadInput(`that would take ${plural(until, 'instruction')}`);
  let failure: unknown;
  const cache = new TraceCache(path, (text) => (failure === undefined ? note(text) : undefined));
  const kept = cache.find(name);
  if (kept !== undefined) return kept;
  await cache.store(name, async (file) => {
    try {
      await execute(path, candidates, until, file, disks);
    } catch (error) {
      failure = error;
      throw error;
    }
  });
  if (failure !== undefined) throw failure;
  const made = cache.find(name);
  if (made !== undefined) return made;
  throw new BadInput('the cache folder cannot be written to');
}

async function execute(
  path: string,
  candidates: readonly Candidate[],
  until: number,
  output: string,
  disks: readonly string[],
): Promise<void> {
  const result = await replayTrace(path, {
    windows: candidates.map(({ window }) => window),
    until,
    output: (header) => new TraceWriter(output, header),
    showConsole: false,
    disks,
  });
  if (!result.divergence) return;
  const [first] = divergenceReport(path, result);
  throw new BadInput(`it differs from the recording: ${first}`);
}

/** The findings of the window checks, each with its window. */
async function findingsIn(
  file: string,
  run: number,
  candidates: readonly Candidate[],
  { limits, names }: DiscoverOptions,
): Promise<Finding[]> {
  const db = await openDatabase([file], { limits, names, cache: false });
  try {
    const found: Finding[] = [];
    for (const check of CHECKS.filter(({ needs }) => needs === 'window'))
      found.push(...(await runCheck(db, check)));
    const uses = await db.query('SELECT window_name, last_use_icount FROM window_hijack');
    const nameAt = new Map(
      uses.getRowObjectsJson().map((row) => [Number(row.last_use_icount), row.window_name]),
    );
    return found.flatMap((finding) => {
      const about = candidates.find(({ window }) => window.name.raw === nameAt.get(finding.icount));
      // The other findings are about windows that the trace itself declares.
      return about ? [{ ...finding, run, query: undefined, window: declaration(about.window) }] : [];
    });
  } finally {
    db.close();
  }
}
