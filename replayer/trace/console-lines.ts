import { CONSOLE_PORT, columnOf } from '../../schemas/events.ts';
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
    const [bytes, ports, icounts, seqs, cr3s] = ['byte', 'port', 'icount', 'seq', 'cr3'].map((name) =>
      columnOf(table, name),
    );
    for (let row = 0; row < table.count; row++) {
      const byte = bytes[row];
      if (byte === RETURN) continue;
      const port = ports[row];
      const icount = icounts[row];
      let line = open.get(port);
      if (!line) {
        const place = { icount, seq: seqs[row], cr3: cr3s[row], end: icount };
        line = { ...place, port: CONSOLE_PORT[port], bytes: [] };
        open.set(port, line);
      }
      line.end = icount;
      if (byte === NEWLINE) yield* ended(port);
      else line.bytes.push(byte);
    }
  }
  for (const port of [...open.keys()].sort((a, b) => a - b)) yield* ended(port);
}
