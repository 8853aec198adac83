import { type Finding, runChecks } from '../../check/run-checks.ts';
import type { TraceDatabase } from '../../db/trace-database.ts';
import { readSqlFolder, type SqlFile } from '../../sql/catalog.ts';
import { type Annotations, PerfettoWriter } from './writer.ts';

/**
 * A trace as a timeline for ui.perfetto.dev. One group of rows for the machine (which process runs, console, findings), one
 * for each process (interrupts by nesting, alternate map, exceptions). A nanosecond is one of virtual time; the icount
 * is an annotation of everything.
 */
export async function exportPerfetto(db: TraceDatabase, path: string): Promise<void> {
  const found = await runChecks(db);
  const writer = new PerfettoWriter(path);
  try {
    const timeline = new Timeline(writer, await nanosecondsPerInstruction(db));
    for (const part of PARTS) {
      const rows = (
        await db.query(part.sql, {}, Number.POSITIVE_INFINITY)
      ).getRowObjectsJS() as unknown as readonly TimelineRow[];
      timeline.add(part, rows);
    }
    timeline.add(FINDINGS, found.map(findingRow));
    writer.finish();
  } catch (error) {
    writer.abandon();
    throw error;
  }
}

/** The findings of `check`, numbered as it does. */
const FINDINGS: Omit<Part, 'sql'> = { track: 'findings', category: 'finding' };

const findingRow = ({ check, icount, fromIcount, summary }: Finding, n: number): TimelineRow => ({
  icount: BigInt(icount),
  name: `${check.severity} ${n + 1}: ${check.title}`,
  class: check.class,
  from_icount: fromIcount,
  summary: String(summary),
});

async function nanosecondsPerInstruction(db: TraceDatabase): Promise<number> {
  const rows = (await db.query('SELECT instructions_per_second AS ips FROM run')).getRowObjectsJS();
  return 1e9 / Number(rows[0].ips);
}

/**
 * Columns that every track yields. `end_icount` is absent of instants; `pid` is absent of what is the machine's; `under` is the
 * page directory of what has no process name; `flow` joins events by arrows; a track with `counter` is a curve.
 */
interface TimelineRow {
  readonly icount: bigint;
  readonly end_icount?: bigint | null;
  readonly pid?: number | null;
  readonly comm?: string | null;
  readonly name: string;
  readonly under?: string | null;
  readonly flow?: number | null;
  readonly counter?: bigint | number | null;
  readonly [note: string]: unknown;
}

interface Part {
  /** Name of the row of the timeline. */
  readonly track: string;
  readonly category: string;
  readonly sql: string;
}

function partOf({ name, title, text, sql }: SqlFile): Part {
  const category = /^-- @category (\w+)$/m.exec(text)?.[1];
  if (category === undefined) throw new Error(`track ${name}: @category is missing`);
  return { track: title, category, sql };
}

/** One for each file of tracks/, in the order of their names. */
export const TRACKS: readonly SqlFile[] = readSqlFolder(new URL('tracks/', import.meta.url));
const PARTS = TRACKS.map(partOf);

const MACHINE = 'machine';
/** pid of the group of the machine: no process of a guest has it. */
const MACHINE_PID = 1 << 30;
const DIRECTORY_PID = 1 << 29;
const NOT_NOTES = new Set(['end_icount', 'pid', 'comm', 'name', 'under', 'flow']);

interface Open {
  readonly end: number;
}

/** Gives each group and row of the timeline its uuid when it is first met, and keeps slices nested. */
class Timeline {
  private readonly writer: PerfettoWriter;
  private readonly scale: number;
  private readonly tracks = new Map<string, number>();
  private uuids = 0;

  constructor(writer: PerfettoWriter, scale: number) {
    this.writer = writer;
    this.scale = scale;
  }

  add(part: Omit<Part, 'sql'>, rows: readonly TimelineRow[]): void {
    const open = new Map<number, Open[]>();
    for (const row of rows) {
      const track = this.trackOf(part, row);
      const begin = Number(row.icount);
      if (row.counter !== undefined) {
        this.writer.counter(track, this.time(begin), Number(row.counter));
        continue;
      }
      const { category } = part;
      const event = { category, name: row.name, notes: notesOf(row), flow: row.flow ?? undefined };
      if (row.end_icount === undefined) {
        this.writer.instant(track, this.time(begin), event);
        continue;
      }
      const stack = open.get(track) ?? [];
      open.set(track, stack);
      this.close(track, stack, begin);
      // What a process does lies within what it was doing; a slice that would outlast its parent ends with it.
      const end = Math.min(Number(row.end_icount), stack.at(-1)?.end ?? Number.POSITIVE_INFINITY);
      this.writer.begin(track, this.time(begin), event);
      stack.push({ end });
    }
    for (const [track, stack] of open) this.close(track, stack, Number.POSITIVE_INFINITY);
  }

  private close(track: number, stack: Open[], now: number): void {
    for (let top = stack.at(-1); top && top.end <= now; top = stack.at(-1)) {
      this.writer.end(track, this.time(top.end));
      stack.pop();
    }
  }

  private time(icount: number): number {
    return Math.round(icount * this.scale);
  }

  private trackOf(part: Omit<Part, 'sql'>, row: TimelineRow): number {
    const group = this.groupOfRow(row);
    const { track } = part;
    return this.known(`${group} ${track}`, (uuid) =>
      row.counter === undefined
        ? this.writer.track(uuid, group, track)
        : this.writer.counterTrack(uuid, group, track, row.name),
    );
  }

  private groupOfRow({ pid, comm, under }: TimelineRow): number {
    if (pid !== undefined && pid !== null) return this.groupOf(`process ${pid}`, pid, comm || 'idle');
    if (under === undefined || under === null) return this.groupOf(MACHINE, MACHINE_PID, MACHINE);
    // Of a directory whose process is not known: its frame number, which no pid reaches.
    return this.groupOf(`CR3 ${under}`, DIRECTORY_PID + Number.parseInt(under, 16) / 4096, `CR3 ${under}`);
  }

  private groupOf(key: string, pid: number, name: string): number {
    return this.known(key, (uuid) => this.writer.process(uuid, pid, name));
  }

  private known(key: string, describe: (uuid: number) => void): number {
    const before = this.tracks.get(key);
    if (before !== undefined) return before;
    const uuid = ++this.uuids;
    this.tracks.set(key, uuid);
    describe(uuid);
    return uuid;
  }
}

function notesOf(row: TimelineRow): Annotations {
  const notes: Record<string, string | number> = {};
  for (const [key, value] of Object.entries(row)) {
    if (NOT_NOTES.has(key) || value === null || value === undefined) continue;
    notes[key] = typeof value === 'string' ? value : Number(value);
  }
  return notes;
}
