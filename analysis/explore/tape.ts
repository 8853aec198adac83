import { TraceWriter } from '../../recorder/capture/trace-writer.ts';
import { InlineLane } from '../../recorder/capture/writer-lane.ts';
import { EndWatch } from '../../recorder/machine/end-state.ts';
import { BATCH_ROWS } from '../../recorder/machine/events/event-log.ts';
import type { Machine } from '../../recorder/machine/machine.ts';
import {
  allocateTable,
  EVENT_KIND_NAMES,
  type EventBatch,
  type EventKind,
  type EventTable,
} from '../../schemas/events.ts';
import type { TraceExit } from '../../schemas/trace/footer.ts';
import type { TraceHeader } from '../../schemas/trace/header.ts';

/** The events of a run that leaves another one, with those of that one before: for a trace of it that need not be executed from its start. */

/** Of the details, which may be as many as the instructions and which no check reads. */
export const LEFT_OUT: ReadonlySet<EventKind> = new Set([
  ...(['stores', 'reads', 'instructions', 'port_io', 'if_changes'] as const),
  ...(['call_entries', 'call_returns', 'system_calls'] as const),
]);

const STOPPED: TraceExit = { kind: 'limit', code: 0, message: '' };

export class Tape {
  private readonly base: Tape | undefined;
  /** Number of the batches of `base` that are this one's too. */
  private readonly before: number;
  private readonly own: EventBatch[] = [];

  constructor(base?: Tape) {
    this.base = base;
    this.before = base?.own.length ?? 0;
  }

  /** Of a run that leaves this one here. */
  fork(): Tape {
    return new Tape(this);
  }

  /** The batch may be reused after the call. */
  take({ tables, firstSeq, endSeq }: EventBatch): void {
    const copied = tablesBy((kind) => copyOf(tables[kind]));
    this.own.push({ tables: copied, firstSeq, endSeq });
  }

  /** Writes a trace of the run, which the machine has executed up to here; undefined `exit`: it was stopped. It cannot be replayed. */
  write(path: string, header: TraceHeader, machine: Machine, exit: TraceExit = STOPPED): void {
    const writer = new TraceWriter(path, header, new InlineLane(path, header));
    const watch = new EndWatch();
    try {
      for (const batches of inChunks(this.batches())) {
        const batch = joined(batches);
        watch.take(batch);
        writer.flush(batch);
      }
      writer.finish(exit, { icount: machine.icount, hashes: {} }, watch.state(machine));
    } catch (error) {
      writer.abandon();
      throw error;
    }
  }

  private batches(count = this.own.length): EventBatch[] {
    return [...(this.base?.batches(this.before) ?? []), ...this.own.slice(0, count)];
  }
}

const tablesBy = (table: (kind: EventKind) => EventTable): EventBatch['tables'] =>
  Object.fromEntries(EVENT_KIND_NAMES.map((kind) => [kind, table(kind)])) as Record<EventKind, EventTable>;

const EMPTY = tablesBy((kind) => allocateTable(kind, 0));

function copyOf({ kind, columns, count }: EventTable): EventTable {
  if (count === 0 || LEFT_OUT.has(kind)) return EMPTY[kind];
  return { kind, columns: columns.map((column) => column.slice(0, count)), count };
}

/** Successive batches, together of at most so many rows as a recording writes at once. */
function inChunks(batches: readonly EventBatch[]): EventBatch[][] {
  const chunks: EventBatch[][] = [];
  let rows = BATCH_ROWS;
  for (const batch of batches) {
    const more = batch.endSeq - batch.firstSeq;
    if (rows + more > BATCH_ROWS) {
      chunks.push([]);
      rows = 0;
    }
    chunks[chunks.length - 1].push(batch);
    rows += more;
  }
  return chunks;
}

const joined = (batches: readonly EventBatch[]): EventBatch => ({
  tables: tablesBy((kind) => joinedTable(kind, batches)),
  firstSeq: batches[0].firstSeq,
  endSeq: batches[batches.length - 1].endSeq,
});

function joinedTable(kind: EventKind, batches: readonly EventBatch[]): EventTable {
  const count = batches.reduce((sum, { tables }) => sum + tables[kind].count, 0);
  const table = allocateTable(kind, count);
  for (const { tables } of batches) {
    for (const [n, column] of tables[kind].columns.entries()) table.columns[n].set(column, table.count);
    table.count += tables[kind].count;
  }
  return table;
}
