import { BadInput } from '../../schemas/bad-input.ts';
import type { DatabaseOptions, TraceDatabase } from '../db/trace-database.ts';
import { commandSql, timelineSql } from '../sql/catalog.ts';
import type { Slice } from '../web/page-data.ts';
import type { Viewport } from '../web/serve-data.ts';
import { json, type Route } from './http-server.ts';
import { indexField } from './sent.ts';

/**
 * Views of the timeline, as fine as a screen shows them: from levels that are computed once of a trace and kept in the cache
 * (analysis/sql/timeline), so that a view of a hundred million events takes no longer than one of a thousand.
 */

/** Parts that a view is divided in, at least; at most four times as many. */
const PARTS = 512;
/** Levels are kept of parts of 2^8, 2^10, … 2^40 instructions. */
const LEVELS = { least: 8, most: 40 };

/** All rows of a query that has a limit. */
const unlimited = (query: string): string => commandSql(query).replaceAll('$most', '9007199254740991');

const view = (name: string, sql: string): readonly [string, string] => [
  name,
  `CREATE OR REPLACE VIEW ${name} AS ${sql}`,
];

/** In memory, and in the cache. */
const KEPT = ['slice-levels', 'event-levels'];
const nameOf = (file: string): string => file.replaceAll('-', '_');

const DEFINITIONS: ReadonlyMap<string, string> = new Map([
  view('all_processes', unlimited('report-processes')),
  view('all_interrupts', unlimited('report-interrupts')),
  view('all_waits', unlimited('report-held-off')),
  view('all_off', unlimited('report-interrupts-off')),
  view('all_windows', unlimited('report-windows')),
  ...['timeline-slices', 'timeline-events', ...KEPT].map((file) => view(nameOf(file), timelineSql(file))),
]);

export interface ViewportsOptions {
  readonly files: readonly string[];
  readonly openDatabase: (files: readonly string[], options: DatabaseOptions) => Promise<TraceDatabase>;
}

export class Viewports {
  private readonly options: ViewportsOptions;
  /** One of each run, apart from the console's: a long question there stops no timeline. */
  private readonly databases = new Map<number, Promise<TraceDatabase>>();

  constructor(options: ViewportsOptions) {
    this.options = options;
  }

  routes(): readonly (readonly [string, Route])[] {
    const { files } = this.options;
    return [
      [
        'GET view',
        async ({ query, signal }) => {
          const number = (name: string) => Number(query.get(name) ?? Number.NaN);
          const run = indexField({ run: number('run') }, 'run', files.length);
          return json(await this.view(run, number('from'), number('to'), signal));
        },
      ],
    ];
  }

  async close(): Promise<void> {
    for (const opened of this.databases.values()) {
      const db = await opened.catch(() => undefined);
      await db?.idle();
      db?.close();
    }
  }

  private async view(run: number, from: number, to: number, signal: AbortSignal): Promise<Viewport> {
    const [begin, finish] = [Math.floor(from), Math.ceil(to)];
    if (!(begin >= 0 && finish > begin && Number.isSafeInteger(finish)))
      throw new BadInput('a view begins at an icount and ends at a later one');
    const db = await this.database(run);
    const level = levelOf(finish - begin);
    const rows = async (file: string, values: Record<string, number>) =>
      (await db.preview(timelineSql(file), { values, signal })).rows;
    const isKept = level >= LEVELS.least;
    const part = 2 ** level;
    const first = Math.floor(begin / part);
    const last = Math.floor((finish - 1) / part);
    const counted = isKept
      ? await rows('view-events', { level, begin: first, finish: last })
      : await rows('view-single-events', { level, begin: first * part, finish: (last + 1) * part });
    const slices = await rows('view-slices', { level: Math.max(level, LEVELS.least), begin, finish });
    return {
      from: begin,
      to: finish,
      part,
      first: first * part,
      events: [...countsOf(counted, first, last - first + 1)].map(([track, counts]) => ({ track, counts })),
      slices: [...slicesOf(slices)].map(([track, of]) => ({ track, slices: of })),
    };
  }

  private database(run: number): Promise<TraceDatabase> {
    const found =
      this.databases.get(run) ??
      this.options.openDatabase([this.options.files[run]], {
        definitions: DEFINITIONS,
        kept: new Set(KEPT.map(nameOf)),
      });
    this.databases.set(run, found);
    found.catch(() => this.databases.delete(run));
    return found;
  }
}

/** The coarsest level of which a view has enough parts. Levels are even. */
function levelOf(instructions: number): number {
  const level = 2 * Math.floor(Math.log2(Math.max(1, instructions / PARTS)) / 2);
  return Math.min(LEVELS.most, level);
}

type Rows = Awaited<ReturnType<TraceDatabase['preview']>>['rows'];

function countsOf(rows: Rows, first: number, parts: number): ReadonlyMap<string, number[]> {
  const tracks = new Map<string, number[]>();
  for (const [track, part, n] of rows) {
    const counts = tracks.get(String(track)) ?? new Array<number>(parts).fill(0);
    counts[Number(part) - first] = Number(n);
    tracks.set(String(track), counts);
  }
  return tracks;
}

function slicesOf(rows: Rows): ReadonlyMap<string, Slice[]> {
  const tracks = new Map<string, Slice[]>();
  for (const [track, lane, from, to, label, detail] of rows) {
    const slices = tracks.get(String(track)) ?? [];
    slices.push({
      from: Number(from),
      to: Number(to),
      label: String(label),
      ...(Number(lane) > 0 ? { lane: Number(lane) } : {}),
      ...(detail === null ? {} : { detail: String(detail) }),
    });
    tracks.set(String(track), slices);
  }
  return tracks;
}
