import { TraceWriter } from '../../recorder/capture/trace-writer.ts';
import {
  allocateTable,
  EVENT_KIND_NAMES,
  EVENT_KINDS,
  type EventKind,
  type EventTable,
} from '../../schemas/events.ts';
import type { TraceHeader } from '../../schemas/trace/header.ts';
import type { Input } from '../../schemas/trace/inputs.ts';
import { icount } from '../../schemas/units.ts';
import { anyHeader } from '../unit/trace-fixture.ts';

/** An event: its kind, and the columns that are not 0. Events come at icounts 1000, 2000 and so on unless they say. */
export type MadeEvent = { readonly kind: EventKind } & Readonly<Record<string, number | string>>;

/** Writes a trace of made-up events and inputs: for what a query says of a run that would be long to bring about. */
export function madeTrace(
  path: string,
  profile: Partial<TraceHeader['profile']>,
  events: readonly MadeEvent[],
  inputs: readonly Input[] = [],
): string {
  const header = anyHeader();
  const writer = new TraceWriter(path, { ...header, profile: { ...header.profile, ...profile } });
  const tables = Object.fromEntries(
    EVENT_KIND_NAMES.map((kind) => [kind, allocateTable(kind, events.length)]),
  ) as Record<EventKind, EventTable>;
  for (const [n, event] of events.entries()) {
    const table = tables[event.kind];
    for (const [c, column] of EVENT_KINDS[event.kind].columns.entries()) {
      const implied = column.name === 'icount' ? 1000 * (n + 1) : column.name === 'seq' ? n : 0;
      table.columns[c][table.count] = Number(event[column.name] ?? implied);
    }
    table.count++;
  }
  for (const input of inputs) writer.input(input);
  writer.flush({ tables, firstSeq: 0, endSeq: events.length });
  const end = 1000 * (events.length + 1);
  writer.finish({ kind: 'limit', code: 0, message: '' }, { icount: icount(end), hashes: {} });
  return path;
}
