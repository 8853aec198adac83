import { CONSOLE_PORT, columnIndex } from '../../schemas/events.ts';
import { latin1 } from '../../schemas/text-bytes.ts';
import type { Icount } from '../../schemas/units.ts';
import type { TraceReader } from './trace-reader.ts';

/** The lines that a guest printed, from the bytes recorded. */

const NEWLINE = 10;
const RETURN = 13;

export interface ConsoleLine {
  readonly icount: Icount;
  readonly seq: number;
  readonly cr3: number;
  /** icount of the last byte. */
  readonly end: number;
  readonly port: (typeof CONSOLE_PORT)[number];
  readonly text: string;
}

type OpenLine = { -readonly [Key in Exclude<keyof ConsoleLine, 'text'>]: ConsoleLine[Key] } & {
  readonly bytes: number[];
};

/** Every line that the guest printed, in the order in which they ended. */
export function* linesOf(reader: TraceReader): Generator<ConsoleLine> {
  const open = new Map<number, OpenLine>();
  const ended = (port: number): ConsoleLine[] => {
    const line = open.get(port);
    open.delete(port);
    if (!line) return [];
    const { bytes, ...rest } = line;
    return [{ ...rest, text: latin1(Uint8Array.from(bytes)) }];
  };
  for (let chunk = 0; chunk < reader.chunks.length; chunk++) {
    if (!reader.chunks[chunk].rows.console) continue;
    const table = reader.readChunk(chunk).table('console');
    const cell = (name: string, row: number) => table.columns[columnIndex('console', name)][row];
    for (let row = 0; row < table.count; row++) {
      const byte = cell('byte', row);
      if (byte === RETURN) continue;
      const port = cell('port', row);
      const icount = cell('icount', row);
      let line = open.get(port);
      if (!line) {
        const [seq, cr3] = [cell('seq', row), cell('cr3', row)];
        line = { icount, seq, cr3, end: icount, port: CONSOLE_PORT[port], bytes: [] };
        open.set(port, line);
      }
      line.end = icount;
      if (byte === NEWLINE) yield* ended(port);
      else line.bytes.push(byte);
    }
  }
  for (const port of [...open.keys()].sort((a, b) => a - b)) yield* ended(port);
}
