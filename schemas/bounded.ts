import type protobuf from 'protobufjs';
import { MAX_TEXT_BYTES } from './trace/limits.ts';

/**
 * Bounds checks for files from strangers. Every count, size, offset or number that a file states is checked here before memory or time is
 * spent on it.
 */

/** A value outside the range that a recorder writes. The message names the field, its value and the allowed range. */
export class OutOfBounds extends Error {
  override readonly name = 'OutOfBounds';

  constructor(field: string, value: unknown, must: string) {
    super(`${field} is ${value}; it must be ${must}`);
  }
}

/** The value, if it is a whole number from `min` to `max`; otherwise throws OutOfBounds. */
export function bounded(field: string, value: number, min: number, max: number): number {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return value;
  throw new OutOfBounds(field, value, min === max ? `${min}` : `${min} to ${max}`);
}

/** The name for a number in a file: `names` starts at number `first`. Throws OutOfBounds for any other number. */
export function named<Name extends string>(
  field: string,
  names: readonly Name[],
  value: number,
  first = 0,
): Name {
  const name = names[value - first];
  if (name !== undefined) return name;
  throw new OutOfBounds(field, value, `${first} to ${first + names.length - 1}`);
}

/** A size limit that grows with the data behind it: `any` plus `perByte` times `bytes`, at most `ever`. */
export const scaledLimit = (
  { any, perByte, ever = Number.MAX_SAFE_INTEGER }: { any: number; perByte: number; ever?: number },
  bytes: number,
): number => Math.min(ever, any + perByte * bytes);

/** The maximum number of entries of each repeated field, by message and field: `Guest.modules`. */
export type Counts = Readonly<Record<string, number>>;

/**
 * Decodes a message after checking its bytes: no repeated field may have more entries than `counts` allows, no text may be longer than
 * MAX_TEXT_BYTES. An empty message takes two bytes in a file and a hundred in memory, so messages are counted first.
 */
export function decodeMessage(type: protobuf.Type, bytes: Uint8Array, counts: Counts = {}): unknown {
  type.resolveAll();
  walk(type, bytes, 0, bytes.length, counts, 0);
  return type.decode(bytes);
}

const WIRE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;
/** The deepest nesting of messages in trace.proto. */
const MAX_DEPTH = 10;

function walk(
  type: protobuf.Type,
  bytes: Uint8Array,
  start: number,
  end: number,
  counts: Counts,
  depth: number,
): void {
  if (depth > MAX_DEPTH) throw new OutOfBounds(`the depth of ${type.name}`, depth, `${MAX_DEPTH} at most`);
  const seen = new Map<string, number>();
  let at = start;
  while (at < end) {
    const tag = varint(bytes, at, end);
    at = tag.next;
    const field = type.fieldsById[Math.floor(tag.value / 8)];
    let length = 0;
    switch (tag.value & 7) {
      case WIRE.varint:
        at = varint(bytes, at, end).next;
        break;
      case WIRE.fixed64:
        length = 8;
        break;
      case WIRE.fixed32:
        length = 4;
        break;
      case WIRE.bytes: {
        const size = varint(bytes, at, end);
        at = size.next;
        length = size.value;
        break;
      }
      default:
        throw new Error(`${type.name} contains bytes that are not a field`);
    }
    if (length > end - at) throw new Error(`${type.name} ends inside ${field?.name ?? 'a field'}`);
    if (field) look(type, field, tag.value & 7, length, seen, counts);
    const inner = field?.resolvedType;
    if (inner && 'fieldsById' in inner) {
      if ((tag.value & 7) !== WIRE.bytes) throw new Error(`${type.name}.${field.name} is not a message`);
      walk(inner, bytes, at, at + length, counts, depth + 1);
    }
    at += length;
  }
}

/** One occurrence of a field. */
function look(
  type: protobuf.Type,
  field: protobuf.Field,
  wire: number,
  length: number,
  seen: Map<string, number>,
  counts: Counts,
): void {
  if (wire === WIRE.bytes && field.type === 'string')
    bounded(`the length of ${type.name}.${field.name}`, length, 0, MAX_TEXT_BYTES);
  const name = `${type.name}.${field.name}`;
  const most = counts[name];
  if (most === undefined || !(field.repeated || field.map)) return;
  const count = (seen.get(name) ?? 0) + 1;
  if (count > most) throw new OutOfBounds(`the number of ${name}`, `more than ${most}`, `0 to ${most}`);
  seen.set(name, count);
}

function varint(bytes: Uint8Array, at: number, end: number): { value: number; next: number } {
  let value = 0;
  let weight = 1;
  for (let next = at; next < end && next < at + 10; weight *= 128) {
    const byte = bytes[next++];
    value += (byte & 127) * weight;
    if (byte < 128) return { value, next };
  }
  throw new Error('a number in it is truncated');
}
