import type { EventLog } from '../../recorder/machine/events/event-log.ts';
import { EVENT_KIND_NAMES, EVENT_KINDS, type EventBatch, type EventKind } from '../../schemas/events.ts';

/** Rows of events as objects, for tests of parts of the machine. */

export type Row = Record<string, number>;

/** Takes what an EventLog flushes and keeps it by kind until it is asked for. */
export class SeenEvents {
  private readonly rows = new Map<EventKind, Row[]>();

  flush(batch: EventBatch): void {
    for (const kind of EVENT_KIND_NAMES) {
      const { count, columns } = batch.tables[kind];
      const rows = this.rows.get(kind) ?? [];
      for (let row = 0; row < count; row++) {
        rows.push(Object.fromEntries(EVENT_KINDS[kind].columns.map((c, i) => [c.name, columns[i][row]])));
      }
      this.rows.set(kind, rows);
    }
  }

  /** The events of a kind since the last call. */
  take(log: EventLog | null, kind: EventKind): Row[] {
    log?.flush();
    const rows = this.rows.get(kind) ?? [];
    this.rows.delete(kind);
    return rows;
  }

  forget(log: EventLog | null): void {
    log?.flush();
    this.rows.clear();
  }
}
