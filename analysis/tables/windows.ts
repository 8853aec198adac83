import { WINDOW_KIND } from '../../schemas/events.ts';
import { RowBuffer } from './row-buffer.ts';
import type { TableColumn, TraceTable } from './table.ts';

/** The table windows: what the profile of a trace declares. */

const columns: readonly TableColumn[] = [
  {
    name: 'window_id',
    kind: 'small',
    doc: '0 = the alternate map; windows of the profile are numbered from 1',
  },
  { name: 'name', kind: 'text', doc: 'name in the profile; `alternate` for the alternate map' },
  { name: 'kind', kind: 'word', doc: 'kind of window', words: WINDOW_KIND },
  { name: 'linear', kind: 'uint', doc: 'linear address of the first page, or of the word; 0 for a register' },
  { name: 'pages', kind: 'uint', doc: 'number of pages; 0 for a register or a word' },
];

export const windows: TraceTable = {
  name: 'windows',
  doc: 'a window whose events were recorded: the alternate map or a window that the profile declares',
  columns,
  *batches({ header }) {
    const { alternateSlot, windows: declared = [] } = header.profile;
    const rows = new RowBuffer(columns);
    if (alternateSlot >= 0) rows.add(0, 'alternate', 'slot', alternateSlot * 2 ** 22, 1024);
    for (const [n, { name, kind, linear, pages }] of declared.entries())
      rows.add(n + 1, name.raw, kind, linear, kind === 'slot' ? 1024 : pages);
    if (rows.rows > 0) yield rows.batch();
  },
};
