import {
  type ColumnArray,
  columnIndex,
  type EventBatch,
  type EventKind,
  type EventTable,
} from '../../schemas/events.ts';

/** The events that a replay makes beyond those recorded. */

/** Kinds whose events refer to items numbered from 1 in the header: windows of the profile, probes. */
const NUMBERED = {
  window_switches: 'window',
  window_accesses: 'window',
  call_entries: 'probe',
  call_returns: 'probe',
} as const satisfies Partial<Record<EventKind, string>>;
type NumberedKind = keyof typeof NUMBERED;
const NUMBERED_KINDS = Object.keys(NUMBERED) as NumberedKind[];
const isNumbered = (kind: EventKind): kind is NumberedKind => kind in NUMBERED;
const SEQ = columnIndex('stores', 'seq');

/** The last number in the recording of each, if the replay makes events for more. */
export type LastRecorded = { readonly [What in (typeof NUMBERED)[NumberedKind]]?: number };

/** Events that the recording does not have: whole kinds, and events of additional windows and probes. */
export class ExtraEvents {
  /** Number of extra events so far. */
  before = 0;
  /** Kinds that are entirely absent from the recording. */
  readonly kinds: readonly EventKind[];
  private readonly last: LastRecorded;

  constructor(kinds: readonly EventKind[], last: LastRecorded) {
    this.kinds = kinds;
    this.last = last;
  }

  get any(): boolean {
    return this.kinds.length > 0 || Object.keys(this.last).length > 0;
  }

  /** `seq` of the extra events of a batch, ascending. */
  seqIn({ tables }: EventBatch): Uint32Array {
    const seq: number[] = [];
    for (const kind of NUMBERED_KINDS)
      for (const row of this.rows(tables[kind], kind, true)) seq.push(tables[kind].columns[SEQ][row]);
    const whole = this.kinds.map((kind) => tables[kind].columns[SEQ].subarray(0, tables[kind].count));
    if (seq.length === 0 && whole.length === 1) return whole[0] as Uint32Array;
    const all = new Uint32Array(whole.reduce((sum, { length }) => sum + length, seq.length));
    all.set(seq);
    let at = seq.length;
    for (const one of whole) {
      all.set(one, at);
      at += one.length;
    }
    return all.sort();
  }

  /** The table without the extra rows. */
  without(table: EventTable): EventTable {
    const { kind } = table;
    if (!isNumbered(kind) || this.last[NUMBERED[kind]] === undefined) return table;
    const rows = this.rows(table, kind, false);
    const columns = table.columns.map((column) => {
      const kept = new (column.constructor as new (length: number) => ColumnArray)(rows.length);
      for (const [n, row] of rows.entries()) kept[n] = column[row];
      return kept;
    });
    return { kind, count: rows.length, columns };
  }

  pass(seq: Uint32Array): void {
    this.before += seq.length;
  }

  /** Indexes of the rows of a kind that are extra, or of those that are not. */
  private rows({ count, columns }: EventTable, kind: NumberedKind, extra: boolean): number[] {
    const last = this.last[NUMBERED[kind]];
    if (last === undefined) return [];
    const number = columns[columnIndex(kind, NUMBERED[kind])].subarray(0, count);
    const rows: number[] = [];
    for (let row = 0; row < count; row++) if (number[row] > last === extra) rows.push(row);
    return rows;
  }
}
