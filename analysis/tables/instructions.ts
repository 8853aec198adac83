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
/** Instructions whose text is kept, of each address the last: code is executed again and again. */
const MAX_KNOWN = 1 << 16;

interface Text {
  readonly bits: number;
  readonly words: Uint32Array;
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
    const known = new Map<number, Text>();
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

function textOf({ columns: values }: EventTable, row: number, known: Map<number, Text>): Text {
  const eip = values[EIP][row];
  const bits = values[BITS][row];
  const before = known.get(eip);
  if (before?.bits === bits && before.words.every((word, n) => word === values[WORDS[n]][row])) return before;
  const text = disassembled(
    eip,
    bits,
    Uint32Array.from(WORDS, (column) => values[column][row]),
  );
  if (known.size >= MAX_KNOWN) known.clear();
  known.set(eip, text);
  return text;
}

function disassembled(eip: number, bits: number, words: Uint32Array): Text {
  const code = new Uint8Array(words.buffer);
  let at = 0;
  const line = disassemble(() => code[at++] ?? 0, eip, bits === 32);
  const failed = typeof line === 'string';
  const bytes = code.subarray(0, failed ? 1 : line.length);
  return {
    bits,
    words,
    bytes: Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(''),
    instruction: failed ? '(bad)' : line.text,
  };
}
