import {
  type ColumnArray,
  EVENT_KINDS,
  type EventBatch,
  type EventKind,
  type EventTable,
} from '../../schemas/events.ts';

/** The events that a replay makes beyond those recorded. */

const WINDOW_KINDS = ['window_switches', 'window_accesses'] as const;
const isWindowKind = (kind: EventKind): boolean => (WINDOW_KINDS as readonly EventKind[]).includes(kind);
const columnOf = (kind: EventKind, name: string): number =>
  EVENT_KINDS[kind].columns.findIndex((column) => column.name === name);
const SEQ = columnOf('stores', 'seq');

/** Stores, where the recording has none, and the events of windows that it does not declare. */
export class ExtraEvents {
  /** Events passed so far. */
  before = 0;
  private readonly stores: boolean;
  /** Windows above this number are extra; undefined when none is. */
  private readonly lastWindow: number | undefined;

  constructor(stores: boolean, lastWindow: number | undefined) {
    this.stores = stores;
    this.lastWindow = lastWindow;
  }

  get any(): boolean {
    return this.stores || this.lastWindow !== undefined;
  }

  /** `seq` of the extra events of a batch, ascending. */
  seqIn({ tables }: EventBatch): Uint32Array {
    const seq: number[] = [];
    if (this.lastWindow !== undefined)
      for (const kind of WINDOW_KINDS)
        for (const row of this.rows(tables[kind], true)) seq.push(tables[kind].columns[SEQ][row]);
    if (!this.stores) return Uint32Array.from(seq).sort();
    const stores = tables.stores.columns[SEQ].subarray(0, tables.stores.count) as Uint32Array;
    return seq.length === 0 ? stores : Uint32Array.from([...seq, ...stores]).sort();
  }

  /** A table with the rows that the recording has as well. */
  without(table: EventTable): EventTable {
    if (this.lastWindow === undefined || !isWindowKind(table.kind)) return table;
    const rows = this.rows(table, false);
    const columns = table.columns.map((column) => {
      const kept = new (column.constructor as new (length: number) => ColumnArray)(rows.length);
      for (const [n, row] of rows.entries()) kept[n] = column[row];
      return kept;
    });
    return { kind: table.kind, count: rows.length, columns };
  }

  pass(seq: Uint32Array): void {
    this.before += seq.length;
  }

  /** The numbers of the rows of a kind of window events that are extra, or of those that are not. */
  private rows({ kind, count, columns }: EventTable, extra: boolean): number[] {
    const window = columns[columnOf(kind, 'window')].subarray(0, count);
    const rows: number[] = [];
    for (let row = 0; row < count; row++)
      if (window[row] > (this.lastWindow as number) === extra) rows.push(row);
    return rows;
  }
}
