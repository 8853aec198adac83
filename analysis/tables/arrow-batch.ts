import {
  type Data,
  type DataType,
  Dictionary,
  Field,
  Float64,
  Int64,
  makeData,
  RecordBatch,
  Schema,
  Struct,
  Uint8,
  Uint32,
  Utf8,
  type Vector,
  vectorFromArray,
} from 'apache-arrow';
import type { TraceReader } from '../../replayer/trace/trace-reader.ts';
import type { TableColumn } from './table.ts';

/** Typed arrays as Arrow record batches, without copying where Arrow's layout is ours already. */

/**
 * The values of one column: `bigint` and `double` as Float64Array (an icount is an integer below 2^53) or plain numbers,
 * `uint` and `name` (the index of the name) as Uint32Array, `small` and `word` (the index of the word) as Uint8Array, `text` as strings.
 */
export type ColumnValues = Float64Array | Uint32Array | Uint8Array | readonly (string | null)[];

const dictionaries = new WeakMap<readonly string[], Vector<Utf8>>();

/** Columns of one list of words share their dictionary. */
function dictionaryOf(words: readonly string[]) {
  let dictionary = dictionaries.get(words);
  if (!dictionary) {
    dictionary = vectorFromArray([...words], new Utf8());
    dictionaries.set(words, dictionary);
  }
  return dictionary;
}

function arrowType({ kind, words = [] }: TableColumn): DataType {
  switch (kind) {
    case 'bigint':
      return new Int64();
    case 'uint':
      return new Uint32();
    case 'small':
      return new Uint8();
    case 'word':
      // The id makes batches of one column agree; it follows from the words.
      return new Dictionary(new Utf8(), new Uint8(), idOf(words), false);
    case 'double':
      return new Float64();
    case 'name':
      return new Dictionary(new Utf8(), new Uint32(), NAMES_ID, false);
    case 'text':
      return new Utf8();
  }
}

/** A table has one column of names at most. */
const NAMES_ID = 0;
const ids = new Map<string, number>();
function idOf(words: readonly string[]): number {
  const key = words.join(',');
  let id = ids.get(key);
  if (id === undefined) ids.set(key, (id = ids.size + 1));
  return id;
}

export const arrowSchema = (columns: readonly TableColumn[]): Schema =>
  new Schema(
    columns.map(
      (column) =>
        new Field(column.name, arrowType(column), column.nullable ?? false, new Map([['doc', column.doc]])),
    ),
  );

/** Integers below 2^53 as 64-bit words: two 32-bit halves are much faster than a BigInt each. */
function toInt64(values: ArrayLike<number>, rows: number): BigInt64Array {
  const halves = new Int32Array(rows * 2);
  for (let i = 0; i < rows; i++) {
    const value = values[i];
    halves[2 * i] = value | 0;
    halves[2 * i + 1] = Math.floor(value / 0x1_0000_0000);
  }
  return new BigInt64Array(halves.buffer);
}

/** Bits, 1 = there is a value; least significant first. */
export function validity(isNull: ArrayLike<number | boolean>, rows: number): Uint8Array {
  const bits = new Uint8Array(((rows + 63) >>> 6) << 3);
  for (let i = 0; i < rows; i++) if (!isNull[i]) bits[i >>> 3] |= 1 << (i & 7);
  return bits;
}

/** One column of a batch; `reader` is of the trace, for a column of names. */
export function columnData(
  column: TableColumn,
  values: ColumnValues,
  rows: number,
  nulls: Uint8Array | undefined,
  reader?: TraceReader,
): Data {
  const type = arrowType(column);
  const common = { length: rows, ...(nulls ? { nullBitmap: nulls } : {}) };
  switch (column.kind) {
    case 'bigint':
      return makeData({ ...common, type: type as Int64, data: toInt64(values as Float64Array, rows) });
    case 'uint':
      return makeData({ ...common, type: type as Uint32, data: (values as Uint32Array).subarray(0, rows) });
    case 'small':
      return makeData({ ...common, type: type as Uint8, data: (values as Uint8Array).subarray(0, rows) });
    case 'word':
      return makeData({
        ...common,
        type: type as Dictionary<Utf8, Uint8>,
        data: (values as Uint8Array).subarray(0, rows),
        dictionary: dictionaryOf(column.words ?? []),
      });
    case 'name':
      return makeData({
        ...common,
        type: type as Dictionary<Utf8, Uint32>,
        data: (values as Uint32Array).subarray(0, rows),
        dictionary: dictionaryOf(reader ? (column.wordsOf?.(reader) ?? []) : []),
      });
    case 'double':
      return makeData({ ...common, type: type as Float64, data: (values as Float64Array).subarray(0, rows) });
    case 'text':
      return textData(values as readonly (string | null)[], rows);
  }
}

const encoder = new TextEncoder();
const NO_BYTES = new Uint8Array(0);

/** A column of texts. The same few repeat: each is encoded once. */
function textData(values: readonly (string | null)[], rows: number): Data<Utf8> {
  const known = new Map<string, Uint8Array>();
  const encoded = (text: string): Uint8Array => {
    const bytes = known.get(text) ?? encoder.encode(text);
    known.set(text, bytes);
    return bytes;
  };
  const texts = Array.from({ length: rows }, (_, row) => {
    const text = values[row];
    return text === null ? NO_BYTES : encoded(text);
  });
  const valueOffsets = new Int32Array(rows + 1);
  for (const [row, { length }] of texts.entries()) valueOffsets[row + 1] = valueOffsets[row] + length;
  const data = new Uint8Array(valueOffsets[rows]);
  for (const [row, bytes] of texts.entries()) data.set(bytes, valueOffsets[row]);
  const isNull = texts.map((_, row) => values[row] === null);
  const nulls = isNull.includes(true) ? { nullBitmap: validity(isNull, rows) } : {};
  return makeData({ type: new Utf8(), length: rows, valueOffsets, data, ...nulls });
}

/** One batch of `rows` rows; `nulls` has the validity bits of the columns that need some. */
export function arrowBatch(
  columns: readonly TableColumn[],
  values: readonly ColumnValues[],
  rows: number,
  nulls: ReadonlyMap<string, Uint8Array> = new Map(),
): RecordBatch {
  const schema = arrowSchema(columns);
  const children = columns.map((column, i) => columnData(column, values[i], rows, nulls.get(column.name)));
  const struct = new Struct(schema.fields);
  return new RecordBatch(schema, makeData({ type: struct, length: rows, nullCount: 0, children }));
}
