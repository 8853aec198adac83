import { RecordedEvents, type RecordedRows } from '../../replayer/trace/recorded-events.ts';
import type { TraceReader } from '../../replayer/trace/trace-reader.ts';
import { describeEvent } from '../../replayer/verify/event-check.ts';
import { columnIndex, EVENT_KIND_NAMES, EVENT_KINDS, type EventKind } from '../../schemas/events.ts';
import type { Input } from '../../schemas/trace/inputs.ts';

/** The first event, and the first input, by which two traces differ. */

/** One side of a difference; undefined where the trace has nothing more of that kind. */
export interface Side {
  readonly icount: number;
  /** Columns by name, or what came in. */
  readonly text: string;
}

export interface Difference {
  /** Kind of the event; 'input' for an input. */
  readonly kind: EventKind | 'input';
  readonly icount: number;
  readonly a: Side | undefined;
  readonly b: Side | undefined;
}

export interface FirstDifferences {
  readonly event: Difference | undefined;
  readonly input: Difference | undefined;
  /** Kinds that one trace records and the other does not: not compared. */
  readonly onlyOne: readonly EventKind[];
}

export function firstDifferences(a: TraceReader, b: TraceReader): FirstDifferences {
  const onlyOne = recordedByOne(a, b);
  const [eventsA, eventsB] = [new RecordedEvents(a), new RecordedEvents(b)];
  const found = EVENT_KIND_NAMES.filter((kind) => !onlyOne.includes(kind)).flatMap((kind) => {
    const difference = differenceOf(kind, eventsA, eventsB);
    return difference ? [difference] : [];
  });
  const event = found.sort((x, y) => x.icount - y.icount)[0];
  return { event, input: inputDifference(a.inputs(), b.inputs()), onlyOne };
}

/** Kinds of which one trace has rows and the other none, where what was recorded is not the same. */
function recordedByOne(a: TraceReader, b: TraceReader): EventKind[] {
  const asked = ({ header: { machine, profile } }: TraceReader) =>
    JSON.stringify([machine.detail, profile.recursiveSlot, profile.alternateSlot, profile.windows]);
  if (asked(a) === asked(b)) return [];
  const has = (reader: TraceReader, kind: EventKind) =>
    reader.chunks.some(({ rows }) => (rows[kind] ?? 0) > 0);
  return EVENT_KIND_NAMES.filter((kind) => has(a, kind) !== has(b, kind));
}

/** Columns that are compared: `seq` counts the events of all kinds, also of those that one trace does not have. */
const comparedColumns = (kind: EventKind): number[] =>
  EVENT_KINDS[kind].columns.flatMap(({ name }, c) => (name === 'seq' ? [] : [c]));

function differenceOf(kind: EventKind, a: RecordedEvents, b: RecordedEvents): Difference | undefined {
  const columns = comparedColumns(kind);
  for (;;) {
    const [rowsA, rowsB] = [a.next(kind), b.next(kind)];
    if (!rowsA && !rowsB) return undefined;
    const equal = rowsA && rowsB ? equalRows(rowsA, rowsB, columns) : 0;
    if (rowsA && rowsB) {
      rowsA.row += equal;
      rowsB.row += equal;
      if (rowsA.row === rowsA.table.count || rowsB.row === rowsB.table.count) continue;
    }
    return difference(kind, sideOf(kind, rowsA), sideOf(kind, rowsB));
  }
}

/** Rows that are the same, from where both stand to the end of the shorter table. */
function equalRows(a: RecordedRows, b: RecordedRows, columns: readonly number[]): number {
  let equal = Math.min(a.table.count - a.row, b.table.count - b.row);
  for (const c of columns) {
    const [columnA, columnB] = [a.table.columns[c], b.table.columns[c]];
    let n = 0;
    while (n < equal && columnA[a.row + n] === columnB[b.row + n]) n++;
    equal = n;
  }
  return equal;
}

function sideOf(kind: EventKind, rows: RecordedRows | undefined): Side | undefined {
  if (!rows) return undefined;
  const { table, row } = rows;
  const icount = columnIndex(kind, 'icount');
  const wanted = EVENT_KINDS[kind].columns.filter(({ name }) => name !== 'seq');
  return { icount: table.columns[icount][row], text: describeEvent(table, row, wanted) };
}

function difference(kind: Difference['kind'], a: Side | undefined, b: Side | undefined): Difference {
  return { kind, a, b, icount: Math.min(a?.icount ?? Infinity, b?.icount ?? Infinity) };
}

function inputDifference(a: readonly Input[], b: readonly Input[]): Difference | undefined {
  const text = ({ icount, kind, value, target, address }: Input) =>
    `icount=${icount} ${kind}=${value}${target ? ` ${target}=${address}` : ''}`;
  const side = (input: Input | undefined): Side | undefined =>
    input && { icount: input.icount, text: text(input) };
  const n = Array.from({ length: Math.max(a.length, b.length) }, (_, i) => i).find(
    (i) => !a[i] || !b[i] || text(a[i]) !== text(b[i]),
  );
  return n === undefined ? undefined : difference('input', side(a[n]), side(b[n]));
}
