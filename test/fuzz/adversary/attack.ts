import { brotliCompressSync, constants } from 'node:zlib';
import protobuf from 'protobufjs';
import { EVENT_KIND_NAMES } from '../../../schemas/events.ts';
import { CODEC, pack, sha256Hex, unpack } from '../../../schemas/trace/compression.ts';
import { packedFromWire, packedToWire, type WirePacked } from '../../../schemas/trace/packed.ts';
import { messageType } from '../../../schemas/trace/schema.ts';
import type { Message, Part } from './parts.ts';

/**
 * Changes a trace as somebody would who has read its format: any field of any message of trace.proto, by its reflection, gets a
 * value that is as bad as its type allows. What is packed is unpacked, changed inside, and packed again.
 */

type Random = () => number;
type Attack = (next: Random) => string;

const pick = <Value>(values: readonly Value[], next: Random): Value => values[next() % values.length];

/** Attacks one place of the trace; returns which, and how. */
export function attack(parts: readonly Part[], next: Random): string {
  const { name, message } = pick(parts, next);
  return attackMessage(name, message, next);
}

function attackMessage(name: string, message: Message, next: Random): string {
  const fields: Attack[] = [];
  const packed: Attack[] = [];
  collect(name, messageType(name), message, fields, packed);
  // Half of what can go wrong is inside of what is packed.
  return pick(packed.length > 0 && next() % 2 === 0 ? packed : fields, next)(next);
}

/** Of a long list so many members are attacked. */
const MEMBERS = 40;

/** An attack for every field of a message, whether it is there or not, and of the messages in it. */
function collect(
  at: string,
  type: protobuf.Type,
  message: Message,
  fields: Attack[],
  packed: Attack[],
): void {
  type.resolveAll();
  for (const field of type.fieldsArray) {
    const here = `${at}.${field.name}`;
    fields.push((next) => `${here} ${setField(message, field, next)}`);
    const { resolvedType: inner } = field;
    const value = message[field.name];
    if (!(inner instanceof protobuf.Type) || value === null || value === undefined || field.map) continue;
    if (inner.name === 'Packed')
      packed.push((next) => `${here}: ${attackPacked(message, field.name, contentsOf(type, message), next)}`);
    const members = (Array.isArray(value) ? value : [value]) as Message[];
    for (const [n, member] of members.slice(0, MEMBERS).entries())
      collect(`${here}[${n}]`, inner, member, fields, packed);
  }
}

/** The message that is packed in this one; undefined where it is no message. */
function contentsOf(type: protobuf.Type, message: Message): string | undefined {
  if (type.name === 'Checkpoint') return 'CheckpointState';
  if (type.name !== 'Table') return undefined;
  const kind = EVENT_KIND_NAMES[Number(message.kind) - 1];
  return kind?.replaceAll(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function attackPacked(holder: Message, field: string, contents: string | undefined, next: Random): string {
  const bytes = unpacked(holder[field] as WirePacked);
  if (!bytes || next() % 4 === 0) return bomb(holder, field, next);
  let how: string;
  let changed: Uint8Array = bytes;
  const message = contents && decoded(contents, bytes);
  if (contents && message) {
    how = attackMessage(contents, message, next);
    changed = messageType(contents).encode(message).finish();
  } else how = spoil(bytes, next);
  holder[field] = packedToWire(pack(changed));
  if (holder.sha256) holder.sha256 = Buffer.from(sha256Hex(changed), 'hex');
  return how;
}

function decoded(name: string, bytes: Uint8Array): Message | undefined {
  try {
    return messageType(name).decode(bytes) as unknown as Message;
  } catch {
    return undefined;
  }
}

/** Undefined where an attack before has left nothing that unpacks. */
function unpacked(wire: WirePacked): Uint8Array | undefined {
  try {
    const packed = packedFromWire(wire);
    return Uint8Array.from(unpack(packed, packed.rawBytes));
  } catch {
    return undefined;
  }
}

const zeros = new Map<number, Uint8Array>();

/** So many zeros, packed; made once. */
function packedZeros(size: number): Uint8Array {
  const params = { [constants.BROTLI_PARAM_QUALITY]: 5, [constants.BROTLI_PARAM_LGWIN]: 22 };
  const made = zeros.get(size) ?? brotliCompressSync(Buffer.alloc(size), { params });
  zeros.set(size, made);
  return made;
}

/** Zeros without end in a few bytes. */
function bomb(holder: Message, field: string, next: Random): string {
  const size = 2 ** (10 + (next() % 16));
  const data = packedZeros(size);
  const raw_bytes = pick([size, size - 1, 2 ** 31, 0, 2 ** 45], next);
  holder[field] = { codec: CODEC.brotli, raw_bytes, data };
  return `is ${size} zeros, said to be ${raw_bytes}`;
}

/** A word of a file becomes another: headers have their sizes and offsets at its beginning. */
function spoil(bytes: Uint8Array, next: Random): string {
  if (bytes.length < 4) return 'as it was';
  const end = next() % 2 ? Math.min(bytes.length, 1024) : bytes.length;
  const at = (next() % (end - 3)) & ~(next() % 4);
  const value = pick(U32, next);
  new DataView(bytes.buffer).setUint32(at, value, true);
  return `word ${value} at ${at}`;
}

const U32 = [
  0,
  1,
  2,
  7,
  0x7f,
  0xff,
  0x1000,
  0xffff,
  2 ** 20,
  2 ** 28,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32 - 2,
  2 ** 32 - 1,
];
const U64 = [...U32, 2 ** 32, 2 ** 40, 2 ** 52, 2 ** 53 - 1];
const words = (value: number) => ({ low: value | 0, high: Math.floor(value / 2 ** 32) | 0, unsigned: true });
const TEXTS = [
  '',
  '\0',
  '__proto__',
  'constructor',
  'hasOwnProperty',
  '../../etc/passwd',
  '/dev/zero',
  '/proc/kmsg',
  '..',
  '.',
  'C:\\x\\..\\y',
  '\x1b]0;x\x07\x1b[2J\n::error::x',
  "'; DROP TABLE run; --",
  '{"kind":["x"]}',
  '[',
  'pentium,+cmov,-cmov',
  'pentium,+',
  '\u202e\u2066',
  'x'.repeat(70_000),
];

/** Gives a field a bad value, or takes it away; says which. */
function setField(message: Message, field: protobuf.Field, next: Random): string {
  if (field.map) {
    message[field.name] = Object.fromEntries(
      Array.from({ length: pick([0, 1, 100, 3000], next) }, (_, n) => [
        `${pick(TEXTS, next)}${n || ''}`,
        'x',
      ]),
    );
    return 'other labels';
  }
  if (field.repeated && next() % 2 === 0) return setList(message, field, next);
  if (next() % 8 === 0 && !field.repeated) {
    delete message[field.name];
    return 'missing';
  }
  const value = badValue(field, message[field.name], next);
  if (!field.repeated) message[field.name] = value;
  else {
    const list = [...((message[field.name] ?? []) as unknown[])];
    list[list.length > 0 ? next() % list.length : 0] = value;
    message[field.name] = list;
  }
  return `is ${JSON.stringify(value ?? null).slice(0, 80)}`;
}

function setList(message: Message, field: protobuf.Field, next: Random): string {
  const list = [...((message[field.name] ?? []) as unknown[])];
  const one = list.length > 0 ? list[next() % list.length] : badValue(field, undefined, next);
  const count = pick([0, 1, 2, 100, 5000, 60_000], next);
  // What is long already becomes no longer than a megabyte or so.
  const size = typeof one === 'object' ? JSON.stringify(one).length / 4 : String(one).length;
  const copies = Math.min(count, Math.floor(1e6 / (size + 1)));
  switch (next() % 4) {
    case 0:
      message[field.name] = Array.from({ length: copies }, () => one);
      return `${copies} times one of it`;
    case 1:
      message[field.name] = [...list, ...Array.from({ length: copies }, () => one)];
      return `${copies} more of it`;
    case 2:
      message[field.name] = list.reverse();
      return 'backwards';
    default:
      message[field.name] = list.slice(0, next() % (list.length + 1));
      return 'shorter';
  }
}

function badValue(field: protobuf.Field, old: unknown, next: Random): unknown {
  const { resolvedType } = field;
  if (resolvedType instanceof protobuf.Type) return pick([{}, null, undefined], next) ?? {};
  if (resolvedType) return pick([0, 1, 2, 3, 4, 5, 6, 7, 11, 12, 39, 99, 2 ** 31 - 1], next);
  switch (field.type) {
    case 'string':
      return pick(TEXTS, next);
    case 'bytes':
      return otherBytes(old, next);
    case 'bool':
      return next() % 2 === 0;
    case 'uint64':
    case 'fixed64':
      return words(pick([...U64, 2 ** 63, 2 ** 64 - 1025], next));
    case 'sint32':
      return pick([...U32, -1, -2, -1024], next) | 0;
    default:
      return pick(U32, next);
  }
}

function otherBytes(old: unknown, next: Random): Uint8Array {
  const bytes = old instanceof Uint8Array ? old : new Uint8Array();
  switch (next() % 5) {
    case 0:
      return new Uint8Array();
    case 1:
      return bytes.subarray(0, next() % (bytes.length + 1));
    case 2:
      return new Uint8Array(pick([1, 31, 33, 1000, 100_000], next));
    case 3:
      return Uint8Array.from(bytes, (byte) => (next() % 16 === 0 ? next() : byte));
    default:
      return new Uint8Array(64).fill(next());
  }
}
