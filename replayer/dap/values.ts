import type { Member, Type } from '../dwarf/types.ts';

/** Formats values of variables as text and parts, by their types. */

/** A typed value: in memory, known without an address, or optimized out. */
export interface Data {
  readonly type: Type;
  readonly address?: number;
  readonly bytes?: Uint8Array;
  readonly bits?: Member['bits'];
}

export interface Named {
  readonly name: string;
  readonly data: Data;
}

/** The access to the debuggee that reading and naming values needs. */
export interface Target {
  read(address: number, bytes: number): Uint8Array | undefined;
  /** Names an address as symbol+offset; undefined if unknown. */
  symbol(address: number): string | undefined;
}

/** Maximum elements of an array shown at once. */
const MAX_ELEMENTS = 256;
/** Maximum bytes of a value that are read; larger values are shown in part. */
const MAX_BYTES = 1 << 16;
const MAX_TEXT = 80;
const hex = (value: number): string => `0x${(value >>> 0).toString(16)}`;

export class Values {
  private readonly target: Target;

  constructor(target: Target) {
    this.target = target;
  }

  /** The value as one line of text. */
  text(data: Data): string {
    const { type, address } = data;
    if (type.kind === 'structure') return this.bytesOf(data) ? `${type.name} {…}` : absent(data);
    if (type.kind === 'array') return this.array(data, type);
    if (type.kind === 'other') return address === undefined ? absent(data) : `{${type.name}} ${hex(address)}`;
    const bytes = this.bytesOf(data);
    if (!bytes) return absent(data);
    if (type.kind === 'pointer') return this.pointer(integer(bytes, false), type.target());
    if (type.kind === 'enumeration') {
      const value = integer(bytes, true);
      return type.names.get(value) ?? String(value);
    }
    return scalar(bytes, type, data.bits);
  }

  /** The value as an address or number, if it is one of at most four bytes. */
  number(data: Data): number | undefined {
    const { kind } = data.type;
    if (kind === 'array' || kind === 'structure') return data.address;
    const bytes = this.bytesOf(data);
    return bytes && bytes.length > 0 && bytes.length <= 4 ? integer(bytes, false) : undefined;
  }

  /** Members, elements, or the target of a pointer; none for a plain value. */
  children(data: Data): Named[] {
    const { type } = data;
    if (type.kind === 'structure')
      return type
        .members()
        .map((member) => ({ name: member.name || '(anonymous)', data: this.member(data, member) }));
    if (type.kind === 'array') {
      const count = Math.min(type.count ?? 0, MAX_ELEMENTS);
      return Array.from({ length: count }, (_, n) => ({
        name: `[${n}]`,
        data: this.element(data, n) as Data,
      }));
    }
    const target = this.pointedTo(data);
    if (!target) return [];
    return target.type.kind === 'structure' ? this.children(target) : [{ name: '*', data: target }];
  }

  /** A member by name, also in anonymous structures; `through` a pointer. */
  memberOf(data: Data, name: string, through: boolean): Data | undefined {
    const whole = through ? this.pointedTo(data) : data;
    if (whole?.type.kind !== 'structure') return undefined;
    for (const member of whole.type.members()) {
      const found = this.member(whole, member);
      if (member.name === name) return found;
      const inner = member.name === '' ? this.memberOf(found, name, false) : undefined;
      if (inner) return inner;
    }
    return undefined;
  }

  /** An element of an array, or of a pointer's target. */
  element(data: Data, n: number): Data | undefined {
    const { type } = data;
    if (type.kind === 'array') return this.part(data, type.element, n * type.element.bytes);
    const target = this.pointedTo(data);
    return target?.address === undefined
      ? undefined
      : { type: target.type, address: (target.address + n * target.type.bytes) >>> 0 };
  }

  /** The target of a pointer; undefined for other values, a null pointer, or a target without a size. */
  pointedTo(data: Data): Data | undefined {
    if (data.type.kind !== 'pointer') return undefined;
    const bytes = this.bytesOf(data);
    const address = bytes ? integer(bytes, false) : 0;
    const type = data.type.target();
    return address === 0 || type.bytes === 0 ? undefined : { type, address };
  }

  private member(data: Data, { offset, type, bits }: Member): Data {
    return { ...this.part(data, type, offset), ...(bits ? { bits } : {}) };
  }

  private part({ address, bytes }: Data, type: Type, offset: number): Data {
    if (address !== undefined) return { type, address: (address + offset) >>> 0 };
    return bytes ? { type, bytes: bytes.subarray(offset, offset + type.bytes) } : { type };
  }

  private bytesOf({ type, address, bytes }: Data): Uint8Array | undefined {
    if (type.bytes > MAX_BYTES) return undefined;
    if (address !== undefined) return this.target.read(address, type.bytes);
    return bytes && bytes.length >= type.bytes ? bytes.subarray(0, type.bytes) : undefined;
  }

  private array(data: Data, type: Extract<Type, { kind: 'array' }>): string {
    if (data.address === undefined && !data.bytes) return absent(data);
    if (isCharacter(type.element)) {
      const bytes = this.bytesOf(data);
      if (bytes) return quoted(bytes);
    }
    return `${type.name}${data.address === undefined ? '' : ` ${hex(data.address)}`}`;
  }

  private pointer(address: number, target: Type): string {
    if (isCharacter(target)) {
      const text = this.textAt(address);
      return text === undefined ? hex(address) : `${hex(address)} ${text}`;
    }
    const symbol = address === 0 ? undefined : this.target.symbol(address);
    return symbol === undefined ? hex(address) : `${hex(address)} <${symbol}>`;
  }

  private textAt(address: number): string | undefined {
    for (let length = MAX_TEXT; length > 0; length >>= 1) {
      const bytes = this.target.read(address, length);
      if (bytes) return quoted(bytes, length === MAX_TEXT);
    }
    return undefined;
  }
}

const absent = ({ address }: Data): string =>
  address === undefined ? '<optimized out>' : `<not mapped: ${hex(address)}>`;

const isCharacter = (type: Type): boolean => type.kind === 'base' && type.encoding === 'character';

/** Reads a string up to its zero byte. */
function quoted(bytes: Uint8Array, cut = false): string {
  const end = bytes.indexOf(0);
  const text = Buffer.from(end < 0 ? bytes : bytes.subarray(0, end)).toString('latin1');
  return `${JSON.stringify(text)}${end < 0 && cut ? '…' : ''}`;
}

/** Decodes a little-endian number of at most four bytes. */
function integer(bytes: Uint8Array, signed: boolean): number {
  const value = bytes.reduceRight((sum, byte) => sum * 256 + byte, 0);
  const half = 2 ** (8 * bytes.length - 1);
  return signed && value >= half ? value - 2 * half : value;
}

/** Adds the hexadecimal form to numbers for which it is useful. */
const LARGE = 4096;

function scalar(bytes: Uint8Array, type: Extract<Type, { kind: 'base' }>, bits: Member['bits']): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (type.encoding === 'float') {
    if (bytes.length === 4) return String(view.getFloat32(0, true));
    return bytes.length === 8
      ? String(view.getFloat64(0, true))
      : `0x${Buffer.from(bytes).reverse().toString('hex')}`;
  }
  const signed = type.encoding === 'signed' || type.encoding === 'character';
  if (bytes.length === 8) return String(signed ? view.getBigInt64(0, true) : view.getBigUint64(0, true));
  let value = integer(bytes, signed);
  if (bits) value = (integer(bytes, false) >>> bits.first) & (bits.count > 31 ? -1 : (1 << bits.count) - 1);
  if (type.encoding === 'boolean') return value === 0 ? 'false' : value === 1 ? 'true' : String(value);
  if (type.encoding === 'character')
    return value > 31 && value < 127 ? `${value} '${String.fromCharCode(value)}'` : String(value);
  return value >= LARGE ? `${value} (${hex(value)})` : String(value);
}
