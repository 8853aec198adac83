import { readFileSync } from 'node:fs';
import type protobuf from 'protobufjs';
import { describe, expect, it } from 'vitest';
import { allocateTable, EVENT_KIND_NAMES, EVENT_KINDS, type EventKind } from '../../schemas/events.ts';
import {
  COLUMN_PROTO_TYPE,
  columnFieldName,
  columnFieldNumber,
  decodeTable,
  EventEncoder,
  eventKindNumber,
  eventKindOf,
} from '../../schemas/trace/event-codec.ts';
import { INPUT_KINDS } from '../../schemas/trace/inputs.ts';
import { messageType, toNumber, traceSchema, type Words64 } from '../../schemas/trace/schema.ts';
import { anyBatch, pagingWrites } from './trace-fixture.ts';

const proto = readFileSync(new URL('../../schemas/trace/trace.proto', import.meta.url), 'utf8');

const messageName = (kind: EventKind) =>
  kind
    .split('_')
    .map((word) => word[0].toUpperCase() + word.slice(1))
    .join('');

/** Reads a table as any protobuf library would with trace.proto, then undoes deltas by the rules written there. */
function readWithPublicSchema(kind: EventKind, bytes: Uint8Array): number[][] {
  const message = messageType(messageName(kind)).decode(bytes) as unknown as Record<string, unknown>;
  return EVENT_KINDS[kind].columns.map((column) => {
    const packed = message[columnFieldName(column)] as (number | Words64)[];
    let value = 0;
    return Array.from({ length: message.rows as number }, (_, row) => {
      const entry = toNumber(packed[row] ?? 0);
      if (!columnFieldName(column).endsWith('_delta')) return entry;
      value += entry;
      if (column.type !== 'icount') value >>>= 0;
      return value;
    });
  });
}

describe.each(EVENT_KIND_NAMES)('%s', (kind) => {
  it('has in trace.proto the columns of EVENT_KINDS', () => {
    const fields = messageType(messageName(kind)).fieldsArray.map((field: protobuf.Field) => ({
      name: field.name,
      id: field.id,
      type: field.type,
      repeated: field.repeated,
    }));
    const expected = EVENT_KINDS[kind].columns.map((column, i) => ({
      name: columnFieldName(column),
      id: columnFieldNumber(kind, i),
      type: COLUMN_PROTO_TYPE[column.type],
      repeated: true,
    }));
    expect(fields).toEqual([{ name: 'rows', id: 1, type: 'uint32', repeated: false }, ...expected]);
    expect(traceSchema().lookupEnum('rewind386.EventKind').values[kind.toUpperCase()]).toBe(
      eventKindNumber(kind),
    );
    expect(eventKindOf(eventKindNumber(kind))).toBe(kind);
  });

  it('is told in trace.proto in the words of EVENT_KINDS', () => {
    const { doc, own } = EVENT_KINDS[kind];
    const written = new RegExp(`\n((?:// .*\n)+)message ${messageName(kind)} {([^}]*)}`).exec(proto);
    expect(written?.[1].replaceAll('\n// ', ' ')).toBe(`// One row is ${doc}.\n`);
    const lines = own.map((column) => {
      const words = column.names?.map((name, n) => `${n} ${name}`).join(', ');
      return `  // ${column.doc}${words ? ` (${words})` : ''}`;
    });
    const comments = written?.[2].split('\n').filter((line) => line.startsWith('  //')) ?? [];
    expect(comments.slice(-own.length)).toEqual(lines);
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])(
    'comes back as encoded, and through the public schema (seed %i)',
    (seed) => {
      const table = anyBatch(seed, 60).tables[kind];
      const bytes = new EventEncoder().encode(table);
      expect(decodeTable(kind, bytes, table.count)).toEqual(table);
      expect(readWithPublicSchema(kind, bytes)).toEqual(table.columns.map((column) => [...column]));
    },
  );

  it.each([60, 200])('has the bytes that protobufjs makes (some %i rows)', (rows) => {
    const encoder = new EventEncoder();
    const type = messageType(messageName(kind));
    for (const seed of [1, 2, 3]) {
      const table = anyBatch(seed, rows).tables[kind];
      if (table.count === 0) continue;
      const bytes = encoder.encode(table);
      expect(Buffer.compare(type.encode(type.decode(bytes)).finish(), bytes)).toBe(0);
    }
  });

  it('is empty when it has no rows', () => {
    const empty = allocateTable(kind, 0);
    expect(decodeTable(kind, new EventEncoder().encode(empty), 0)).toEqual(empty);
  });
});

it('decodes only the columns that are wanted', () => {
  const table = pagingWrites(1, 100);
  const partial = decodeTable(
    'paging_writes',
    new EventEncoder().encode(table),
    table.count,
    new Set(['icount', 'new']),
  );
  const names = EVENT_KINDS.paging_writes.columns.map((column) => column.name);
  expect(partial.columns[0]).toEqual(table.columns[0]);
  expect(partial.columns[names.indexOf('new')]).toEqual(table.columns[names.indexOf('new')]);
  expect(partial.columns[names.indexOf('old')].length).toBe(0);
});

it('encodes the example of docs/trace-format.md as it is there', () => {
  const table = allocateTable('console', 3);
  table.count = 3;
  table.columns[0].set([1000, 1004, 1004]);
  table.columns[2].set([0xc0100000, 0xc0100004, 0xc0100000]);
  const bytes = Buffer.from(new EventEncoder().encode(table)).toString('hex');
  const example = '08 03  12 03 e8 07 04  22 07 ff ff ff fe 07 08 07';
  expect(bytes).toBe(example.replaceAll(' ', ''));
});

it('numbers input kinds as trace.proto does', () => {
  const numbers = Object.fromEntries(INPUT_KINDS.map((kind, i) => [kind.toUpperCase(), i]));
  expect(traceSchema().lookupEnum('rewind386.InputKind').values).toEqual(numbers);
});
