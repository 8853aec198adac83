import type { TraceDatabase } from '../db/trace-database.ts';
import { type Annotations, PerfettoWriter } from './perfetto-writer.ts';

/**
 * A trace as a timeline for ui.perfetto.dev. One group of rows for the machine (which process runs, console, hijacks), one
 * for each process (interrupts by nesting, alternate map, exceptions). A nanosecond is one of virtual time; the icount
 * is an annotation of everything.
 */
export async function exportPerfetto(db: TraceDatabase, path: string): Promise<void> {
  const writer = new PerfettoWriter(path);
  try {
    const timeline = new Timeline(writer, await nanosecondsPerInstruction(db));
    for (const part of PARTS) {
      const rows = (
        await db.query(part.sql, {}, Number.POSITIVE_INFINITY)
      ).getRowObjectsJS() as unknown as readonly TimelineRow[];
      timeline.add(part, rows);
    }
    writer.finish();
  } catch (error) {
    writer.abandon();
    throw error;
  }
}

async function nanosecondsPerInstruction(db: TraceDatabase): Promise<number> {
  const rows = (await db.query('SELECT instructions_per_second AS ips FROM run')).getRowObjectsJS();
  return 1e9 / Number(rows[0].ips);
}

/** Columns that every query below yields. `end_icount` is absent of instants; `pid` is absent of what is the machine's. */
interface TimelineRow {
  readonly icount: bigint;
  readonly end_icount?: bigint | null;
  readonly pid?: number | null;
  readonly comm?: string | null;
  readonly name: string;
  readonly [note: string]: unknown;
}

interface Part {
  /** Name of the row of the timeline. */
  readonly track: string;
  readonly category: string;
  readonly sql: string;
}

const OWNED = (table: string, alias: string) =>
  `ASOF LEFT JOIN directory_owners o ON o.run_id = ${alias}.run_id AND o.dir = ${alias}.${table} AND o.from_icount <= ${alias}.icount`;
const LAST = '(SELECT max(instructions) FROM run)';

const PARTS: readonly Part[] = [
  {
    track: 'running',
    category: 'process',
    sql: `SELECT c.icount, coalesce(c.next, ${LAST}) AS end_icount, process_text(o.pid, o.comm) AS name, hex32(c.new) AS cr3
      FROM (SELECT *, lead(icount) OVER (PARTITION BY run_id ORDER BY seq) AS next
            FROM control_writes WHERE reg = 'cr3' AND old <> new) c ${OWNED('new', 'c')}
      WHERE coalesce(c.next, ${LAST}) > c.icount ORDER BY c.icount`,
  },
  {
    track: 'hijacks',
    category: 'finding',
    sql: `SELECT switch_icount AS icount, coalesce(repaired_icount, ${LAST}) AS end_icount, verdict || ': ' || process AS name,
        interrupt, handler, switch_at, intended_dir, intended_owner, foreign_dir, foreign_owner, access_at, accesses
      FROM foreign_pmap ORDER BY switch_icount`,
  },
  {
    track: 'console',
    category: 'console',
    sql: 'SELECT icount, line AS name FROM console ORDER BY icount',
  },
  {
    track: 'interrupts',
    category: 'interrupt',
    sql: `SELECT i.icount, coalesce(i.iret_icount, ${LAST}) AS end_icount, o.pid, o.comm,
        coalesce('IRQ ' || irq, 'INT ' || vector, upper(i.source::VARCHAR)) AS name,
        symbol(i.run_id, handler) AS handler, symbol(i.run_id, eip) AS interrupted_at, depth, id AS frame_id,
        nullif(count, 1) AS deliveries
      FROM interrupts i ${OWNED('cr3', 'i')} ORDER BY i.icount, i.seq`,
  },
  {
    track: 'alternate map',
    category: 'aptd',
    sql: `SELECT s.icount, coalesce(s.next, ${LAST}) AS end_icount, own.pid, own.comm,
        'APT of ' || process_text(o.pid, o.comm) AS name, hex32(s.new & 0xfffff000) AS directory,
        symbol(s.run_id, s.eip) AS set_at, depth, frame_id
      FROM (SELECT *, lead(icount) OVER (PARTITION BY run_id, cr3 ORDER BY seq) AS next, (new & 0xfffff000)::UINTEGER AS dir
            FROM aptd_switches WHERE op = 'write') s ${OWNED('dir', 's')}
      ASOF LEFT JOIN directory_owners own ON own.run_id = s.run_id AND own.dir = s.cr3 AND own.from_icount <= s.icount
      WHERE s.new & 1 = 1 ORDER BY s.icount`,
  },
  {
    track: 'exceptions',
    category: 'exception',
    sql: `SELECT e.icount, o.pid, o.comm, 'vector ' || vector || CASE WHEN vector = 14 THEN ' at ' || hex32(cr2) ELSE '' END AS name,
        symbol(e.run_id, eip) AS code, error_code, depth
      FROM exceptions e ${OWNED('cr3', 'e')} ORDER BY e.icount`,
  },
];

const MACHINE = 'machine';
/** pid of the group of the machine: no process of a guest has it. */
const MACHINE_PID = 1 << 30;
const NOT_NOTES = new Set(['end_icount', 'pid', 'comm', 'name']);

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

  add(part: Part, rows: readonly TimelineRow[]): void {
    const open = new Map<number, Open[]>();
    for (const row of rows) {
      const track = this.trackOf(part, row);
      const begin = Number(row.icount);
      const notes = notesOf(row);
      if (row.end_icount === undefined) {
        this.writer.instant(track, this.time(begin), part.category, row.name, notes);
        continue;
      }
      const stack = open.get(track) ?? [];
      open.set(track, stack);
      this.close(track, stack, begin);
      // What a process does lies within what it was doing; a slice that would outlast its parent ends with it.
      const end = Math.min(Number(row.end_icount), stack.at(-1)?.end ?? Number.POSITIVE_INFINITY);
      this.writer.begin(track, this.time(begin), part.category, row.name, notes);
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

  private trackOf(part: Part, { pid, comm }: TimelineRow): number {
    const machine = pid === undefined || pid === null;
    const group = machine
      ? this.groupOf(MACHINE, MACHINE_PID, MACHINE)
      : this.groupOf(`process ${pid}`, pid, comm || 'idle');
    return this.known(`${group} ${part.track}`, (uuid) => this.writer.track(uuid, group, part.track));
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
