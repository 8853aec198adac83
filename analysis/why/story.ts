import { tellsOfDeath } from '../check/rank.ts';
import type { Finding } from '../check/run-checks.ts';
import type { AnswerRow } from '../db/kept-answers.ts';
import type { TraceDatabase } from '../db/trace-database.ts';
import { commandSql } from '../sql/catalog.ts';
import { type Step, step } from './step.ts';
import type { Failure, Subject } from './subject.ts';

/** The story of a failure backwards, as far as the tables tell it. */

/** A value that was written, whose way back the story goes on with. */
export interface Written {
  /** icount of the instruction that wrote it. */
  readonly icount: number;
  readonly physical: number;
  /** Bytes. */
  readonly size: number;
}

/** The stretch in which a window was in use while somebody else changed it. */
export interface Taken {
  readonly window: string;
  /** icount at which its user set it. */
  readonly from: number;
  /** icount after its last use. */
  readonly until: number;
  /** icount of the first use after the change. */
  readonly use: number;
}

export interface Story {
  readonly steps: readonly Step[];
  readonly written?: Written | undefined;
  readonly taken?: Taken | undefined;
}

type Row = AnswerRow;

const WORD = 4;
const PAGE_SHIFT = 12;
/** After every event of a run. */
const LAST_SEQ = 0xffffffff;
const hex8 = (n: number): string => (n >>> 0).toString(16).padStart(8, '0');
const text = (value: Row[string]): string => String(value);
const orNull = (value: Row[string]): string | null => (value === null ? null : String(value));
/** Without a profile that tells processes apart none is named. */
const processOf = (value: Row[string]): string | null => (value === 'unknown' ? null : orNull(value));
const inParentheses = (process: Row[string]): string => (processOf(process) === null ? '' : ` (${process})`);
/** A process and where it was: `ftpd[7] in pmap_enter+0x15d`. */
const placeOf = (process: Row[string], code: Row[string]): string =>
  processOf(process) === null ? text(code) : `${process} in ${code}`;
const grouped = (value: Row[string]): string => Number(value).toLocaleString('en-US');

/** The traces that a story is told of. */
export interface Told {
  readonly db: TraceDatabase;
  /** Of the same run with windows that its profile does not declare; else the same. */
  readonly windows: TraceDatabase;
}

/** Tells from the end that is asked about to what the tables have of its causes. */
export async function tell(told: Told, subject: Subject): Promise<Story> {
  return 'failure' in subject
    ? await failureStory(told, subject.failure, subject.findings)
    : await findingStory(told, subject.finding);
}

async function failureStory(told: Told, failure: Failure, findings: readonly Finding[]): Promise<Story> {
  const end = failureStep(failure);
  const entry = await writtenEntry(told.db, failure);
  if (entry) {
    const rest = await entryStory(told, entry, failure);
    return { ...rest, steps: [end, ...rest.steps] };
  }
  const before = findings.filter(
    (finding) =>
      !tellsOfDeath(finding) && finding.check.severity === 'error' && finding.icount <= failure.icount,
  );
  const nearest = before.sort((a, b) => b.icount - a.icount)[0];
  if (!nearest) return { steps: [end] };
  const rest = await findingStory(told, nearest, 'the last error before it that check finds is ');
  return { ...rest, steps: [end, ...rest.steps] };
}

const failureStep = ({ kind, icount, code, process, words }: Failure): Step =>
  step({
    icount,
    what: kind.replace('_', ' '),
    code,
    process: processOf(process),
    because: `${words}${code === null ? '' : `; in ${code}`}${inParentheses(process)}`,
  });

/** The write that made the page-table entry which decides on the address of a failure; undefined where nothing ever mapped it. */
async function writtenEntry(db: TraceDatabase, failure: Failure): Promise<Row | undefined> {
  const { seq, cr3, address, kind } = failure;
  if (address === null || cr3 === null) return undefined;
  const rows = await ask(db, 'why-entries', { seq: seq ?? LAST_SEQ, cr3, address });
  // The words of a panic name an address in whatever address space; a fault is of the one in force.
  if (kind === 'panic') return rows[0];
  const live = (level: string) => rows.find((row) => row.is_live === true && row.level === level);
  const [pde, pte] = [live('pde'), live('pte')];
  if (!pde || pde.is_gone === true || pde.is_large === true) return pde;
  // An entry of a table that the directory names no longer says nothing.
  return pte && Number(pte.physical) >>> PAGE_SHIFT === Number(pde.entry) >>> PAGE_SHIFT ? pte : undefined;
}

async function entryStory(told: Told, entry: Row, { address }: Failure): Promise<Story> {
  const icount = Number(entry.icount);
  const at = hex8(Number(address));
  const level = text(entry.level).toUpperCase();
  const whose = `directory ${entry.directory}${inParentheses(entry.owner)}`;
  const through = Number(entry.linear) > 0 ? `, by a store to ${hex8(Number(entry.linear))}` : '';
  const written = step({
    icount,
    what: entry.is_gone === true ? 'entry cleared' : 'entry written',
    code: orNull(entry.code),
    process: processOf(entry.process),
    depth: Number(entry.depth),
    because:
      `${placeOf(entry.process, entry.code)} wrote the ${level} of ${at} in ${whose} last: ` +
      `${entry.old} became ${entry.new}${through}`,
    next: ['query', 'pte-history', `0x${at}`],
  });
  const value = { icount, physical: Number(entry.physical), size: WORD };
  const isStore = entry.source === 'store';
  const window = await windowStory(told, icount);
  const context = window.steps.length > 0 ? [] : await contextSteps(told.db, icount, Number(entry.frame_id));
  return {
    steps: [written, ...window.steps, ...context],
    ...(isStore ? { written: value } : {}),
    taken: window.taken,
  };
}

async function findingStory(told: Told, finding: Finding, words = ''): Promise<Story> {
  const { icount, check, summary, query } = finding;
  // A finding may tell of many uses: the first is what went wrong.
  const [row] = await ask(told.windows, 'why-window', { icount });
  const window = await windowStory(told, row ? Number(row.first_use) : icount);
  const title = check.title.toLowerCase();
  const found = step({
    icount,
    what: title,
    // The steps of its window tell the same.
    because:
      window.steps.length > 0
        ? `${words}${words === '' ? '' : 'this '}${title}`
        : `${words}${title}: ${summary}`,
    next: query === undefined ? ['debug', '--at', String(icount)] : ['query', ...query.split(' ')],
  });
  return { ...window, steps: [found, ...window.steps] };
}

/** The interrupt that code ran in, and a stale translation that it used. */
async function contextSteps(db: TraceDatabase, icount: number, frame: number): Promise<Step[]> {
  const [row] = await ask(db, 'why-context', { icount, frame });
  const steps: Step[] = [];
  if (row.stale !== null)
    steps.push(
      step({
        icount,
        what: 'stale translation',
        because: `the TLB still had ${row.stale_entry} for ${row.stale}, where the tables said ${row.fresh_entry}`,
        next: ['query', 'pte-history', `0x${row.stale}`],
      }),
    );
  if (row.interrupt !== null) steps.push(interruptStep(row));
  return steps;
}

const interruptStep = (row: Row): Step =>
  step({
    icount: Number(row.interrupt_icount),
    what: 'interrupt',
    code: orNull(row.interrupted_code),
    process: processOf(row.process),
    because: `${row.interrupt} (${row.handler}) interrupted ${placeOf(row.process, row.interrupted_code)}`,
    next: ['query', 'interrupt-nesting'],
  });

/** Use, change and setting of a window that somebody else had taken; no steps when the instruction used none. */
async function windowStory({ windows }: Told, icount: number): Promise<Story> {
  const [row] = await ask(windows, 'why-window', { icount });
  if (!row) return { steps: [] };
  const use = step({
    icount,
    what: row.is_access === true ? 'window used' : 'written back',
    code: orNull(row.use_code),
    process: processOf(row.process),
    depth: Number(row.depth),
    because:
      `${placeOf(row.process, row.use_code)} ${row.access === 'write' ? 'stored' : 'read'} ${row.value} through ${row.window_name}` +
      `${row.linear === null ? '' : ` at ${row.linear}`}, meant for ${row.intended}${inParentheses(row.intended_owner)}; it had become ${row.reached}${inParentheses(row.reached_owner)}`,
  });
  const change = step({
    icount: Number(row.switch_icount),
    what: 'window switched',
    code: orNull(row.switch_code),
    depth: Number(row.switch_depth),
    because:
      `${row.switch_code} switched ${row.window_name} from ${row.intended}${inParentheses(row.intended_owner)} to ${row.reached}${inParentheses(row.reached_owner)}` +
      `${row.interrupt === null ? ', in another thread' : `, inside ${row.interrupt}, which returned at ${grouped(row.iret_icount)} and left it so`}`,
  });
  const set = step({
    icount: Number(row.set_icount),
    what: 'window set',
    code: orNull(row.set_code),
    process: processOf(row.process),
    depth: Number(row.depth),
    because: `${placeOf(row.process, row.set_code)} had set ${row.window_name} to ${row.intended}${inParentheses(row.intended_owner)}, and did not check it again`,
  });
  const interrupt = row.interrupt === null ? [] : [interruptStep(row)];
  return {
    steps: [use, change, ...interrupt, set],
    ...(row.access === 'write' && row.physical !== null
      ? { written: { icount, physical: Number(row.physical), size: Number(row.size) } }
      : {}),
    taken: {
      window: text(row.window_name),
      from: Number(row.set_icount),
      until: Number(row.last_use) + 1,
      use: icount,
    },
  };
}

async function ask(
  db: TraceDatabase,
  name: string,
  values: Readonly<Record<string, number>>,
): Promise<Row[]> {
  return [...(await db.answer(commandSql(name), values)).rows];
}
