import {
  allocateTable,
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

const CONTEXT = 7;

/**
 * The machine's event buffers. `add` writes the context columns and the event's own, in the order of EVENT_KINDS. When
 * any kind is full all kinds are flushed as one batch, so batches never overlap in seq: a trace cut between two batches
 * is complete up to the cut, in every table.
 */
export class EventLog {
  seq = 0;
  private firstSeq = 0;
  private readonly tables: Record<EventKind, EventTable>;
  private readonly context: EventContext;
  private readonly sink: EventSink;

  constructor(context: EventContext, sink: EventSink, rows = BATCH_ROWS) {
    this.context = context;
    this.sink = sink;
    this.tables = Object.fromEntries(
      EVENT_KIND_NAMES.map((kind) => [kind, allocateTable(kind, rows)]),
    ) as Record<EventKind, EventTable>;
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
    if (table.count === columns[0].length) this.flush();
  }

  /** Hands everything buffered to the sink; call at the end of a run and before a checkpoint. */
  flush(): void {
    if (this.seq === this.firstSeq) return;
    this.sink.flush({ tables: this.tables, firstSeq: this.firstSeq, endSeq: this.seq });
    for (const kind of EVENT_KIND_NAMES) this.tables[kind].count = 0;
    this.firstSeq = this.seq;
  }
}
