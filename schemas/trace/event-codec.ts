import protobuf from 'protobufjs';
import { decodeMessage } from '../bounded.ts';
import {
  allocateColumn,
  type Column,
  type ColumnArray,
  type ColumnType,
  contextColumnsOf,
  EVENT_KIND_NAMES,
  EVENT_KINDS,
  type EventKind,
  type EventTable,
} from '../events.ts';
import { ColumnError, decodeColumn, encodeColumn, maxEncodedBytes, putVarint } from './column-codec.ts';

/**
 * Encodes event tables as protobuf messages and decodes them. The public schema (trace.proto) gives each column a packed repeated field.
 * A packed field and a `bytes` field look the same on the wire, so the codec uses *twins* of those messages, built here
 * from EVENT_KINDS, in which every column is `bytes`: protobufjs moves the blobs, column-codec.ts fills them. Tests compare trace.proto
 * with EVENT_KINDS, and the messages of the twins with those of trace.proto.
 */

/** Field 1 of each table is `rows`; fields 2-15 are the context columns, so that more of those can be added. */
const FIRST_CONTEXT_FIELD = 2;
const FIRST_OWN_FIELD = 16;

/** Protobuf field number of a kind's column. */
export function columnFieldNumber(kind: EventKind, index: number): number {
  const own = index - contextColumnsOf(kind);
  return own < 0 ? FIRST_CONTEXT_FIELD + index : FIRST_OWN_FIELD + own;
}

const DELTA_CODED: Record<ColumnType, boolean> = {
  icount: true,
  ordinal: true,
  address: true,
  value: false,
  small: false,
};

/** Protobuf field name of a column; columns of differences end in `_delta`. */
export const columnFieldName = ({ name, type }: Column): string =>
  DELTA_CODED[type] ? `${name}_delta` : name;

/** The protobuf element type that reads a column in the public schema. */
export const COLUMN_PROTO_TYPE: Record<ColumnType, string> = {
  icount: 'uint64',
  ordinal: 'uint32',
  address: 'sint32',
  value: 'uint32',
  small: 'uint32',
};

/** Number of a kind in trace.proto's `EventKind` (0 is unspecified). */
export const eventKindNumber = (kind: EventKind): number => EVENT_KIND_NAMES.indexOf(kind) + 1;

/** The kind of that number; undefined for one that a later schema added. */
export const eventKindOf = (number: number): EventKind | undefined => EVENT_KIND_NAMES[number - 1];

interface Twin {
  readonly type: protobuf.Type;
  readonly fields: readonly string[];
}

function makeTwin(kind: EventKind): Twin {
  const columns: readonly Column[] = EVENT_KINDS[kind].columns;
  const type = new protobuf.Type(kind);
  type.add(new protobuf.Field('rows', 1, 'uint32'));
  for (const [i, column] of columns.entries()) {
    type.add(new protobuf.Field(columnFieldName(column), columnFieldNumber(kind, i), 'bytes'));
  }
  new protobuf.Root().add(type);
  return { type, fields: columns.map(columnFieldName) };
}

const twins: Partial<Record<EventKind, Twin>> = {};
const twinOf = (kind: EventKind): Twin => (twins[kind] ??= makeTwin(kind));

/** Wire type 2 of protobuf: a length and as many bytes. */
const LENGTH_DELIMITED = 2;
/** Maximum bytes of a field's tag and length. */
const MAX_FIELD_HEAD = 2 + 5;

const varintBytes = (value: number): number => (value < 0x80 ? 1 : 1 + varintBytes(value >>> 7));

/**
 * Encodes tables, without protobufjs, which would copy each column twice. Keeps a buffer between calls, so an instance must not be shared
 * between threads.
 */
export class EventEncoder {
  private scratch = new Uint8Array(1 << 20);

  /** The message of a table: rows 0 to count - 1. Valid until the next call. */
  encode({ kind, count, columns }: EventTable): Uint8Array {
    const specs: readonly Column[] = EVENT_KINDS[kind].columns;
    let room = MAX_FIELD_HEAD;
    for (const spec of specs) room += MAX_FIELD_HEAD + maxEncodedBytes(spec.type, count);
    if (this.scratch.length < room) this.scratch = new Uint8Array(room * 2);

    const out = this.scratch;
    out[0] = 1 << 3;
    let at = putVarint(count, out, 1);
    // Most columns take a byte a row; if one takes more or less, it is moved once its length is known.
    const expected = varintBytes(count);
    for (let i = 0; i < specs.length; i++) {
      const head = putVarint((columnFieldNumber(kind, i) << 3) | LENGTH_DELIMITED, out, at);
      const begin = head + expected;
      const end = encodeColumn(specs[i].type, columns[i], count, out, begin);
      const bytes = end - begin;
      if (bytes === 0) continue;
      const moved = varintBytes(bytes) - expected;
      if (moved !== 0) out.copyWithin(begin + moved, begin, end);
      putVarint(bytes, out, head);
      at = end + moved;
    }
    return out.subarray(0, at);
  }
}

/**
 * Decodes the message of a table, which must have `count` rows. With `wanted` (column names) the other columns stay empty arrays, so that
 * a query pays only for the columns it reads.
 */
export function decodeTable(
  kind: EventKind,
  bytes: Uint8Array,
  count: number,
  wanted?: ReadonlySet<string>,
): EventTable {
  const specs: readonly Column[] = EVENT_KINDS[kind].columns;
  const { type, fields } = twinOf(kind);
  const message = decodeMessage(type, bytes) as Record<string, Uint8Array> & { rows: number };
  if (message.rows !== count) throw new ColumnError(`${kind} has ${message.rows} rows instead of ${count}`);
  checkBacked(kind, count, message[SEQ_FIELD]);
  const columns = specs.map((spec, i): ColumnArray => {
    if (wanted && !wanted.has(spec.name)) return allocateColumn(spec.type, 0);
    const column = allocateColumn(spec.type, count);
    try {
      decodeColumn(spec.type, message[fields[i]], count, column);
      if (spec.names) checkWords(column as Uint8Array, spec.names);
    } catch (error) {
      if (error instanceof ColumnError)
        throw new ColumnError(`column ${kind}.${spec.name}: ${error.message}`);
      throw error;
    }
    return column;
  });
  return { kind, count, columns };
}

const SEQ_FIELD = 'seq_delta';

/** Each event has its own seq, so this column is never shortened: each row takes at least one byte of it, except a first row of seq 0. */
function checkBacked(kind: EventKind, count: number, seq: Uint8Array): void {
  if (count > Math.max(1, seq.length)) throw new ColumnError(`${kind} claims ${count} rows but has fewer`);
}

/** Throws if a value has no word. */
function checkWords(column: Uint8Array, names: readonly string[]): void {
  const unknown = column.find((value) => value >= names.length);
  if (unknown !== undefined) throw new ColumnError(`${unknown} is not one of ${names.join(', ')}`);
}
