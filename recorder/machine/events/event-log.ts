import {
  CONTEXT_COLUMNS,
  CONTROL_REGISTER,
  contextColumnsOf,
  ESP_REVISION,
  EVENT_KIND_NAMES,
  EVENT_KINDS,
  type EventBatch,
  type EventKind,
  type EventTable,
  type FoldedKind,
  INTERRUPT_OP,
  type OwnRow,
  type OwnValues,
} from '../../../schemas/events.ts';
import type { Icount } from '../../../schemas/units.ts';
import { CR0_PG } from '../control-registers.ts';
import type { MachineMemory } from '../layout.ts';
import {
  createControlWriter,
  createPagingWriter,
  createStoreRun,
  createStoreWriter,
  createTlbWriter,
  type RowTarget,
  type RowWriters,
  type StoreRun,
} from './event-rows.ts';
import { type Folded, Repeats } from './repeats.ts';
import { countOf, type RowBuffers, rowBuffers, SEQ, tableIn } from './row-buffers.ts';

/** The log of events: buffers of columns by kind, flushed in the order of the run. */

/** The receiver of full buffers. The columns are reused after `flush` returns, so copy or encode them first. */
export interface EventSink {
  flush(batch: EventBatch): void;
}

/** The machine's position when it makes an event; kept current by the CPU before any slow path. */
export interface EventContext {
  readonly icount: Icount;
  readonly eip: number;
  readonly cpl: number;
  readonly depth: number;
  readonly frameId: number;
  readonly cr3: number;
  readonly esp: number;
  readonly cr0: number;
}

export interface EventRules {
  /** Repeats while paging is off are folded (Repeats). */
  readonly folds?: boolean;
  /** Events have their ESP; otherwise it is 0. */
  readonly hasEsp?: boolean;
}

/** Those of MachineConfig.eventRevision. */
export const eventRules = (revision: number): EventRules => ({
  folds: revision >= 33,
  hasEsp: revision >= ESP_REVISION,
});

/** EventLog with an untyped `add` for any kind. */
interface AnyValues {
  add(kind: EventKind, ...values: readonly number[]): void;
}

/** For a kind whose columns are not known where a row is written. */
interface AnyTarget extends RowTarget {
  /** By column: of a byte, not of a cell. */
  readonly isSmall: readonly boolean[];
}

/** Rows buffered per kind before all kinds are flushed together. */
export const BATCH_ROWS = 65536;

const OWN_FROM = Object.fromEntries(EVENT_KIND_NAMES.map((kind) => [kind, contextColumnsOf(kind)])) as Record<
  EventKind,
  number
>;
const COUNTS = Object.fromEntries(EVENT_KIND_NAMES.map((kind) => [kind, countOf(kind)])) as Record<
  EventKind,
  number
>;
/** Index of `esp` in a kind that has none of its own. */
const ESP = CONTEXT_COLUMNS.findIndex(({ name }) => name === 'esp');
const REG_CR0 = CONTROL_REGISTER.indexOf('cr0');
const RAISE = INTERRUPT_OP.indexOf('raise');

/**
 * The machine's event buffers. Each append writes the context columns and the event's own, in the order of EVENT_KINDS.
 * When a kind is full, all kinds are flushed as one batch, so batches never overlap in seq, and a trace cut between two batches is
 * complete in every table.
 */
export class EventLog {
  readonly espMask: number;
  /** Called for each delivery of an interrupt and the end of its frame. */
  onInterrupt: ((row: OwnRow<'interrupts'>) => void) | null = null;
  /** Told of calls through a gate from CPL 3, with its selector and ESP there, and of returns to CPL 3 that end no interrupt. */
  onCallGate: ((selector: number, userEsp: number) => void) | null = null;
  onPlainReturn: (() => void) | null = null;
  private firstSeq = 0;
  private readonly tables: Record<EventKind, EventTable>;
  private readonly targets: Record<EventKind, AnyTarget>;
  readonly context: EventContext;
  readonly buffers: RowBuffers;
  private readonly i32: Int32Array;
  private readonly sink: EventSink;
  private readonly rows: number;
  private readonly repeats: Repeats | null;
  readonly pagingWrite: RowWriters['pagingWrite'];
  readonly controlWrite: RowWriters['controlWrite'];
  readonly tlbEvent: RowWriters['tlbEvent'];
  readonly store: RowWriters['store'];
  readonly storeRun: StoreRun;

  /** `mem` has room for `rows` rows of each kind (`bytesForRows`). */
  constructor(
    mem: MachineMemory,
    context: EventContext,
    sink: EventSink,
    rows = BATCH_ROWS,
    rules: EventRules = {},
  ) {
    const { folds = false, hasEsp = true } = rules;
    this.espMask = hasEsp ? -1 : 0;
    this.repeats = folds ? new Repeats(this.espMask) : null;
    this.context = context;
    this.sink = sink;
    this.rows = rows;
    this.i32 = mem.i32;
    this.buffers = rowBuffers(mem, rows, hasEsp);
    this.tables = Object.fromEntries(
      EVENT_KIND_NAMES.map((kind) => [kind, tableIn(mem, this.buffers, kind)]),
    ) as Record<EventKind, EventTable>;
    const views = { cells: mem.i32, bytes: mem.u8, icounts: mem.f64 };
    const target = (kind: EventKind): AnyTarget => ({
      ...views,
      count: countOf(kind),
      capacity: rows,
      places: this.tables[kind].columns.map((column) => column.byteOffset / column.BYTES_PER_ELEMENT),
      isSmall: EVENT_KINDS[kind].columns.map(({ type }) => type === 'small'),
    });
    this.targets = Object.fromEntries(EVENT_KIND_NAMES.map((kind) => [kind, target(kind)])) as Record<
      EventKind,
      AnyTarget
    >;
    const { targets } = this;
    this.pagingWrite = createPagingWriter(this, context, targets.paging_writes);
    this.controlWrite = createControlWriter(this, context, targets.control_writes);
    this.tlbEvent = createTlbWriter(this, context, targets.tlb_events);
    this.store = createStoreWriter(this, context, targets.stores);
    this.storeRun = createStoreRun(this, context, targets.stores);
  }

  /** Appends one event; `values` are the kind's own columns in order (at most sixteen). */
  add<Kind extends EventKind>(kind: Kind, ...values: OwnValues<Kind>): void;
  // Separate parameters, because an array per event would cost more than the event.
  // biome-ignore format: a list
  add(kind: EventKind, a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0, i = 0, j = 0, k = 0, l = 0, m = 0, n = 0, o = 0, p = 0): void {
    const { cells, bytes, icounts, places, isSmall, count } = this.targets[kind];
    const row = cells[count];
    const at = this.context;
    icounts[places[0] + row] = at.icount;
    cells[places[1] + row] = cells[SEQ]++;
    cells[places[2] + row] = at.eip;
    bytes[places[3] + row] = at.cpl;
    bytes[places[4] + row] = at.depth;
    cells[places[5] + row] = at.frameId;
    cells[places[6] + row] = at.cr3;
    const own = OWN_FROM[kind];
    if (own > ESP) cells[places[ESP] + row] = at.esp & this.espMask;
    const set = (n: number, value: number): void => {
      if (isSmall[n]) bytes[places[n] + row] = value;
      else cells[places[n] + row] = value;
    };
    switch (places.length - own) {
      // biome-ignore-start lint/suspicious/noFallthroughSwitchClause: a kind with n columns writes its first n
      case 16:
        set(own + 15, p);
      case 15:
        set(own + 14, o);
      case 14:
        set(own + 13, n);
      case 13:
        set(own + 12, m);
      case 12:
        set(own + 11, l);
      case 11:
        set(own + 10, k);
      case 10:
        set(own + 9, j);
      case 9:
        set(own + 8, i);
      case 8:
        set(own + 7, h);
      case 7:
        set(own + 6, g);
      case 6:
        set(own + 5, f);
      case 5:
        set(own + 4, e);
      case 4:
        set(own + 3, d);
      case 3:
        set(own + 2, c);
      case 2:
        set(own + 1, b);
      case 1:
        set(own, a);
      // biome-ignore-end lint/suspicious/noFallthroughSwitchClause: the ladder ends
    }
    cells[count] = row + 1;
    if (row + 1 === this.rows) this.flush();
  }

  /** Like `add`, for FOLDED_KINDS; with paging off, an event that repeats an earlier one is folded into it. */
  addOrFold<Kind extends FoldedKind>(kind: Kind, ...values: OwnValues<Kind>): void;
  addOrFold(kind: FoldedKind, a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0, i = 0, j = 0): void {
    const { repeats, context } = this;
    if (repeats && (context.cr0 & CR0_PG) === 0) {
      if (repeats.isOverdue(context.icount)) this.endRepeats();
      if (repeats.fold(kind, context.icount, context, [a, b, c, d, e, f, g, h, i, j])) return;
    }
    (this as unknown as AnyValues).add(kind, a, b, c, d, e, f, g, h, i, j);
  }

  /** Adds a delivery of an interrupt or the end of its frame. */
  interrupt(row: OwnRow<'interrupts'>): void {
    const { op, id, parent, vector, irq, source, target_eip: target, interrupted_cpl: cpl } = row;
    const { esp, reached } = row;
    this.addOrFold('interrupts', op, id, parent, vector, irq, source, target, cpl, esp, reached);
    this.onInterrupt?.(row);
  }

  /** Adds the raise of a line by a device or an input. It is never folded, because it marks the time of an input. */
  interruptLine(irq: number, source: number): void {
    this.add('interrupts', RAISE, 0, 0, 0, irq, source, 0, 0, 0, 0);
  }

  /** A load of CR0, before it happens. */
  cr0Write(old: number, value: number): void {
    if (value & CR0_PG) {
      this.endRepeats();
      this.controlWrite(REG_CR0, old, value);
    } else this.addOrFold('control_writes', REG_CR0, old, value);
  }

  /**
   * Writes the counts of folded events as rows of kind `repeats`. Called at every rung of the ladder and at the end of the run, so that
   * each stretch between two rungs is independent and a checkpoint need not contain them.
   */
  endRepeats(): void {
    for (const folded of this.repeats?.take() ?? []) this.addRepeats(folded);
  }

  private addRepeats(folded: Folded): void {
    const { columns } = this.tables.repeats;
    const row = this.i32[COUNTS.repeats]++;
    const { icount } = this.context;
    const { eip, cpl, depth, frameId, cr3, esp, kind, first, last, count, low, high } = folded;
    const context = [icount, this.i32[SEQ]++, eip, cpl, depth, frameId, cr3, esp];
    for (const [n, value] of [...context, kind, icount - first, icount - last, count, low, high].entries())
      columns[n][row] = value;
    if (row + 1 === this.rows) this.flush();
  }

  /** Flushes all buffers to the sink; call it at the end of a run and before a checkpoint. */
  flush(): void {
    const { tables, firstSeq, seq } = this;
    if (seq === firstSeq) return;
    for (const kind of EVENT_KIND_NAMES) tables[kind].count = this.i32[COUNTS[kind]];
    this.sink.flush({ tables, firstSeq, endSeq: seq });
    this.empty();
    this.firstSeq = seq;
  }

  /** The number of the next event. */
  get seq(): number {
    const { firstSeq } = this;
    return firstSeq + ((this.i32[SEQ] - firstSeq) >>> 0);
  }

  private empty(): void {
    for (const kind of EVENT_KIND_NAMES) this.i32[COUNTS[kind]] = 0;
  }

  /** Discards all buffered events. */
  discard(): void {
    this.empty();
    this.resumeAt(0);
  }

  /** Numbers the events that follow from `seq`: after a restore they continue those of the recorded run. */
  resumeAt(seq: number): void {
    this.repeats?.take();
    this.i32[SEQ] = seq;
    this.firstSeq = seq;
  }
}
