import { TraceWriter } from '../../recorder/capture/trace-writer.ts';
import { InlineLane } from '../../recorder/capture/writer-lane.ts';
import {
  allocateTable,
  type Column,
  EVENT_KIND_NAMES,
  EVENT_KINDS,
  type EventKind,
  type EventTable,
} from '../../schemas/events.ts';
import type { TraceExit } from '../../schemas/trace/footer.ts';
import type { TraceHeader } from '../../schemas/trace/header.ts';
import type { Input } from '../../schemas/trace/inputs.ts';
import { icount } from '../../schemas/units.ts';
import { anyHeader } from '../unit/trace-fixture.ts';

/**
 * An event: its kind, and the columns that are not 0; a word stands for its number. Events come at icounts 1000, 2000 and so on, with
 * seq 0, 1 and so on, unless they say.
 */
export type MadeEvent = { readonly kind: EventKind } & Readonly<Record<string, number | string>>;

const STOPPED: TraceExit = { kind: 'limit', code: 0, message: '' };

/** Writes a trace of made-up events and inputs, at detail `paging`: for what a query says of a run that would be long to bring about. */
export function madeTrace(
  path: string,
  profile: Partial<TraceHeader['profile']>,
  events: readonly MadeEvent[],
  { exit = STOPPED, inputs = [] }: { readonly exit?: TraceExit; readonly inputs?: readonly Input[] } = {},
): string {
  const any = anyHeader();
  const header: TraceHeader = {
    ...any,
    machine: { ...any.machine, detail: 'paging' },
    profile: { ...any.profile, ...profile },
  };
  const tables = Object.fromEntries(
    EVENT_KIND_NAMES.map((kind) => [kind, allocateTable(kind, events.length)]),
  ) as Record<EventKind, EventTable>;
  for (const [n, event] of events.entries()) addRow(tables[event.kind], event, n);
  const writer = new TraceWriter(path, header, new InlineLane(path, header));
  for (const input of inputs) writer.input(input);
  writer.flush({ tables, firstSeq: 0, endSeq: events.length });
  const last = events.reduce((end, event, n) => Math.max(end, Number(event.icount ?? 1000 * (n + 1))), 0);
  writer.finish(exit, { icount: icount(last + 1000), hashes: {} });
  return path;
}

function addRow(table: EventTable, { kind, ...event }: MadeEvent, n: number): void {
  const columns: readonly Column[] = EVENT_KINDS[kind].columns;
  const unknown = Object.keys(event).find((name) => !columns.some((column) => column.name === name));
  if (unknown !== undefined) throw new Error(`${kind} has no column ${unknown}`);
  for (const [c, { name, names }] of columns.entries()) {
    const implied = name === 'icount' ? 1000 * (n + 1) : name === 'seq' ? n : 0;
    const value = event[name] ?? implied;
    const number = typeof value === 'string' ? (names ?? []).indexOf(value) : value;
    if (number < 0) throw new Error(`${kind}.${name}: no ${value}`);
    table.columns[c][table.count] = number;
  }
  table.count++;
}
