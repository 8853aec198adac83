import { bounded } from '../../schemas/bounded.ts';
import { allocateColumn, type ColumnArray, type ColumnType } from '../../schemas/events.ts';
import {
  ColumnError,
  decodeColumn,
  encodeColumn,
  maxEncodedBytes,
} from '../../schemas/trace/column-codec.ts';

/** Rows of the store index, one per write to memory. Values are not stored, since they would be six sevenths of the file. */
export const ROW_COLUMNS = [
  /** Number of the epoch; rows are in the order of the run. */
  { name: 'epoch', type: 'ordinal' },
  /** Instructions since the epoch began. */
  { name: 'since', type: 'address' },
  /** Offset of the first byte in the frame. */
  { name: 'offset', type: 'address' },
  { name: 'size', type: 'small' },
  /** Linear address minus `offset`: the linear page of a store, which seldom changes from row to row. */
  { name: 'page', type: 'address' },
  { name: 'eip', type: 'address' },
  { name: 'cr3', type: 'address' },
  { name: 'depth', type: 'small' },
  /** Index into WRITE_SOURCE. */
  { name: 'source', type: 'small' },
] as const satisfies readonly { readonly name: string; readonly type: ColumnType }[];

export type RowColumn = (typeof ROW_COLUMNS)[number]['name'];
export type RowColumns = Record<RowColumn, ColumnArray>;

export const allocateRows = (capacity: number): RowColumns =>
  Object.fromEntries(
    ROW_COLUMNS.map(({ name, type }) => [name, allocateColumn(type, capacity)]),
  ) as RowColumns;

/** Row count and length of each column, u32 each, before the columns. */
const HEAD_BYTES = (1 + ROW_COLUMNS.length) * 4;

export function encodeRows(rows: RowColumns, count: number): Uint8Array {
  const room = ROW_COLUMNS.reduce((sum, { type }) => sum + maxEncodedBytes(type, count), HEAD_BYTES);
  const out = new Uint8Array(room);
  const head = new DataView(out.buffer);
  head.setUint32(0, count, true);
  let at = HEAD_BYTES;
  for (const [i, { name, type }] of ROW_COLUMNS.entries()) {
    const end = encodeColumn(type, rows[name], count, out, at);
    head.setUint32(4 + i * 4, end - at, true);
    at = end;
  }
  return out.subarray(0, at);
}

export type DecodedRows = Readonly<RowColumns> & { readonly count: number };

/** Throws ColumnError if the bytes are not rows. */
export function decodeRows(bytes: Uint8Array): DecodedRows {
  if (bytes.length < HEAD_BYTES) throw new ColumnError('a block of the store index is truncated');
  const head = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // No write has size 0, so each row is a byte of that column at least.
  const count = bounded('the number of rows', head.getUint32(0, true), 0, bytes.length);
  const rows = allocateRows(count);
  let at = HEAD_BYTES;
  for (const [i, { name, type }] of ROW_COLUMNS.entries()) {
    const end = at + head.getUint32(4 + i * 4, true);
    decodeColumn(type, bytes.subarray(at, end), count, rows[name]);
    at = end;
  }
  return { ...rows, count };
}
