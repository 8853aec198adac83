import type { TraceReader } from '../../replayer/trace/trace-reader.ts';
import { STACK_SWITCH_REASON } from '../../schemas/events.ts';
import { withColumn } from './added-column.ts';
import { eventColumns, lastUpTo } from './event-columns.ts';
import type { TableColumn, TraceTable } from './table.ts';

/** The column `thread` of every event: the stack that the kernel was on. */

/** Stretches of a run on one stack each: where they begin (seq), and the stack's number. */
interface Stints {
  readonly from: readonly number[];
  readonly thread: readonly number[];
}

/** Reasons of stack switches that are switches of threads; a privilege change stays with the thread. */
const SWITCHES = (['load', 'cr3', 'task'] as const).map((reason) => STACK_SWITCH_REASON.indexOf(reason));

const known = new WeakMap<TraceReader, Stints>();

/**
 * A stretch begins with a switch of the stack by a load of ESP, by a load of CR3 (in kernels with every stack at one address) or by a task
 * switch. A thread is identified by its stack: by the lowest of the frames on which its stretches began and ended, numbered from 1
 * in the order of the run.
 */
function stintsOf(reader: TraceReader): Stints {
  const found = known.get(reader);
  if (found) return found;
  const from: number[] = [];
  const began: number[] = [];
  const ended: number[] = [];
  for (const { count, columns } of eventColumns(reader, 'stack_switches', COLUMNS)) {
    const [seq, reason, oldFrame, newFrame] = columns;
    for (let row = 0; row < count; row++) {
      if (!SWITCHES.includes(reason[row])) continue;
      if (from.length > 0) ended.push(oldFrame[row]);
      from.push(seq[row]);
      began.push(newFrame[row]);
    }
  }
  if (from.length > 0) ended.push(began[began.length - 1]);
  const stints = { from, thread: numbered(began, ended) };
  known.set(reader, stints);
  return stints;
}

const COLUMNS = ['seq', 'reason', 'old_frame', 'new_frame'];

function numbered(began: readonly number[], ended: readonly number[]): number[] {
  const lowest = new Map<number, number>();
  const lower = (frame: number, to: number) => lowest.set(frame, Math.min(lowest.get(frame) ?? to, to));
  for (let n = 0; n < began.length; n++) {
    const low = Math.min(began[n], ended[n]);
    lower(began[n], low);
    lower(ended[n], low);
  }
  const numbers = new Map<number, number>();
  return began.map((frame) => {
    const stack = lowest.get(frame) as number;
    if (!numbers.has(stack)) numbers.set(stack, numbers.size + 1);
    return numbers.get(stack) as number;
  });
}

function threadsOf(reader: TraceReader, seq: Uint32Array, rows: number): Uint32Array {
  const { from, thread } = stintsOf(reader);
  const made = new Uint32Array(rows);
  // The stretch of the last row: mostly that of the next as well.
  let begin = 0;
  let end = 0;
  let number = 0;
  for (let row = 0; row < rows; row++) {
    const at = seq[row];
    if (at < begin || at >= end) {
      const stint = lastUpTo(from, at);
      begin = stint < 0 ? 0 : from[stint];
      end = stint + 1 < from.length ? from[stint + 1] : Number.POSITIVE_INFINITY;
      number = stint < 0 ? 0 : thread[stint];
    }
    made[row] = number;
  }
  return made;
}

const column: TableColumn = {
  name: 'thread',
  kind: 'uint',
  doc: 'number of the kernel stack that the code is on, or that its user code came from; from 1 in the order of the run, 0 before the first switch of stacks',
};

/** The table with `thread` behind `cr3`, if every row of it has a place among the events and a directory. */
export function withThread(table: TraceTable): TraceTable {
  const isEvent = ['seq', 'cr3'].every((wanted) =>
    table.columns.some(({ name, nullable }) => name === wanted && !nullable),
  );
  if (!isEvent) return table;
  return withColumn(table, 'cr3', column, (reader, cells, rows) => threadsOf(reader, cells('seq'), rows));
}
