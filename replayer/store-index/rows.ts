import { ColumnError, decodeColumn, encodeColumn, maxEncodedBytes } from '../../schemas/column-codec.ts';
import { allocateColumn, type ColumnArray, type ColumnType } from '../../schemas/events.ts';

/**
 * The rows of one epoch of the store index: of each place (physical address and size) that was written in it, the last
 * write. Sorted by physical address. Not the values: they would be six sevenths of the file.
 */
interface RowColumnSpec {
  readonly name: string;
  readonly type: ColumnType;
}

/** What a search looks at. */
export const KEY_COLUMNS = [
  { name: 'physical', type: 'address' },
  { name: 'size', type: 'small' },
  /** Instructions since the epoch began. */
  { name: 'since', type: 'address' },
  /** Events since the first of the epoch: orders writes of one instruction. */
  { name: 'order', type: 'address' },
] as const satisfies readonly RowColumnSpec[];

/** What is told of a row that was found. */
export const DETAIL_COLUMNS = [
  { name: 'linear', type: 'address' },
  { name: 'eip', type: 'address' },
  { name: 'cr3', type: 'address' },
  { name: 'depth', type: 'small' },
  { name: 'source', type: 'small' },
] as const satisfies readonly RowColumnSpec[];

export const ROW_COLUMNS = [...KEY_COLUMNS, ...DETAIL_COLUMNS];

export type Rows<Specs extends readonly RowColumnSpec[]> = Readonly<
  Record<Specs[number]['name'], ColumnArray>
> & { readonly count: number };
export type Keys = Rows<typeof KEY_COLUMNS>;
export type Details = Rows<typeof DETAIL_COLUMNS>;

/** Row count and length of each column, u32 each, before the columns. */
const headBytes = (specs: readonly RowColumnSpec[]) => (1 + specs.length) * 4;

/** `order` picks the rows and their order. */
export function encodeRows<Specs extends readonly RowColumnSpec[]>(
  specs: Specs,
  rows: Rows<Specs>,
  order: Uint32Array,
): Uint8Array {
  const count = order.length;
  const room = specs.reduce((sum, { type }) => sum + maxEncodedBytes(type, count), headBytes(specs));
  const out = new Uint8Array(room);
  const head = new DataView(out.buffer);
  head.setUint32(0, count, true);
  let at = headBytes(specs);
  specs.forEach(({ name, type }, i) => {
    const column = rows[name as Specs[number]['name']];
    const sorted = allocateColumn(type, count);
    for (let row = 0; row < count; row++) sorted[row] = column[order[row]];
    const end = encodeColumn(type, sorted, count, out, at);
    head.setUint32(4 + i * 4, end - at, true);
    at = end;
  });
  return out.subarray(0, at);
}

/** Throws ColumnError where the bytes are not rows. */
export function decodeRows<Specs extends readonly RowColumnSpec[]>(
  specs: Specs,
  bytes: Uint8Array,
): Rows<Specs> {
  if (bytes.length < headBytes(specs)) throw new ColumnError('an epoch of the store index is cut short');
  const head = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = head.getUint32(0, true);
  let at = headBytes(specs);
  const columns = specs.map(({ name, type }, i) => {
    const end = at + head.getUint32(4 + i * 4, true);
    const column = allocateColumn(type, count);
    decodeColumn(type, bytes.subarray(at, end), count, column);
    at = end;
    return [name, column] as const;
  });
  return { ...Object.fromEntries(columns), count } as Rows<Specs>;
}
