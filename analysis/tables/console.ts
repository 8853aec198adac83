import { CONSOLE_PORT, EVENT_KINDS } from '../../schemas/events.ts';
import { RowBuffer } from './row-buffer.ts';
import type { TableColumn, TraceTable } from './table.ts';

const columns: readonly TableColumn[] = [
  { name: 'icount', kind: 'bigint', doc: 'icount of the first byte of the line' },
  { name: 'seq', kind: 'uint', doc: 'position of the first byte among all events of the run' },
  { name: 'end_icount', kind: 'bigint', doc: 'icount of the last byte' },
  { name: 'cr3', kind: 'uint', doc: 'physical address of the page directory at the first byte, bytes' },
  { name: 'port', kind: 'word', doc: 'device', words: CONSOLE_PORT },
  { name: 'line', kind: 'text', doc: 'the text, without its newline' },
];
const source = (name: string) => EVENT_KINDS.console.columns.findIndex((column) => column.name === name);
const NEWLINE = 10;
const RETURN = 13;

interface Line {
  readonly icount: number;
  readonly seq: number;
  readonly cr3: number;
  end: number;
  readonly bytes: number[];
}

/** One row for each line that the guest printed. */
export const consoleLines: TraceTable = {
  name: 'console',
  doc: "a line on the guest's console",
  columns,
  *batches(reader) {
    const rows = new RowBuffer(columns);
    const open = new Map<number, Line>();
    const end = (port: number) => {
      const line = open.get(port);
      if (!line) return;
      open.delete(port);
      const text = Buffer.from(line.bytes).toString('latin1');
      rows.add(line.icount, line.seq, line.end, line.cr3, CONSOLE_PORT[port], text);
    };
    for (let chunk = 0; chunk < reader.chunks.length; chunk++) {
      if (!reader.chunks[chunk].rows.console) continue;
      const table = reader.readChunk(chunk).table('console');
      const cell = (name: string, row: number) => table.columns[source(name)][row];
      for (let row = 0; row < table.count; row++) {
        const byte = cell('byte', row);
        if (byte === RETURN) continue;
        const port = cell('port', row);
        const icount = cell('icount', row);
        let line = open.get(port);
        if (!line) {
          line = { icount, seq: cell('seq', row), cr3: cell('cr3', row), end: icount, bytes: [] };
          open.set(port, line);
        }
        line.end = icount;
        if (byte === NEWLINE) end(port);
        else line.bytes.push(byte);
      }
    }
    for (const port of [...open.keys()].sort((a, b) => a - b)) end(port);
    if (rows.rows > 0) yield rows.batch();
  },
};
