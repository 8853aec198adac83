import { linesOf } from '../../replayer/trace/console-lines.ts';
import { CONSOLE_PORT } from '../../schemas/events.ts';
import { RowBuffer } from './row-buffer.ts';
import type { TableColumn, TraceTable } from './table.ts';

/** Lines of the guest's console, from its bytes. */

const columns: readonly TableColumn[] = [
  { name: 'icount', kind: 'bigint', doc: 'icount of the first byte of the line' },
  { name: 'seq', kind: 'uint', doc: 'position of the first byte among all events of the run' },
  { name: 'end_icount', kind: 'bigint', doc: 'icount of the last byte' },
  { name: 'cr3', kind: 'uint', doc: 'physical address of the page directory at the first byte, bytes' },
  { name: 'port', kind: 'word', doc: 'device', words: CONSOLE_PORT },
  { name: 'line', kind: 'text', doc: 'the text, without its newline' },
];
/** One row for each line that the guest printed. */
export const consoleLines: TraceTable = {
  name: 'console',
  doc: "a line on the guest's console",
  columns,
  *batches(reader) {
    const rows = new RowBuffer(columns);
    for (const { icount, seq, end, cr3, port, text } of linesOf(reader))
      rows.add(icount, seq, end, cr3, port, text);
    if (rows.rows > 0) yield rows.batch();
  },
};
