import type { TraceDatabase } from '../db/trace-database.ts';
import type { Density, Frame, Mark, MarkTrack, Slice, SliceTrack, Track } from '../web/page-data.ts';
import { type InterruptsOff, interruptsOffTrack } from './interrupts-off.ts';
import type { Places } from './places.ts';
import { given, grouped, type Row, rowsOf } from './rows.ts';

/** The tracks of a page's timeline, from a trace's tables. */

/** Rows of a track that go into the page: the longest, or of marks the first. */
const MOST = 20_000;
const MOST_MARKS = 5000;
/** Single events of a kind that are counted as well, and interrupts as causes. */
const MOST_EVENTS = 20_000;
/** Parts of the run in which events are counted: no wider screen shows more at once. */
const PARTS = 4096;

export interface TrackOptions {
  readonly places: Places;
  /** Icount of the end of the run. */
  readonly end: number;
  /** Stretches with all events, as nearText has them. */
  readonly near: string;
  readonly off: InterruptsOff;
}

const SLICES: readonly { query: string; name: string; doc: string }[] = [
  { query: 'report-processes', name: 'process', doc: 'the process running, by its page directory' },
  { query: 'report-interrupts', name: 'interrupts', doc: 'hardware interrupts, from delivery to IRET' },
  {
    query: 'report-held-off',
    name: 'interrupts waiting',
    doc: 'a line was raised but its interrupt not delivered: IF clear, masked, or a higher priority in service',
  },
  { query: 'report-windows', name: '', doc: 'what the window leads to, by the last store to its entry' },
];

/** In the order in which they are drawn. */
export async function tracksOf(db: TraceDatabase, options: TrackOptions): Promise<Track[]> {
  const { places, off } = options;
  const tracks: Track[] = [];
  for (const { query, name, doc } of SLICES) {
    tracks.push(...(await sliceTracks(db, query, { name, doc, places })));
    if (name === 'interrupts') tracks.push(await interruptsOffTrack(db, { places, most: MOST, off }));
  }
  return [...tracks, ...(await densityTracks(db, options)), ...(await markTracks(db, places))];
}

/** The interrupts by which the page tells causes. */
export async function framesOf(
  db: TraceDatabase,
  { near, places }: Pick<TrackOptions, 'near' | 'places'>,
): Promise<Frame[]> {
  const rows = await rowsOf(db, 'report-frames', { near, most: MOST_EVENTS });
  return rows.map(({ id, parent, icount, to_icount, label, eip }) => ({
    id: Number(id),
    parent: Number(parent),
    at: Number(icount),
    to: Number(to_icount),
    label: String(label),
    code: places.of(Number(eip)),
  }));
}

interface Named {
  readonly name: string;
  readonly doc: string;
  readonly places: Places;
}

/** One track for each `track` of the rows, or one of that name. */
async function sliceTracks(
  db: TraceDatabase,
  query: string,
  { name, doc, places }: Named,
): Promise<SliceTrack[]> {
  const rows = await rowsOf(db, query, { most: MOST });
  return [...grouped(rows, ({ track }) => String(track ?? name))].map(([track, of]) => ({
    kind: 'slices',
    name: track,
    doc,
    slices: of.map((row) => slice(row, places)),
    left: Number(of[0].left_out),
  }));
}

const slice = (row: Row, places: Places): Slice => ({
  from: Number(row.from_icount),
  to: Number(row.to_icount),
  label: String(row.label),
  ...given('detail', row.detail, String),
  ...given('lane', Number(row.lane) || null, Number),
  ...(row.is_wrong === true ? { wrong: true } : {}),
  ...given('code', row.eip, (eip) => places.of(Number(eip))),
  ...given('inside', Number(row.frame_id) || null, Number),
});

const mark = (row: Row, places: Places): Mark => ({
  at: Number(row.icount),
  label: String(row.label),
  ...given('detail', row.detail, String),
  ...given('code', row.eip, (eip) => places.of(Number(eip))),
  ...given('inside', Number(row.frame_id) || null, Number),
  ...given('directory', row.directory, Number),
  ...given('linear', row.linear, Number),
});

async function densityTracks(db: TraceDatabase, { end, near, places }: TrackOptions): Promise<Density[]> {
  const rows = await rowsOf(db, 'report-density', { parts: PARTS, length: end });
  const events = grouped(await rowsOf(db, 'report-events', { near, most: MOST_EVENTS }), ({ track }) =>
    String(track),
  );
  return [...grouped(rows, ({ track }) => String(track))].map(([name, of]): Density => {
    const counts = new Array<number>(PARTS).fill(0);
    for (const { part, n } of of) counts[Number(part)] = Number(n);
    const single = events.get(name) ?? [];
    return {
      kind: 'density',
      name,
      doc: 'number in each part of the run, on a square-root scale; single events where there is room',
      counts,
      marks: single.map((row) => mark(row, places)),
      whole: single.length > 0 && single[0].whole === true,
    };
  });
}

async function markTracks(db: TraceDatabase, places: Places): Promise<MarkTrack[]> {
  const rows = await rowsOf(db, 'report-marks', { most: MOST_MARKS });
  return [...grouped(rows, ({ track }) => String(track))].map(([name, of]) => ({
    kind: 'marks',
    name,
    doc: name === 'console' ? 'lines of the guest' : 'exceptions other than page faults',
    marks: of.map((row) => mark(row, places)),
    left: Number(of[0].left_out),
  }));
}
