import type { ColumnArray, ColumnType } from '../events.ts';

/**
 * Encodes columns as packed protobuf varints and decodes them. Hand-written because it is the one hot path of a trace: protobufjs takes
 * some 25 times as long for a packed field, mostly for boxing. The result is ordinary packed fields (trace.proto) that any protobuf
 * reader can read.
 *
 * Trailing zeros are omitted: a column shorter than its table continues with zeros. For the delta-coded types a zero means "same as the
 * previous row", so a column that never changes takes one varint or none.
 */

/** Maximum bytes of one value; an icount has 53 bits. */
const MAX_BYTES: Record<ColumnType, number> = { icount: 8, ordinal: 5, address: 5, value: 5, small: 2 };

/** Maximum bytes that encoding `rows` values needs. */
export const maxEncodedBytes = (type: ColumnType, rows: number): number => MAX_BYTES[type] * rows;

/** A column that cannot be decoded, because of a defect in the reader or a damaged file. */
export class ColumnError extends Error {
  override readonly name = 'ColumnError';
}

/** Writes the first `rows` values at `out[at]`; returns the position after them. */
export function encodeColumn(
  type: ColumnType,
  column: ColumnArray,
  rows: number,
  out: Uint8Array,
  at: number,
): number {
  switch (type) {
    case 'icount':
      return encodeIcounts(column as Float64Array, withoutRepeats(column, rows), out, at);
    case 'ordinal':
      return encodeOrdinals(column as Uint32Array, withoutRepeats(column, rows), out, at);
    case 'address':
      return encodeAddresses(column as Uint32Array, withoutRepeats(column, rows), out, at);
    case 'value':
      return encodeValues(column as Uint32Array, withoutZeros(column, rows), out, at);
    case 'small':
      return encodeSmalls(column as Uint8Array, withoutZeros(column, rows), out, at);
  }
}

/** Reads `rows` values into `column`. */
export function decodeColumn(type: ColumnType, bytes: Uint8Array, rows: number, column: ColumnArray): void {
  if (type === 'icount') decodeIcounts(bytes, rows, column as Float64Array);
  else if (type === 'ordinal') decodeOrdinals(bytes, rows, column as Uint32Array);
  else if (type === 'address') decodeAddresses(bytes, rows, column as Uint32Array);
  else if (type === 'value') decodeValues(bytes, rows, column as Uint32Array);
  else decodeSmalls(bytes, rows, column as Uint8Array);
}

/** The aligned part of bytes as 32-bit words; the caller handles the rest. */
const wordsOf = (bytes: Uint8Array, n: number): Int32Array | undefined =>
  bytes.byteOffset % 4 === 0 ? new Int32Array(bytes.buffer, bytes.byteOffset, n >>> 2) : undefined;

function withoutZeros(column: ColumnArray, rows: number): number {
  let n = rows;
  if (column instanceof Uint8Array) {
    // Most small columns are zero throughout.
    while ((n & 3) !== 0 && column[n - 1] === 0) n--;
    const words = wordsOf(column, n);
    if (words && (n & 3) === 0) while (n > 0 && words[(n >>> 2) - 1] === 0) n -= 4;
  }
  while (n > 0 && column[n - 1] === 0) n--;
  return n;
}

function withoutRepeats(column: ColumnArray, rows: number): number {
  let n = rows;
  while (n > 1 && column[n - 1] === column[n - 2]) n--;
  return n === 1 && column[0] === 0 ? 0 : n;
}

/*
 * The encoders below keep every value an int32 (`| 0`) and compare by mask: V8 would otherwise switch to doubles at the first u32 above
 * 2^31. The shortest lengths come first because most values are deltas and slots.
 */

/** Writes an int32 as an unsigned varint at `out[p]`; returns the position after it. */
export function putVarint(v: number, out: Uint8Array, p: number): number {
  if ((v & ~0x7f) === 0) {
    out[p] = v;
    return p + 1;
  }
  out[p] = (v & 0x7f) | 0x80;
  if ((v & ~0x3fff) === 0) {
    out[p + 1] = v >>> 7;
    return p + 2;
  }
  out[p + 1] = ((v >>> 7) & 0x7f) | 0x80;
  if ((v & ~0x1fffff) === 0) {
    out[p + 2] = v >>> 14;
    return p + 3;
  }
  out[p + 2] = ((v >>> 14) & 0x7f) | 0x80;
  if ((v & ~0xfffffff) === 0) {
    out[p + 3] = v >>> 21;
    return p + 4;
  }
  out[p + 3] = ((v >>> 21) & 0x7f) | 0x80;
  out[p + 4] = v >>> 28;
  return p + 5;
}

function encodeValues(column: Uint32Array, n: number, out: Uint8Array, at: number): number {
  let p = at;
  for (let i = 0; i < n; i++) p = putVarint(column[i] | 0, out, p);
  return p;
}

function encodeAddresses(column: Uint32Array, n: number, out: Uint8Array, at: number): number {
  let p = at;
  let previous = 0;
  for (let i = 0; i < n; i++) {
    const value = column[i] | 0;
    const delta = (value - previous) | 0;
    previous = value;
    p = putVarint((delta << 1) ^ (delta >> 31), out, p);
  }
  return p;
}

function encodeOrdinals(column: Uint32Array, n: number, out: Uint8Array, at: number): number {
  let p = at;
  let previous = 0;
  for (let i = 0; i < n; i++) {
    const value = column[i] | 0;
    p = putVarint((value - previous) | 0, out, p);
    previous = value;
  }
  return p;
}

function encodeIcounts(column: Float64Array, n: number, out: Uint8Array, at: number): number {
  let p = at;
  let previous = 0;
  for (let i = 0; i < n; i++) {
    const value = column[i];
    const delta = value - previous;
    previous = value;
    p = delta < 0x80000000 ? putVarint(delta | 0, out, p) : putLongVarint(delta, out, p);
  }
  return p;
}

/** Integers from 2^31 to 2^53: a chunk that begins late in a run, or a guest that sleeps long. */
function putLongVarint(value: number, out: Uint8Array, at: number): number {
  let p = at;
  let rest = value;
  while (rest >= 0x80) {
    out[p++] = (rest % 0x80) | 0x80;
    rest = Math.floor(rest / 0x80);
  }
  out[p++] = rest;
  return p;
}

/** True if no byte has its highest bit set; each byte is then a varint. */
function allBelow128(bytes: Uint8Array, n: number): boolean {
  const words = wordsOf(bytes, n);
  let or = 0;
  if (words) for (let i = 0; i < words.length; i++) or |= words[i];
  for (let i = words ? n & ~3 : 0; i < n; i++) or |= bytes[i];
  return (or & 0x80808080) === 0;
}

function encodeSmalls(column: Uint8Array, n: number, out: Uint8Array, at: number): number {
  if (allBelow128(column, n)) {
    out.set(column.subarray(0, n), at);
    return at + n;
  }
  let p = at;
  for (let i = 0; i < n; i++) p = putVarint(column[i], out, p);
  return p;
}

/*
 * The decoders stop at the end of the bytes or of the rows, whichever is first, and then require that all bytes are used. A damaged
 * column is therefore an error, never an unnoticed read beyond the buffer (which yields undefined and counts as 0).
 */

function finish(bytes: Uint8Array, p: number): void {
  if (p !== bytes.length) {
    throw new ColumnError(
      p > bytes.length ? 'its last varint is cut' : 'it has more values than the table has rows',
    );
  }
}

function decodeValues(bytes: Uint8Array, rows: number, column: Uint32Array): void {
  const end = bytes.length;
  let p = 0;
  let i = 0;
  for (; i < rows && p < end; i++) {
    let b = bytes[p++];
    let v = b & 0x7f;
    if (b > 0x7f) {
      b = bytes[p++];
      v |= (b & 0x7f) << 7;
      if (b > 0x7f) {
        b = bytes[p++];
        v |= (b & 0x7f) << 14;
        if (b > 0x7f) {
          b = bytes[p++];
          v |= (b & 0x7f) << 21;
          if (b > 0x7f) v |= bytes[p++] << 28;
        }
      }
    }
    column[i] = v;
  }
  finish(bytes, p);
  column.fill(0, i, rows);
}

function decodeAddresses(bytes: Uint8Array, rows: number, column: Uint32Array): void {
  const end = bytes.length;
  let p = 0;
  let i = 0;
  let value = 0;
  for (; i < rows && p < end; i++) {
    let b = bytes[p++];
    let v = b & 0x7f;
    if (b > 0x7f) {
      b = bytes[p++];
      v |= (b & 0x7f) << 7;
      if (b > 0x7f) {
        b = bytes[p++];
        v |= (b & 0x7f) << 14;
        if (b > 0x7f) {
          b = bytes[p++];
          v |= (b & 0x7f) << 21;
          if (b > 0x7f) v |= bytes[p++] << 28;
        }
      }
    }
    value = (value + ((v >>> 1) ^ -(v & 1))) | 0;
    column[i] = value;
  }
  finish(bytes, p);
  column.fill(value, i, rows);
}

function decodeOrdinals(bytes: Uint8Array, rows: number, column: Uint32Array): void {
  decodeValues(bytes, rows, column);
  let value = 0;
  for (let i = 0; i < rows; i++) column[i] = value = (value + column[i]) | 0;
}

function decodeIcounts(bytes: Uint8Array, rows: number, column: Float64Array): void {
  const end = bytes.length;
  let p = 0;
  let i = 0;
  let value = 0;
  for (; i < rows && p < end; i++) {
    let b = bytes[p++];
    let v = b & 0x7f;
    if (b > 0x7f) {
      b = bytes[p++];
      v |= (b & 0x7f) << 7;
      if (b > 0x7f) {
        b = bytes[p++];
        v |= (b & 0x7f) << 14;
        // A double from here on, because an icount has up to 53 bits.
        for (let weight = 0x200000; b > 0x7f; weight *= 0x80) {
          b = bytes[p++];
          v += (b & 0x7f) * weight;
        }
      }
    }
    value += v;
    column[i] = value;
  }
  finish(bytes, p);
  // The values only grow, so checking the last one is enough; an endless varint makes it infinite.
  if (!(value <= Number.MAX_SAFE_INTEGER)) throw new ColumnError('its icounts reach 2^53');
  column.fill(value, i, rows);
}

function decodeSmalls(bytes: Uint8Array, rows: number, column: Uint8Array): void {
  if (bytes.length <= rows && allBelow128(bytes, bytes.length)) {
    column.set(bytes);
    column.fill(0, bytes.length, rows);
    return;
  }
  const end = bytes.length;
  let p = 0;
  let i = 0;
  for (; i < rows && p < end; i++) {
    const b = bytes[p++];
    column[i] = b > 0x7f ? (b & 0x7f) | (bytes[p++] << 7) : b;
  }
  finish(bytes, p);
  column.fill(0, i, rows);
}
