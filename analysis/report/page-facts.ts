import type { Finding } from '../check/run-checks.ts';
import type { TraceDatabase } from '../db/trace-database.ts';
import { commandSql } from '../sql/catalog.ts';
import type { Density, FindingFacts, Mark, PageData, Slice, Step, Track } from '../web/page-data.ts';

/** The facts of a report page, from a trace's tables and its findings. */

/** Rows of a track that go into the page: the longest, or of marks the first. */
const MOST = 20_000;
const MOST_MARKS = 5000;
/** Parts of the run in which events are counted: no wider screen shows more at once. */
const PARTS = 4096;

export interface PageOptions {
  readonly file: string;
  readonly facts: PageData['facts'];
  readonly verdict: string;
  readonly findings: readonly Finding[];
  /** Commands that tell more of a finding. */
  readonly commandsOf: (finding: Finding) => readonly string[];
}

export async function pageData(db: TraceDatabase, options: PageOptions): Promise<PageData> {
  const [{ instructions, ips }] = await rowsOf(
    db,
    'SELECT instructions::DOUBLE AS instructions, instructions_per_second::DOUBLE AS ips FROM run',
  );
  const end = Math.max(1, Number(instructions));
  const findings = await findingFacts(db, options);
  const tracks: Track[] = [
    ...(await sliceTracks(db, 'report-processes', 'process', 'the process running, by its page directory')),
    ...(await sliceTracks(
      db,
      'report-interrupts',
      'interrupts',
      'hardware interrupts, from delivery to IRET',
    )),
    ...(await sliceTracks(
      db,
      'report-windows',
      '',
      'what the window leads to, by the last store to its entry',
      findings,
    )),
    ...(await densityTracks(db, end)),
    ...(await markTracks(db)),
  ];
  const { file, facts, verdict } = options;
  return { file, end, instructionsPerSecond: Number(ips), facts, verdict, findings, tracks };
}

type Row = Readonly<Record<string, string | number | null>>;

async function rowsOf(db: TraceDatabase, sql: string, values = {}): Promise<readonly Row[]> {
  return (await db.query(sql, values, Number.POSITIVE_INFINITY)).getRowObjectsJson() as Row[];
}

/** Rows by a key, in the order in which the keys come. */
function grouped<Key>(rows: readonly Row[], keyOf: (row: Row) => Key): Map<Key, Row[]> {
  const groups = new Map<Key, Row[]>();
  for (const row of rows) {
    const key = keyOf(row);
    const group = groups.get(key);
    if (group) group.push(row);
    else groups.set(key, [row]);
  }
  return groups;
}

/** One track for each `track` of the rows, or one of that name. */
async function sliceTracks(
  db: TraceDatabase,
  query: string,
  name: string,
  doc: string,
  findings: readonly FindingFacts[] = [],
): Promise<Track[]> {
  const rows = await rowsOf(db, commandSql(query), { most: MOST });
  return [...grouped(rows, ({ track }) => String(track ?? name))].map(([track, of]) => ({
    kind: 'slices',
    name: track,
    doc,
    slices: of.map((row) => slice(row, findings)),
    left: Number(of[0].left_out),
  }));
}

function slice(row: Row, findings: readonly FindingFacts[]): Slice {
  const [from, to] = [Number(row.from_icount), Number(row.to_icount)];
  const wrong = findings.some(({ steps }) =>
    steps.some((step) => step.lane === 'handler' && step.wrong && step.at === from),
  );
  return {
    from,
    to,
    label: String(row.label),
    ...(row.detail == null ? {} : { detail: String(row.detail) }),
    ...(row.lane ? { lane: Number(row.lane) } : {}),
    ...(wrong ? { wrong } : {}),
  };
}

async function densityTracks(db: TraceDatabase, length: number): Promise<Track[]> {
  const rows = await rowsOf(db, commandSql('report-density'), { parts: PARTS, length });
  return [...grouped(rows, ({ track }) => String(track))].map(([name, of]): Density => {
    const counts = new Array<number>(PARTS).fill(0);
    for (const { part, n } of of) counts[Number(part)] = Number(n);
    return { kind: 'density', name, doc: 'how many in each part of the run, by the square root', counts };
  });
}

async function markTracks(db: TraceDatabase): Promise<Track[]> {
  const rows = await rowsOf(db, commandSql('report-marks'), { most: MOST_MARKS });
  return [...grouped(rows, ({ track }) => String(track))].map(([name, of]) => ({
    kind: 'marks',
    name,
    doc: name === 'console' ? 'lines of the guest' : 'exceptions other than page faults',
    marks: of.map(
      ({ icount, label, detail }): Mark => ({
        at: Number(icount),
        label: String(label),
        ...(detail == null ? {} : { detail: String(detail) }),
      }),
    ),
    left: Number(of[0].left_out),
  }));
}

async function findingFacts(db: TraceDatabase, options: PageOptions): Promise<FindingFacts[]> {
  const hijacks = await stepsOfHijacks(db);
  return options.findings.map((finding, n) => ({
    number: n + 1,
    title: finding.check.title,
    className: finding.check.class,
    severity: finding.check.severity,
    from: finding.fromIcount,
    at: finding.icount,
    summary: String(finding.summary),
    commands: options.commandsOf(finding),
    steps: finding.check.severity === 'error' ? (hijacks.get(finding.fromIcount) ?? []) : [],
  }));
}

/** The steps of every hijack of a window, by the icount at which its code set the window. */
async function stepsOfHijacks(db: TraceDatabase): Promise<ReadonlyMap<number, readonly Step[]>> {
  const rows = await rowsOf(db, commandSql('report-hijacks'));
  return new Map(
    [...grouped(rows, ({ set_icount }) => Number(set_icount))].map(([from, of]) => [
      from,
      of.map(
        ({ icount, lane, text, slot, is_wrong }): Step => ({
          at: Number(icount),
          lane: lane === 'base' ? 'base' : 'handler',
          text: String(text),
          ...(slot == null ? {} : { slot: String(slot) }),
          ...(is_wrong ? { wrong: true } : {}),
        }),
      ),
    ]),
  );
}
