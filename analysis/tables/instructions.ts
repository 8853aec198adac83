import { disassemble } from '../../recorder/machine/cpu/decode/disassembler.ts';
import { EVENT_KINDS, type EventTable } from '../../schemas/events.ts';
import type { ChunkEntry } from '../../schemas/trace/chunk.ts';
import { arrowBatch } from './arrow-batch.ts';
import { chunksWith } from './event-columns.ts';
import { tableColumn } from './event-table.ts';
import type { TableColumn, TraceTable } from './table.ts';

/** Instructions that were executed, with their disassembly, as a table. */

const CODE = ['code0', 'code1', 'code2', 'code3'];
const recorded = EVENT_KINDS.instructions.columns;
const kept = recorded.filter(({ name }) => !CODE.includes(name));
const columns: readonly TableColumn[] = [
  ...kept.map(tableColumn),
  { name: 'bytes', kind: 'text', doc: 'bytes of the instruction, hexadecimal' },
  { name: 'instruction', kind: 'text', doc: 'the instruction, in AT&T syntax; (bad) for none' },
];
const indexOf = (name: string): number => recorded.findIndex((column) => column.name === name);
const [EIP, BITS] = [indexOf('eip'), indexOf('code_bits')];
const WORDS = CODE.map(indexOf);
/** Instructions whose text is kept: code is executed again and again. */
const MAX_KNOWN = 1 << 16;

interface Text {
  readonly bytes: string;
  readonly instruction: string;
}

const rowsIn = ({ rows }: ChunkEntry) => rows.instructions ?? 0;

/** One row for each instruction that was begun. */
export const instructions: TraceTable = {
  name: 'instructions',
  doc: EVENT_KINDS.instructions.doc,
  columns,
  rowsIn,
  *batches(reader, chunks) {
    const known = new Map<string, Text>();
    for (const chunk of chunksWith(rowsIn, reader, chunks)) {
      const table = reader.readChunk(chunk).table('instructions');
      const texts = Array.from({ length: table.count }, (_, row) => textOf(table, row, known));
      yield arrowBatch(
        columns,
        [
          ...kept.map(({ name }) => table.columns[indexOf(name)]),
          texts.map(({ bytes }) => bytes),
          texts.map(({ instruction }) => instruction),
        ],
        table.count,
      );
    }
  },
};

function textOf({ columns: values }: EventTable, row: number, known: Map<string, Text>): Text {
  const eip = values[EIP][row];
  const words = Uint32Array.from(WORDS, (column) => values[column][row]);
  const is32 = values[BITS][row] === 32;
  const key = `${eip} ${is32} ${words.join(' ')}`;
  const before = known.get(key);
  if (before) return before;
  const code = new Uint8Array(words.buffer);
  let at = 0;
  const line = disassemble(() => code[at++] ?? 0, eip, is32);
  const failed = typeof line === 'string';
  const bytes = code.subarray(0, failed ? 1 : line.length);
  const text = {
    bytes: Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(''),
    instruction: failed ? '(bad)' : line.text,
  };
  if (known.size >= MAX_KNOWN) known.clear();
  known.set(key, text);
  return text;
}
