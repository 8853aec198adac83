import {
  type ColumnArray,
  CONTEXT_COLUMNS,
  EVENT_KINDS,
  EVENT_KIND_NAMES,
  type EventBatch,
  type EventKind,
  type EventTable,
} from '../../schemas/events.ts';

/** Where full buffers go. The columns are reused once `flush` returns: copy or encode before. */
export interface EventSink {
  flush(batch: EventBatch): void;
}

/** Where the machine stands when it makes an event; kept current by the CPU before any slow path. */
export interface EventContext {
  readonly icount: number;
  readonly eip: number;
  readonly cpl: number;
  readonly depth: number;
  readonly frameId: number;
  readonly cr3: number;
}

/** Rows buffered per kind before all kinds are flushed together. */
export const BATCH_ROWS = 65536;

const CONTEXT = CONTEXT_COLUMNS.length;

/** Distance, past a whole number of pages, between the columns of a table: three cache lines. */
const STAGGER = 192;

/**
 * A table whose columns lie in one buffer at different offsets within a page. A row touches every column at once;
 * columns that began at like offsets would all compete for one set of the host's caches.
 */
function staggeredTable(kind: EventKind, rows: number): EventTable {
  const specs = EVENT_KINDS[kind].columns;
  const stride = Math.ceil((rows * 8 + 1) / 4096) * 4096 + STAGGER;
  const buffer = new ArrayBuffer(specs.length * stride);
  const columns = specs.map(({ type }, i): ColumnArray => {
    if (type === 'icount') return new Float64Array(buffer, i * stride, rows);
    if (type === 'small') return new Uint8Array(buffer, i * stride, rows);
    return new Uint32Array(buffer, i * stride, rows);
  });
  return { kind, count: 0, columns };
}

/**
 * The context columns of one table under their own names. A frequent kind is written through such fields: an indexed
 * walk over columns of three array types costs several times as much as stores to fields of one type each.
 */
class ContextRows {
  readonly table: EventTable;
  readonly icount: Float64Array;
  readonly seq: Uint32Array;
  readonly eip: Uint32Array;
  readonly cpl: Uint8Array;
  readonly depth: Uint8Array;
  readonly frameId: Uint32Array;
  readonly cr3: Uint32Array;

  constructor(table: EventTable) {
    this.table = table;
    const [icount, seq, eip, cpl, depth, frameId, cr3] = table.columns;
    this.icount = icount as Float64Array;
    this.seq = seq as Uint32Array;
    this.eip = eip as Uint32Array;
    this.cpl = cpl as Uint8Array;
    this.depth = depth as Uint8Array;
    this.frameId = frameId as Uint32Array;
    this.cr3 = cr3 as Uint32Array;
  }

  /** Writes the context columns of the next row and returns its number. */
  begin(at: EventContext, seq: number): number {
    const row = this.table.count;
    this.icount[row] = at.icount;
    this.seq[row] = seq;
    this.eip[row] = at.eip;
    this.cpl[row] = at.cpl;
    this.depth[row] = at.depth;
    this.frameId[row] = at.frameId;
    this.cr3[row] = at.cr3;
    this.table.count = row + 1;
    return row;
  }
}

const words = (table: EventTable, column: number) => table.columns[CONTEXT + column] as Uint32Array;
const bytes = (table: EventTable, column: number) => table.columns[CONTEXT + column] as Uint8Array;

class PagingWriteRows {
  readonly context: ContextRows;
  readonly linear: Uint32Array;
  readonly physical: Uint32Array;
  readonly dir: Uint32Array;
  readonly slot: Uint32Array;
  readonly vpn: Uint32Array;
  readonly level: Uint8Array;
  readonly old: Uint32Array;
  readonly new: Uint32Array;
  readonly via: Uint8Array;
  readonly source: Uint8Array;

  constructor(table: EventTable) {
    this.context = new ContextRows(table);
    this.linear = words(table, 0);
    this.physical = words(table, 1);
    this.dir = words(table, 2);
    this.slot = words(table, 3);
    this.vpn = words(table, 4);
    this.level = bytes(table, 5);
    this.old = words(table, 6);
    this.new = words(table, 7);
    this.via = bytes(table, 8);
    this.source = bytes(table, 9);
  }
}

class ControlWriteRows {
  readonly context: ContextRows;
  readonly reg: Uint8Array;
  readonly old: Uint32Array;
  readonly new: Uint32Array;

  constructor(table: EventTable) {
    this.context = new ContextRows(table);
    this.reg = bytes(table, 0);
    this.old = words(table, 1);
    this.new = words(table, 2);
  }
}

class TlbEventRows {
  readonly context: ContextRows;
  readonly op: Uint8Array;
  readonly linear: Uint32Array;
  readonly used: Uint32Array;
  readonly fresh: Uint32Array;
  readonly access: Uint8Array;

  constructor(table: EventTable) {
    this.context = new ContextRows(table);
    this.op = bytes(table, 0);
    this.linear = words(table, 1);
    this.used = words(table, 2);
    this.fresh = words(table, 3);
    this.access = bytes(table, 4);
  }
}

class StoreRows {
  readonly context: ContextRows;
  readonly linear: Uint32Array;
  readonly physical: Uint32Array;
  readonly size: Uint8Array;
  readonly old: Uint32Array;
  readonly new: Uint32Array;

  constructor(table: EventTable) {
    this.context = new ContextRows(table);
    this.linear = words(table, 0);
    this.physical = words(table, 1);
    this.size = bytes(table, 2);
    this.old = words(table, 3);
    this.new = words(table, 4);
  }
}

/**
 * The machine's event buffers. Each append writes the context columns and the event's own, in the order of EVENT_KINDS.
 * When any kind is full all kinds are flushed as one batch, so batches never overlap in seq: a trace cut between two
 * batches is complete up to the cut, in every table.
 */
export class EventLog {
  seq = 0;
  private firstSeq = 0;
  private readonly tables: Record<EventKind, EventTable>;
  private readonly context: EventContext;
  private readonly sink: EventSink;
  private readonly rows: number;
  private readonly pagingWrites: PagingWriteRows;
  private readonly controlWrites: ControlWriteRows;
  private readonly tlbEvents: TlbEventRows;
  private readonly storeRows: StoreRows;

  constructor(context: EventContext, sink: EventSink, rows = BATCH_ROWS) {
    this.context = context;
    this.sink = sink;
    this.rows = rows;
    this.tables = Object.fromEntries(
      EVENT_KIND_NAMES.map((kind) => [kind, staggeredTable(kind, rows)]),
    ) as Record<EventKind, EventTable>;
    this.pagingWrites = new PagingWriteRows(this.tables.paging_writes);
    this.controlWrites = new ControlWriteRows(this.tables.control_writes);
    this.tlbEvents = new TlbEventRows(this.tables.tlb_events);
    this.storeRows = new StoreRows(this.tables.stores);
  }

  /** Appends one event; `values` are the kind's own columns in order (at most ten). */
  add(kind: EventKind, a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0, i = 0, j = 0): void {
    const table = this.tables[kind];
    const columns = table.columns;
    const row = table.count;
    const at = this.context;
    columns[0][row] = at.icount;
    columns[1][row] = this.seq++;
    columns[2][row] = at.eip;
    columns[3][row] = at.cpl;
    columns[4][row] = at.depth;
    columns[5][row] = at.frameId;
    columns[6][row] = at.cr3;
    switch (columns.length - CONTEXT) {
      // biome-ignore-start lint/suspicious/noFallthroughSwitchClause: a kind with n columns writes its first n
      case 10:
        columns[16][row] = j;
      case 9:
        columns[15][row] = i;
      case 8:
        columns[14][row] = h;
      case 7:
        columns[13][row] = g;
      case 6:
        columns[12][row] = f;
      case 5:
        columns[11][row] = e;
      case 4:
        columns[10][row] = d;
      case 3:
        columns[9][row] = c;
      case 2:
        columns[8][row] = b;
      case 1:
        columns[7][row] = a;
      // biome-ignore-end lint/suspicious/noFallthroughSwitchClause: the ladder ends
    }
    table.count = row + 1;
    if (table.count === this.rows) this.flush();
  }

  pagingWrite(
    linear: number,
    physical: number,
    dir: number,
    slot: number,
    vpn: number,
    level: number,
    old: number,
    value: number,
    via: number,
    source: number,
  ): void {
    const rows = this.pagingWrites;
    const row = rows.context.begin(this.context, this.seq++);
    rows.linear[row] = linear;
    rows.physical[row] = physical;
    rows.dir[row] = dir;
    rows.slot[row] = slot;
    rows.vpn[row] = vpn;
    rows.level[row] = level;
    rows.old[row] = old;
    rows.new[row] = value;
    rows.via[row] = via;
    rows.source[row] = source;
    if (row + 1 === this.rows) this.flush();
  }

  controlWrite(reg: number, old: number, value: number): void {
    const rows = this.controlWrites;
    const row = rows.context.begin(this.context, this.seq++);
    rows.reg[row] = reg;
    rows.old[row] = old;
    rows.new[row] = value;
    if (row + 1 === this.rows) this.flush();
  }

  tlbEvent(op: number, linear: number, used: number, fresh: number, access: number): void {
    const rows = this.tlbEvents;
    const row = rows.context.begin(this.context, this.seq++);
    rows.op[row] = op;
    rows.linear[row] = linear;
    rows.used[row] = used;
    rows.fresh[row] = fresh;
    rows.access[row] = access;
    if (row + 1 === this.rows) this.flush();
  }

  store(linear: number, physical: number, size: number, old: number, value: number): void {
    const rows = this.storeRows;
    const row = rows.context.begin(this.context, this.seq++);
    rows.linear[row] = linear;
    rows.physical[row] = physical;
    rows.size[row] = size;
    rows.old[row] = old;
    rows.new[row] = value;
    if (row + 1 === this.rows) this.flush();
  }

  /** Hands everything buffered to the sink; call at the end of a run and before a checkpoint. */
  flush(): void {
    if (this.seq === this.firstSeq) return;
    this.sink.flush({ tables: this.tables, firstSeq: this.firstSeq, endSeq: this.seq });
    for (const kind of EVENT_KIND_NAMES) this.tables[kind].count = 0;
    this.firstSeq = this.seq;
  }

  /** Numbers the events that follow from `seq`: after a restore they continue those of the recorded run. */
  resumeAt(seq: number): void {
    this.seq = seq;
    this.firstSeq = seq;
  }
}
