import {
  type ColumnArray,
  type ColumnType,
  EVENT_KIND_NAMES,
  EVENT_KINDS,
  type EventKind,
  type EventTable,
} from '../../../schemas/events.ts';
import { EVENT_STATE, type MachineMemory, RAM } from '../layout.ts';
import { MachineError } from '../machine-error.ts';

/**
 * The place of the rows of events in the machine's memory: after read-only memory, column by column, and their counts in EVENT_STATE.
 * `event-log.ts` and `event-rows.ts` write them, and so does compiled code (cpu/wasm/emit-rows.ts).
 */

/** The `seq` of the next event, without the bits above its lowest 32, and the number of rows of each kind: indices in `i32`. */
export const SEQ = EVENT_STATE >>> 2;
export const countOf = (kind: EventKind): number => SEQ + 1 + EVENT_KIND_NAMES.indexOf(kind);

/**
 * A row is a few stores at constant offsets; fetching separate arrays would cost more than writing. Each column gets a stride of 4-byte
 * cells (`icount` two of them), which is not a whole number of pages: a row touches all its columns at once, and columns at the same offset
 * within a page would compete for one set of the host's caches.
 */
const STAGGER_CELLS = 48;
const strideFor = (rows: number) => Math.ceil(rows / 1024) * 1024 + STAGGER_CELLS;
/** Number of strides of a kind: `icount` is 8 bytes wide, and each kind begins on an even cell. */
const stridesOf = (kind: EventKind) => EVENT_KINDS[kind].columns.length + 1;

/** Bytes of memory for `rows` rows of each kind. */
export function bytesForRows(rows: number): number {
  const strides = EVENT_KIND_NAMES.reduce((sum, kind) => sum + stridesOf(kind), 0);
  return strides * strideFor(rows) * 4;
}

/** A column of a kind: `at` is the byte offset of row 0 in the machine's memory. */
export interface ColumnPlace {
  readonly name: string;
  readonly type: ColumnType;
  readonly at: number;
}

/** The buffers of all kinds. */
export interface RowBuffers {
  /** Capacity of each kind in rows. */
  readonly rows: number;
  /** False for a trace whose events have no ESP: the column is 0. */
  readonly hasEsp: boolean;
  readonly columns: Readonly<Record<EventKind, readonly ColumnPlace[]>>;
}

export function rowBuffers(mem: MachineMemory, rows: number, hasEsp: boolean): RowBuffers {
  if (bytesForRows(rows) > mem.eventBytes) throw new MachineError(`no memory for ${rows} rows of events`);
  const stride = strideFor(rows) * 4;
  const columns = {} as Record<EventKind, readonly ColumnPlace[]>;
  let at = RAM + mem.ramBytes + mem.romBytes;
  for (const kind of EVENT_KIND_NAMES) {
    // Column 0 is icount; it takes the first two strides.
    columns[kind] = EVENT_KINDS[kind].columns.map(({ name, type }, n) => ({
      name,
      type,
      at: n === 0 ? at : at + (n + 1) * stride,
    }));
    at += stridesOf(kind) * stride;
  }
  return { rows, hasEsp, columns };
}

/** The table of a kind, whose columns are views of the machine's memory. */
export function tableIn(
  { memory }: MachineMemory,
  { rows, columns }: RowBuffers,
  kind: EventKind,
): EventTable {
  const views = columns[kind].map(({ type, at }): ColumnArray => {
    if (type === 'icount') return new Float64Array(memory.buffer, at, rows);
    return type === 'small'
      ? new Uint8Array(memory.buffer, at, rows)
      : new Uint32Array(memory.buffer, at, rows);
  });
  return { kind, count: 0, columns: views };
}
