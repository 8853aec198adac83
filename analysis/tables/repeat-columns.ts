import type { TraceReader } from '../../replayer/trace/trace-reader.ts';
import { columnIndex, type EventKind, FOLDED_KINDS } from '../../schemas/events.ts';
import type { TableColumn } from './table.ts';

/** Counts of repeated events that were folded into the row of the first, as columns of its table. */

/** Columns that count events folded into the row of the first: of every kind in FOLDED_KINDS. */
export const REPEAT_COLUMNS: readonly TableColumn[] = [
  {
    name: 'count',
    kind: 'uint',
    doc: 'number of events that this row represents: 1, or while paging is disabled the event and its repeats up to the next rung of the ladder',
  },
  { name: 'last_icount', kind: 'bigint', doc: 'icount of the last of these events' },
];

export interface Repeat {
  /** Not counting the first. */
  readonly count: number;
  readonly lastIcount: number;
}

const known = new WeakMap<TraceReader, Map<EventKind, RepeatsOf>>();

/** The repeats of a kind, found once for all parts of its table. */
export function repeatsOf(reader: TraceReader, kind: EventKind): RepeatsOf {
  const kinds = known.get(reader) ?? new Map<EventKind, RepeatsOf>();
  known.set(reader, kinds);
  const found = kinds.get(kind) ?? new RepeatsOf(reader, kind);
  kinds.set(kind, found);
  return found;
}

/** Repeats by the event that they repeat; an instruction makes at most one of a kind. */
export class RepeatsOf {
  private readonly byEvent = new Map<string, Repeat>();

  constructor(reader: TraceReader, kind: EventKind) {
    const number = (FOLDED_KINDS as readonly EventKind[]).indexOf(kind);
    for (let chunk = 0; chunk < reader.chunks.length; chunk++) {
      if (!reader.chunks[chunk].rows.repeats) continue;
      const { count, columns } = reader.readChunk(chunk).table('repeats');
      for (let row = 0; row < count; row++) {
        if (columns[KIND][row] !== number) continue;
        const icount = columns[ICOUNT][row];
        const repeat = { count: columns[COUNT][row], lastIcount: icount - columns[LAST_AGO][row] };
        this.byEvent.set(`${icount - columns[FIRST_AGO][row]} ${columns[EIP][row]}`, repeat);
      }
    }
  }

  get none(): boolean {
    return this.byEvent.size === 0;
  }

  at(icount: number, eip: number): Repeat | undefined {
    return this.byEvent.get(`${icount} ${eip}`);
  }
}

const column = (name: string) => columnIndex('repeats', name);
const ICOUNT = column('icount');
const EIP = column('eip');
const KIND = column('kind');
const FIRST_AGO = column('first_ago');
const LAST_AGO = column('last_ago');
const COUNT = column('count');
