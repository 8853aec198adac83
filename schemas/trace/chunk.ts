import protobuf from 'protobufjs';
import { bounded, type Counts, decodeMessage, OutOfBounds } from '../bounded.ts';
import type { EventKind } from '../events.ts';
import type { Packed } from './compression.ts';
import { eventKindNumber, eventKindOf } from './event-codec.ts';
import { decodeInputs, encodeInputs } from './input-codec.ts';
import type { Input } from './inputs.ts';
import type { HashWords, LadderRow } from './ladder.ts';
import { MAX_EVENTS, MAX_NAME_BYTES, MAX_PARTS, MAX_STORES, MAX_TABLE_ROWS, MAX_TABLES } from './limits.ts';
import { packedFromWire, packedToWire, type WirePacked } from './packed.ts';
import { toNumber, traceSchema, type Words64 } from './schema.ts';

/** A chunk: everything recorded since the chunk before. */

/** The stretch of the run that a chunk holds. */
export interface TraceRange {
  readonly firstIcount: number;
  /** The machine's icount when the chunk was closed. The next chunk may begin with events of the same icount; seq orders them. */
  readonly endIcount: number;
  readonly firstSeq: number;
  readonly endSeq: number;
}

export interface PackedTable {
  readonly kind: EventKind;
  readonly rows: number;
  readonly contents: Packed;
}

export interface ChunkMessage {
  readonly range: TraceRange;
  readonly inputs: readonly Input[];
  readonly ladder: readonly LadderRow[];
  /** At most one table of each kind. Decoding skips tables of kinds that a later schema added. */
  readonly tables: readonly PackedTable[];
}

/** A chunk's position in the file and a summary of its contents. */
export interface ChunkEntry {
  /** Offset of its frame in the file. */
  readonly offset: number;
  readonly range: TraceRange;
  readonly inputs: number;
  readonly ladderRows: number;
  readonly rows: Readonly<Partial<Record<EventKind, number>>>;
}

export type Wire64 = number | Words64;

export interface WireRange {
  first_icount: Wire64;
  end_icount: Wire64;
  first_seq: Wire64;
  end_seq: Wire64;
}

export interface WireLadder {
  components: string[];
  icount: Wire64[];
  hashes: Wire64[];
}

export const rangeToWire = (range: TraceRange): WireRange => ({
  first_icount: range.firstIcount,
  end_icount: range.endIcount,
  first_seq: range.firstSeq,
  end_seq: range.endSeq,
});

export function rangeFromWire(wire: WireRange | null): TraceRange {
  const firstIcount = toNumber(wire?.first_icount ?? 0);
  const firstSeq = toNumber(wire?.first_seq ?? 0);
  return {
    firstIcount,
    endIcount: bounded('end_icount', toNumber(wire?.end_icount ?? 0), firstIcount, Number.MAX_SAFE_INTEGER),
    firstSeq,
    endSeq: bounded('end_seq', toNumber(wire?.end_seq ?? 0), firstSeq, Number.MAX_SAFE_INTEGER),
  };
}

export function ladderToWire(rows: readonly LadderRow[]): WireLadder {
  const components = [...new Set(rows.flatMap((row) => Object.keys(row.hashes)))];
  const none: HashWords = { low: 0, high: 0 };
  return {
    components,
    icount: rows.map((row) => row.icount),
    hashes: rows.flatMap((row) =>
      components.map((name) => {
        const { low, high } = row.hashes[name] ?? none;
        return { low: low | 0, high: high | 0, unsigned: true };
      }),
    ),
  };
}

/** For decodeMessage. */
export const LADDER_COUNTS: Counts = { 'Ladder.components': MAX_PARTS };

export function ladderFromWire(wire: WireLadder | null): LadderRow[] {
  if (!wire) return [];
  const { components, hashes } = wire;
  const count = wire.icount.length * components.length;
  bounded('the number of hashes', hashes.length, count, count);
  for (const name of components) bounded('the length of a component', name.length, 1, MAX_NAME_BYTES);
  return wire.icount.map((icount, row) => ({
    icount: toNumber(icount),
    hashes: Object.fromEntries(
      components.map((name, i): [string, HashWords] => {
        const hash = hashes[row * components.length + i] ?? 0;
        return [
          name,
          typeof hash === 'number' ? { low: hash | 0, high: 0 } : { low: hash.low | 0, high: hash.high | 0 },
        ];
      }),
    ),
  }));
}

/** Chunk with `inputs` as `bytes`, for the same reason as the tables' twins (event-codec.ts). */
function makeTwin(): protobuf.Type {
  const type = new protobuf.Type('Chunk')
    .add(new protobuf.Field('range', 1, 'rewind386.Range'))
    .add(new protobuf.Field('inputs', 2, 'bytes'))
    .add(new protobuf.Field('ladder', 3, 'rewind386.Ladder'))
    .add(new protobuf.Field('tables', 4, 'rewind386.Table', 'repeated'))
    .add(new protobuf.Field('filler', 5, 'bytes'));
  traceSchema().define('rewind386.twin').add(type);
  return type;
}

let twin: protobuf.Type | undefined;
const chunkTwin = (): protobuf.Type => (twin ??= makeTwin());

/** Bytes that a reader requires for that many rows before it accepts them (limits.ts). */
function leastBytes(tables: readonly PackedTable[]): number {
  const rows = (of: (kind: EventKind) => boolean) =>
    tables.reduce((sum, table) => sum + (of(table.kind) ? table.rows : 0), 0);
  const events = rows((kind) => kind !== 'stores') / MAX_EVENTS.perByte;
  return Math.ceil(events) + Math.ceil(rows((kind) => kind === 'stores') / MAX_STORES.perByte);
}

/**
 * Encodes the message. If a guest repeats one thing so often that the message is too short for its rows, it is padded to the size that a
 * reader requires.
 */
export function encodeChunk({ range, inputs, ladder, tables }: ChunkMessage): Uint8Array {
  const message = {
    range: rangeToWire(range),
    ...(inputs.length > 0 ? { inputs: encodeInputs(inputs) } : {}),
    ...(ladder.length > 0 ? { ladder: ladderToWire(ladder) } : {}),
    tables: tables.map(({ kind, rows, contents }) => ({
      kind: eventKindNumber(kind),
      rows,
      rows_message: packedToWire(contents),
    })),
  };
  const encoded = chunkTwin().encode(message).finish();
  const missing = leastBytes(tables) - encoded.length;
  return missing > 0
    ? chunkTwin()
        .encode({ ...message, filler: new Uint8Array(missing) })
        .finish()
    : encoded;
}

export function decodeChunk(bytes: Uint8Array): ChunkMessage {
  const wire = decodeMessage(chunkTwin(), bytes, {
    ...LADDER_COUNTS,
    'Chunk.tables': MAX_TABLES,
  }) as {
    range: WireRange | null;
    inputs: Uint8Array;
    ladder: WireLadder | null;
    tables: { kind: number; rows: number; rows_message: WirePacked | null }[];
  };
  const tables = wire.tables.flatMap((table) => {
    const kind = eventKindOf(table.kind);
    if (!kind) return [];
    const rows = bounded(`the number of ${kind}`, table.rows, 1, MAX_TABLE_ROWS);
    return [{ kind, rows, contents: packedFromWire(table.rows_message) }];
  });
  const kinds = new Set(tables.map(({ kind }) => kind));
  if (kinds.size < tables.length) throw new OutOfBounds('the number of tables of a kind', 2, '0 or 1');
  return {
    range: rangeFromWire(wire.range),
    inputs: wire.inputs.length > 0 ? decodeInputs(wire.inputs) : [],
    ladder: ladderFromWire(wire.ladder),
    tables,
  };
}

/** The index entry of a chunk. */
export function chunkEntry(offset: number, { range, inputs, ladder, tables }: ChunkMessage): ChunkEntry {
  return {
    offset,
    range,
    inputs: inputs.length,
    ladderRows: ladder.length,
    rows: Object.fromEntries(tables.map(({ kind, rows }) => [kind, rows])),
  };
}
