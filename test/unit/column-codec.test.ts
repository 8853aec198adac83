import { describe, expect, it } from 'vitest';
import { allocateColumn, type ColumnArray, type ColumnType } from '../../schemas/events.ts';
import {
  ColumnError,
  decodeColumn,
  encodeColumn,
  maxEncodedBytes,
} from '../../schemas/trace/column-codec.ts';
import { random } from './trace-fixture.ts';

const EDGES: Record<ColumnType, readonly number[]> = {
  icount: [
    0,
    0,
    1,
    127,
    128,
    16383,
    16384,
    2 ** 21,
    2 ** 28,
    2 ** 31,
    2 ** 32,
    2 ** 42,
    2 ** 49,
    2 ** 53 - 1,
  ],
  ordinal: [0, 1, 1, 127, 300, 2 ** 21, 2 ** 31, 2 ** 32 - 1],
  address: [0, 2 ** 32 - 1, 0, 2 ** 31, 2 ** 31 - 1, 0xc0100000, 4, 0, 64, 0xffffffc0, 63],
  value: [0, 127, 128, 16383, 16384, 2 ** 21 - 1, 2 ** 21, 2 ** 28 - 1, 2 ** 28, 2 ** 31, 2 ** 32 - 1],
  small: [0, 1, 127, 128, 255],
};

function encode(type: ColumnType, column: ColumnArray, rows = column.length): Uint8Array {
  const out = new Uint8Array(maxEncodedBytes(type, rows));
  return out.slice(0, encodeColumn(type, column, rows, out, 0));
}

function decode(type: ColumnType, bytes: Uint8Array, rows: number): ColumnArray {
  // A dirty column: decoding must write every row.
  const column = allocateColumn(type, rows).fill(99);
  decodeColumn(type, bytes, rows, column);
  return column;
}

function columnOf(type: ColumnType, values: readonly number[]): ColumnArray {
  const column = allocateColumn(type, values.length);
  column.set(values);
  return column;
}

describe.each(Object.keys(EDGES) as ColumnType[])('%s column', (type) => {
  it('brings edge values back', () => {
    const column = columnOf(type, EDGES[type]);
    expect(decode(type, encode(type, column), column.length)).toEqual(column);
  });

  it('brings any prefix of any values back', () => {
    const next = random(EDGES[type].length);
    for (let run = 0; run < 200; run++) {
      const values = Array.from({ length: next() % 40 }, () => next() >>> (next() & 31));
      if (type === 'icount' || type === 'ordinal') values.sort((a, b) => a - b);
      const column = columnOf(type, values);
      expect(decode(type, encode(type, column), column.length)).toEqual(column);
    }
  });

  it('leaves trailing zeros out, and repeats of a delta-coded value', () => {
    const delta = type !== 'value' && type !== 'small';
    const same = columnOf(type, [5, 7, 7, 7, 7]);
    expect(encode(type, same).length).toBe(delta ? 2 : 5);
    expect(encode(type, columnOf(type, [0, 0, 0]))).toEqual(new Uint8Array());
    expect(decode(type, new Uint8Array(), 3)).toEqual(columnOf(type, [0, 0, 0]));
  });

  it('refuses more values than rows', () => {
    const bytes = encode(type, columnOf(type, [1, 2, 3]));
    expect(() => decode(type, bytes, 2)).toThrow(ColumnError);
  });

  it('refuses a varint that is cut', () => {
    expect(() => decode(type, Uint8Array.of(1, 0x80), 2)).toThrow(ColumnError);
  });
});
