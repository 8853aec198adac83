import { TraceWriter } from '../../recorder/capture/trace-writer.ts';
import { InlineLane } from '../../recorder/capture/writer-lane.ts';
import { allocateTable, EVENT_KIND_NAMES, EVENT_KINDS, type EventTable } from '../../schemas/events.ts';
import type { TraceHeader } from '../../schemas/trace/header.ts';
import { MAX_TABLE_ROWS } from '../../schemas/trace/limits.ts';
import { icount } from '../../schemas/units.ts';
import { anyHeader } from '../unit/trace-fixture.ts';

/** Writes a trace of so many stores, each of the word after the one before, of its own number, by process 5 under the directory 1000h. */
export function manyStores(path: string, rows: number): string {
  const any = anyHeader();
  const header: TraceHeader = { ...any, machine: { ...any.machine, detail: 'stores' } };
  const tables = Object.fromEntries(
    EVENT_KIND_NAMES.map((kind) => [kind, allocateTable(kind, MAX_TABLE_ROWS)]),
  );
  const stores = tables.stores as EventTable;
  const column = Object.fromEntries(
    EVENT_KINDS.stores.columns.map(({ name }, n) => [name, stores.columns[n]]),
  );
  const { contexts } = tables;
  for (const [n, { name }] of EVENT_KINDS.contexts.columns.entries())
    contexts.columns[n][0] = { icount: 1000, cr3: 0x1000, proc: 1, pid: 5 }[name as string] ?? 0;
  const writer = new TraceWriter(path, header, new InlineLane(path, header));
  for (let from = 0; from < rows; from += MAX_TABLE_ROWS) {
    stores.count = Math.min(MAX_TABLE_ROWS, rows - from);
    for (let row = 0; row < stores.count; row++) {
      const n = from + row;
      column.icount[row] = 1000 + n;
      column.seq[row] = n;
      column.linear[row] = column.physical[row] = 4 * n;
      column.size[row] = 4;
      column.new[row] = n;
    }
    contexts.count = from === 0 ? 1 : 0;
    writer.flush({
      tables: tables as Record<(typeof EVENT_KIND_NAMES)[number], EventTable>,
      firstSeq: from,
      endSeq: from + stores.count,
    });
  }
  writer.finish({ kind: 'limit', code: 0, message: '' }, { icount: icount(1000 + rows), hashes: {} });
  return path;
}
