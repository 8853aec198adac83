import type { EventSink } from '../../recorder/machine/events/event-log.ts';
import {
  type Column,
  type ColumnArray,
  type Detail,
  EVENT_KIND_NAMES,
  EVENT_KINDS,
  type EventBatch,
  type EventKind,
  type EventTable,
  FACT_KINDS,
} from '../../schemas/events.ts';
import type { Icount } from '../../schemas/units.ts';
import { type DivergenceFacts, DivergenceFound } from '../trace/divergence.ts';
import type { RecordedEvents } from '../trace/recorded-events.ts';
import type { ExtraEvents } from './extra-events.ts';

/** Compares the events of a replay with those recorded, row by row. */

/** Kinds that are recorded only on request. */
const BY_REQUEST: ReadonlySet<EventKind> = new Set(Object.values(FACT_KINDS));

/** The kinds in a recording of a detail with the requested kinds `asked`. */
export const recordedKinds = (detail: Detail, asked: ReadonlySet<EventKind>): readonly EventKind[] => {
  if (detail === 'off') return [];
  return EVENT_KIND_NAMES.filter((kind) =>
    kind === 'stores' ? detail === 'stores' : !BY_REQUEST.has(kind) || asked.has(kind),
  );
};

const ICOUNT = 0;
const SEQ = 1;

/**
 * Compares the events of a replay with the recorded ones, row by row of each kind, independent of the batches of either side.
 *
 * A replay may make more than was recorded (ExtraEvents). Their seq numbers are subtracted from the others': a recorded event must have
 * as many recorded events before it as its twin.
 */
export class EventCheck implements EventSink {
  private readonly recorded: RecordedEvents;
  private readonly kinds: readonly EventKind[];
  private readonly extras: ExtraEvents;
  private readonly lastIcount: number;
  private rows = 0;

  /** A torn trace is complete only up to `lastIcount`; later events cannot be judged. */
  constructor(
    recorded: RecordedEvents,
    recordedDetail: Detail,
    detail: Detail,
    asked: ReadonlySet<EventKind>,
    lastIcount: number,
    extras: ExtraEvents,
  ) {
    this.recorded = recorded;
    const made = recordedKinds(detail, asked);
    const compared = recordedKinds(recordedDetail, asked).filter((kind) => made.includes(kind));
    this.kinds = compared.filter((kind) => !extras.kinds.includes(kind));
    this.extras = extras;
    this.lastIcount = lastIcount;
  }

  /** Events found equal so far. */
  get verified(): number {
    return this.rows;
  }

  /** Throws if the recording has events of a kind that its detail does not record. */
  checkKinds(detail: Detail, asked: ReadonlySet<EventKind>): void {
    const recorded = recordedKinds(detail, asked);
    const unrecorded = EVENT_KIND_NAMES.filter((kind) => !recorded.includes(kind));
    const first = earliest(
      unrecorded.flatMap((kind): DivergenceFacts[] => {
        const stream = this.recorded.next(kind);
        if (!stream) return [];
        const actual = `detail ${detail} records no ${kind}`;
        return [{ ...missingEvent(stream.table, stream.row), actual }];
      }),
    );
    if (first) throw new DivergenceFound(first);
  }

  /** Events that the replay made and the recording does not have. */
  get extra(): number {
    return this.extras.before;
  }

  flush(batch: EventBatch): void {
    const { extras } = this;
    const extraSeq = extras.seqIn(batch);
    const differences = this.kinds.flatMap(
      (kind) => this.compare(extras.without(batch.tables[kind]), extraSeq) ?? [],
    );
    extras.pass(extraSeq);
    const first = earliest(differences);
    if (!first) return;
    // A missing event is noticed only by later events of its kind or another.
    this.checkMade(first.icount);
    throw new DivergenceFound(first);
  }

  /** Throws if the replay reached `icount` without making an event recorded before it. */
  checkMade(icount: Icount): void {
    const missing = this.kinds.flatMap((kind): DivergenceFacts[] => {
      const stream = this.recorded.next(kind);
      if (!stream || stream.table.columns[ICOUNT][stream.row] >= icount) return [];
      return [missingEvent(stream.table, stream.row)];
    });
    const first = earliest(missing);
    if (first) throw new DivergenceFound(first);
  }

  private compare(table: EventTable, extraSeq: Uint32Array): DivergenceFacts | undefined {
    for (let row = 0; row < table.count; ) {
      const stream = this.recorded.next(table.kind);
      if (!stream) return this.extraEvent(table, row);
      const rows = Math.min(table.count - row, stream.table.count - stream.row);
      const different = this.firstDifference(stream.table, stream.row, table, row, rows, extraSeq);
      const equal = different < 0 ? rows : different;
      stream.row += equal;
      row += equal;
      this.rows += equal;
      if (different >= 0) return differentEvent(stream.table, stream.row, table, row);
    }
    return undefined;
  }

  /** Offset of the first of `rows` rows that differs; -1 if none does. */
  private firstDifference(
    recorded: EventTable,
    recordedRow: number,
    table: EventTable,
    row: number,
    rows: number,
    extraSeq: Uint32Array,
  ): number {
    let first = rows;
    for (let c = 0; c < table.columns.length; c++) {
      if (c === SEQ && this.extras.any) {
        first = this.firstOutOfRank(recorded.columns[c], recordedRow, table.columns[c], row, first, extraSeq);
      } else {
        first = firstUnequal(recorded.columns[c], recordedRow, table.columns[c], row, first);
      }
    }
    return first === rows ? -1 : first;
  }

  private firstOutOfRank(
    recorded: ColumnArray,
    recordedRow: number,
    seq: ColumnArray,
    row: number,
    rows: number,
    extraSeq: Uint32Array,
  ): number {
    let before = 0;
    for (let i = 0; i < rows; i++) {
      const mine = seq[row + i];
      before = firstNotBelow(extraSeq, mine, before);
      if (recorded[recordedRow + i] !== (mine - before - this.extras.before) >>> 0) return i;
    }
    return rows;
  }

  private extraEvent(table: EventTable, row: number): DivergenceFacts | undefined {
    const icount = table.columns[ICOUNT][row];
    if (icount >= this.lastIcount) return undefined;
    const { kind } = table;
    const expected = `no more ${kind}`;
    return { icount, subsystem: `events:${kind}`, kind, expected, actual: describeEvent(table, row) };
  }
}

function firstUnequal(a: ColumnArray, fromA: number, b: ColumnArray, fromB: number, rows: number): number {
  for (let i = 0; i < rows; i++) if (a[fromA + i] !== b[fromB + i]) return i;
  return rows;
}

/** Index of the first of ascending numbers, from `start` on, that is at least `value`. There are far more of them than are asked for. */
function firstNotBelow(ascending: Uint32Array, value: number, start: number): number {
  let low = start;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ascending[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

function earliest(differences: readonly DivergenceFacts[]): DivergenceFacts | undefined {
  return differences.reduce<DivergenceFacts | undefined>(
    (first, next) => (first && first.icount <= next.icount ? first : next),
    undefined,
  );
}

function missingEvent(table: EventTable, row: number): DivergenceFacts {
  const { kind } = table;
  const icount = table.columns[ICOUNT][row];
  return {
    icount,
    subsystem: `events:${kind}`,
    kind,
    expected: describeEvent(table, row),
    actual: 'no such event',
  };
}

/** Two events where one was expected. If their icounts differ, the earlier one is the divergence. */
function differentEvent(
  recorded: EventTable,
  recordedRow: number,
  table: EventTable,
  row: number,
): DivergenceFacts {
  const { kind } = table;
  const columns: readonly Column[] = EVENT_KINDS[kind].columns;
  const differing = columns.filter((_, c) => recorded.columns[c][recordedRow] !== table.columns[c][row]);
  return {
    icount: Math.min(recorded.columns[ICOUNT][recordedRow], table.columns[ICOUNT][row]),
    subsystem: `events:${kind}`,
    kind,
    expected: describeEvent(recorded, recordedRow, differing),
    actual: describeEvent(table, row, differing),
  };
}

/** An event as text: its position, and the given columns or all of its own. */
export function describeEvent(
  { kind, columns }: EventTable,
  row: number,
  wanted?: readonly Column[],
): string {
  const all: readonly Column[] = EVENT_KINDS[kind].columns;
  const shown = all
    .map((column, c) => ({ column, value: columns[c][row] }))
    .filter(
      ({ column }) => column.name === 'icount' || column.name === 'eip' || (wanted ?? all).includes(column),
    );
  return shown.map(({ column, value }) => columnText(column, value)).join(' ');
}

export const columnText = (column: Column, value: number): string =>
  `${column.name}=${formatted(column, value)}`;

function formatted({ name, type, names }: Column, value: number): string {
  if (names) return names[value] ?? String(value);
  const isCount = type === 'icount' || type === 'ordinal' || type === 'small' || name.endsWith('id');
  return isCount ? String(value) : `0x${value.toString(16)}`;
}
