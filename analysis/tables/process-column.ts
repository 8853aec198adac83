import type { TraceReader } from '../../replayer/trace/trace-reader.ts';
import { withColumn } from './added-column.ts';
import { lastUpTo } from './event-columns.ts';
import { Owners, type Process } from './owners.ts';
import type { TableColumn, TraceTable } from './table.ts';

/** The column `process` of every table that has `cr3`: the owner of that page directory at the row's position in the run. */

/** Names of the owners of a trace's directories; names[0] stands for all others. */
interface Names {
  readonly words: readonly string[];
  /** By directory: where each stretch begins (seq), and its index of `words`. */
  readonly stretches: ReadonlyMap<
    number,
    { readonly from: readonly number[]; readonly name: readonly number[] }
  >;
}

/** More names than this are none: a column's names are in memory. */
const MAX_NAMES = 1 << 20;

const known = new WeakMap<TraceReader, Names>();

function namesOf(reader: TraceReader): Names {
  const found = known.get(reader);
  if (found) return found;
  const index = new Map([[processText(undefined, reader), 0]]);
  const stretches = new Map<number, { from: number[]; name: number[] }>();
  for (const { dir, fromSeq, process } of Owners.of(reader).all()) {
    const text = processText(process, reader);
    if (!index.has(text) && index.size < MAX_NAMES) index.set(text, index.size);
    const stretch = stretches.get(dir) ?? { from: [], name: [] };
    stretches.set(dir, stretch);
    stretch.from.push(fromSeq);
    stretch.name.push(index.get(text) ?? 0);
  }
  const names = { words: [...index.keys()], stretches };
  known.set(reader, names);
  return names;
}

/** As the macro process_text has it. */
function processText(process: Process | undefined, { header }: TraceReader): string {
  if (!process) return header.profile.process ? 'never run' : 'unknown';
  return process.comm === '' ? 'idle' : `${process.comm}[${process.pid}]`;
}

/** Indices of the names of rows: of the owner of each directory at its seq. */
function processesOf(reader: TraceReader, cr3: Uint32Array, seq: Uint32Array, rows: number): Uint32Array {
  const { stretches } = namesOf(reader);
  const made = new Uint32Array(rows);
  let dir = -1;
  let from = 0;
  let until = 0;
  let name = 0;
  for (let row = 0; row < rows; row++) {
    const frame = (cr3[row] & ~0xfff) >>> 0;
    const at = seq[row];
    if (frame !== dir || at < from || at >= until) {
      dir = frame;
      const of = stretches.get(dir);
      const n = of ? lastUpTo(of.from, at) : -1;
      from = of && n >= 0 ? of.from[n] : 0;
      until = of?.from[n + 1] ?? Number.POSITIVE_INFINITY;
      name = of && n >= 0 ? of.name[n] : 0;
    }
    made[row] = name;
  }
  return made;
}

/** Position of a row that has none: the end of the trace shows it. */
const AFTER_ALL = 0xffffffff;

const column: TableColumn = {
  name: 'process',
  kind: 'name',
  doc: 'owner of that page directory, comm[pid]; `idle`, `never run`, or `unknown` without a profile that names processes',
  wordsOf: (reader) => namesOf(reader).words,
};

/** The table with `process` behind `cr3`, if it has that. */
export function withProcess(table: TraceTable): TraceTable {
  if (!table.columns.some(({ name }) => name === 'cr3')) return table;
  return withColumn(table, 'cr3', column, (reader, cells, rows) =>
    processesOf(reader, cells('cr3'), cells('seq', AFTER_ALL), rows),
  );
}
