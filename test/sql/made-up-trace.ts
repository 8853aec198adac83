import { TraceWriter } from '../../recorder/capture/trace-writer.ts';
import { InlineLane } from '../../recorder/capture/writer-lane.ts';
import {
  allocateTable,
  EVENT_KIND_NAMES,
  EVENT_KINDS,
  type EventKind,
  type EventTable,
} from '../../schemas/events.ts';
import { icount } from '../../schemas/units.ts';
import { untrusted } from '../../schemas/untrusted.ts';
import { anyHeader } from '../unit/trace-fixture.ts';

/**
 * Traces of events that no machine made: a few rows each, written and loaded as those of a recording are. What a row does not say
 * is 0, but for `icount` and `seq`, which count up, and `cr3`, which is DIRECTORY.
 */

/** Physical addresses of page directories: the one that is live, and two others. */
export const DIRECTORY = 0x1000;
export const ONE = 0x5000;
export const OTHER = 0x9000;
export const RECURSIVE_SLOT = 959;
export const ALTERNATE_SLOT = 1023;
/** An address in the alternate window. */
export const IN_WINDOW = 0xffc01230;

/** An event: its kind, and columns by name; a word stands for its number. */
export type MadeUpEvent = { readonly kind: EventKind } & Readonly<Record<string, number | string>>;

/** Writes a trace of these events, in this order, of a 4.4BSD guest that ended by itself. */
export function writeMadeUp(path: string, events: readonly MadeUpEvent[]): void {
  const header = anyHeader();
  const made = {
    ...header,
    machine: { ...header.machine, detail: 'paging' as const },
    profile: {
      name: untrusted('made up'),
      recursiveSlot: RECURSIVE_SLOT,
      alternateSlot: ALTERNATE_SLOT,
      source: untrusted(''),
    },
  };
  const tables = Object.fromEntries(
    EVENT_KIND_NAMES.map((kind) => [kind, allocateTable(kind, events.length)]),
  ) as Record<EventKind, EventTable>;
  for (const [n, event] of events.entries()) addRow(tables[event.kind], event, n);
  const writer = new TraceWriter(path, made, new InlineLane(path, made));
  writer.flush({ tables, firstSeq: 0, endSeq: events.length + 1 });
  const end = { icount: icount(100 * (events.length + 1)), hashes: {} };
  writer.ladder(end);
  writer.finish({ kind: 'exit', code: 0, message: '' }, end);
}

function addRow(table: EventTable, event: MadeUpEvent, n: number): void {
  const row = table.count++;
  const values: Record<string, number | string> = {
    icount: 100 * (n + 1),
    seq: n + 1,
    cr3: DIRECTORY,
    ...event,
  };
  for (const [i, { name, names }] of EVENT_KINDS[table.kind].columns.entries()) {
    const value = values[name] ?? 0;
    const number = typeof value === 'string' ? (names ?? []).indexOf(value) : value;
    if (number < 0) throw new Error(`${table.kind}.${name}: no ${value}`);
    table.columns[i][row] = number;
  }
}

const PRESENT = 3;

/** The alternate slot is set, or looked at, by the interrupt frame `frame`. */
export const slot = (op: 'write' | 'check', to: number, frame = 0): MadeUpEvent => ({
  kind: 'aptd_switches',
  op,
  new: to | PRESENT,
  frame_id: frame,
  depth: frame,
});

/** A store through the window, where the slot names `apt` and the TLB entry was filled under `used`. */
export const store = (apt: number, used = apt): MadeUpEvent => ({
  kind: 'apt_accesses',
  access: 'write',
  linear: IN_WINDOW,
  apt: apt | PRESENT,
  used: used | PRESENT,
});

/** IRQ 14 comes, as frame 1. */
export const interrupt: MadeUpEvent = { kind: 'interrupts', op: 'deliver', id: 1, vector: 46, irq: 14 };
export const iret: MadeUpEvent = { kind: 'interrupts', op: 'iret', id: 1, reached: 1, frame_id: 1, depth: 1 };

/** CR3 is loaded. */
export const load = (from: number, to: number): MadeUpEvent => ({
  kind: 'control_writes',
  reg: 'cr3',
  old: from,
  new: to,
});

/** The recursive entry of a directory is written: it names the directory as long as that is one. */
export const recursiveEntry = (directory: number, to: number): MadeUpEvent => ({
  kind: 'paging_writes',
  level: 'pde',
  source: 'store',
  slot: RECURSIVE_SLOT,
  dir: directory,
  new: to,
});
