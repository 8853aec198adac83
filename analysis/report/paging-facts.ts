import type { TraceDatabase } from '../db/trace-database.ts';
import type { DirectoryOwner, EntryWrite, PagingStretch } from '../web/page-data.ts';
import type { Near } from './near.ts';
import type { Places } from './places.ts';
import { given, type Row, rowsOf } from './rows.ts';

/** The page tables of a run, for the page-table view. */

/** Writes to entries that go into a page, if those of the whole run are no more; else of each stretch. */
const MOST = 40_000;
/** Stretches of a longer run. */
const STRETCHES = 3;
const MOST_OWNERS = 5000;
/** Instructions before the end of a run without findings. */
const LAST = 1_000_000;

/** The stretch of a longer run without findings. */
const lastOf = (end: number): Near => ({ from: Math.max(0, end - LAST), to: end + 1 });

/** The whole run, or the stretches around its worst findings. */
export async function pagingOf(
  db: TraceDatabase,
  { end, near, places }: { end: number; near: readonly Near[]; places: Places },
): Promise<PagingStretch[]> {
  const write = (row: Row) => entryWrite(row, places);
  const all = { first: 0, last: end + 1, most: MOST + 1 };
  const rows = await rowsOf(db, 'report-paging', all);
  if (rows.length <= MOST) return [{ from: 0, to: end + 1, start: [], writes: rows.map(write) }];
  const stretches: PagingStretch[] = [];
  for (const { from, to } of near.length > 0 ? near.slice(0, STRETCHES) : [lastOf(end)]) {
    const within = { first: from, last: to, most: MOST };
    const start = await rowsOf(db, 'report-paging-start', within);
    const writes = await rowsOf(db, 'report-paging', within);
    const last = writes.length < MOST ? to : Number(writes[MOST - 1].icount);
    stretches.push({ from, to: last, start: start.map(write), writes: writes.map(write) });
  }
  return stretches;
}

export async function ownersOf(db: TraceDatabase): Promise<DirectoryOwner[]> {
  const rows = await rowsOf(db, 'report-owners', { most: MOST_OWNERS });
  return rows.map(({ directory, from_icount, to_icount, name }) => ({
    directory: Number(directory),
    from: Number(from_icount),
    to: Number(to_icount),
    name: String(name),
  }));
}

const entryWrite = (row: Row, places: Places): EntryWrite => ({
  at: Number(row.icount),
  entry: Number(row.entry),
  value: Number(row.value),
  directory: Number(row.directory),
  slot: Number(row.slot),
  source: String(row.source),
  code: places.of(Number(row.eip)),
  ...given('inside', Number(row.frame_id) || null, Number),
});
