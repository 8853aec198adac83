import { entryOf, numberOf, textOf } from './attributes.ts';
import { AT, type Die, TAG } from './entries.ts';
import { locate } from './expressions.ts';
import { understood } from './work.ts';

/** Types of values for display (DWARF 5, chapter 5). Sizes are in bytes. */
export type Type =
  | { readonly kind: 'base'; readonly name: string; readonly bytes: number; readonly encoding: Encoding }
  | { readonly kind: 'pointer'; readonly name: string; readonly bytes: number; readonly target: () => Type }
  | {
      readonly kind: 'structure';
      readonly name: string;
      readonly bytes: number;
      readonly members: () => readonly Member[];
    }
  | {
      readonly kind: 'array';
      readonly name: string;
      readonly bytes: number;
      readonly element: Type;
      /** Undefined if the array has no bound. */
      readonly count: number | undefined;
    }
  | {
      readonly kind: 'enumeration';
      readonly name: string;
      readonly bytes: number;
      readonly names: ReadonlyMap<number, string>;
    }
  /** Functions, void, and unsupported types. */
  | { readonly kind: 'other'; readonly name: string; readonly bytes: 0 };

export type Encoding = 'signed' | 'unsigned' | 'character' | 'boolean' | 'float';

export interface Member {
  /** '' for an anonymous structure. */
  readonly name: string;
  readonly offset: number;
  readonly type: Type;
  /** For a bit field: its first bit, counted from the lowest of the word at `offset`, and the number of bits. */
  readonly bits?: { readonly first: number; readonly count: number };
}

const POINTER_BYTES = 4;
/** Maximum nesting; deeper nesting is an invalid file. */
const MAX_DEPTH = 32;
/** Maximum number of types: more than a program has. */
const MAX_DIMENSIONS = 16;
const MAX_MEMBERS = 4096;
/** Maximum size; a larger object would not fit in memory. */
const MAX_BYTES = 2 ** 32;

const VOID: Type = { kind: 'other', name: 'void', bytes: 0 };

/** The type of an entry's DW_AT_type; void if there is none or it is not supported. */
export const typeOf = (die: Die): Type => understood(() => typeNamed(die, 0)) ?? VOID;

function typeNamed(die: Die, depth: number): Type {
  const found = entryOf(die, AT.type);
  if (!found || depth >= MAX_DEPTH) return VOID;
  die.unit.work.spend();
  return typeAt(found, depth + 1);
}

/** The size of a type; 0 if invalid. */
function sizeOf(bytes: number | undefined): number {
  return bytes !== undefined && bytes > 0 && bytes < MAX_BYTES ? Math.floor(bytes) : 0;
}

function typeAt(die: Die, depth: number): Type {
  const name = textOf(die, AT.name);
  const bytes = sizeOf(numberOf(die, AT.byteSize));
  const inner = () => typeNamed(die, depth);
  const later = () => understood(inner) ?? VOID;
  switch (die.tag) {
    case TAG.baseType:
      return {
        kind: 'base',
        name: name ?? '?',
        bytes,
        encoding: encodingOf(numberOf(die, AT.encoding), bytes),
      };
    case TAG.pointerType:
      return { kind: 'pointer', name: pointerName(inner().name), bytes: POINTER_BYTES, target: later };
    case TAG.structureType:
    case TAG.unionType: {
      const word = die.tag === TAG.unionType ? 'union' : 'struct';
      return {
        kind: 'structure',
        name: `${word} ${name ?? '{…}'}`,
        bytes,
        members: () => understood(() => membersOf(die, depth)) ?? [],
      };
    }
    case TAG.arrayType:
      return arrayOf(die, inner());
    case TAG.enumerationType:
      return { kind: 'enumeration', name: `enum ${name ?? '{…}'}`, bytes, names: enumerators(die) };
    case TAG.typedef:
      return { ...inner(), name: name ?? '?' };
    case TAG.constType:
    case TAG.volatileType:
    case TAG.restrictType: {
      const type = inner();
      const word =
        die.tag === TAG.constType ? 'const' : die.tag === TAG.volatileType ? 'volatile' : 'restrict';
      return { ...type, name: type.kind === 'pointer' ? `${type.name} ${word}` : `${word} ${type.name}` };
    }
    case TAG.subroutineType:
      return { kind: 'other', name: `${inner().name} ()`, bytes: 0 };
    default:
      return { kind: 'other', name: name ?? '?', bytes: 0 };
  }
}

const pointerName = (target: string): string => (target.endsWith('*') ? `${target}*` : `${target} *`);

/** DW_ATE (table 7.11). */
function encodingOf(encoding: number | undefined, bytes: number): Encoding {
  if (encoding === 2) return 'boolean';
  if (encoding === 4) return 'float';
  if (encoding === 5) return 'signed';
  if (encoding === 6 || encoding === 8)
    return bytes === 1 ? 'character' : encoding === 6 ? 'signed' : 'unsigned';
  return 'unsigned';
}

function membersOf(die: Die, depth: number): Member[] {
  return die.children
    .filter(({ tag }) => tag === TAG.member)
    .slice(0, MAX_MEMBERS)
    .map((member): Member => {
      const type = typeNamed(member, depth);
      const offset = memberOffset(member);
      const name = textOf(member, AT.name) ?? '';
      const count = numberOf(member, AT.bitSize);
      return count === undefined
        ? { name, offset, type }
        : { name, type, ...bitField(member, type.bytes, offset, count) };
    });
}

/** The offset of a member; before version 3 an expression that takes the address of the structure. */
function memberOffset(member: Die): number {
  const value = member.attributes.get(AT.dataMemberLocation)?.value;
  if (!(value instanceof Uint8Array)) return numberOf(member, AT.dataMemberLocation) ?? 0;
  const found = locate(value, NO_FRAME, 0);
  return found?.kind === 'memory' ? found.address : 0;
}

const NO_FRAME = {
  register: () => undefined,
  cfa: () => undefined,
  frameBase: () => undefined,
  read: () => undefined,
};

/**
 * The position of a bit field: since version 4 counted from the structure's first bit, before from the highest bit of a storage unit (4,
 * 5.5.6).
 */
function bitField(
  member: Die,
  typeBytes: number,
  offset: number,
  count: number,
): Pick<Member, 'offset' | 'bits'> {
  const fromHighest = numberOf(member, AT.bitOffset);
  if (fromHighest !== undefined) {
    const storage = numberOf(member, AT.byteSize) ?? typeBytes;
    return { offset, bits: { first: 8 * storage - fromHighest - count, count } };
  }
  const bit = numberOf(member, AT.dataBitOffset) ?? 0;
  const at = typeBytes > 0 ? Math.floor(bit / (8 * typeBytes)) * typeBytes : 0;
  return { offset: offset + at, bits: { first: bit - 8 * at, count } };
}

/** An array of arrays has a subrange for each dimension. */
function arrayOf(die: Die, element: Type): Type {
  const counts = die.children
    .filter(({ tag }) => tag === TAG.subrangeType)
    .slice(0, MAX_DIMENSIONS)
    .map((range) => {
      const upper = numberOf(range, AT.upperBound);
      const count = numberOf(range, AT.count) ?? (upper === undefined ? undefined : upper + 1);
      return count === undefined ? undefined : sizeOf(count);
    });
  const name = (dimensions: readonly (number | undefined)[]) =>
    `${element.name} ${dimensions.map((count) => `[${count ?? ''}]`).join('')}`;
  return counts.reduceRight<Type>(
    (inner, count, n) => ({
      kind: 'array',
      name: name(counts.slice(n)),
      bytes: sizeOf(inner.bytes * (count ?? 0)),
      element: inner,
      count,
    }),
    element,
  );
}

const enumerators = (die: Die): ReadonlyMap<number, string> =>
  new Map(
    die.children
      .filter(({ tag }) => tag === TAG.enumerator)
      .map((one) => [numberOf(one, AT.constValue) ?? 0, textOf(one, AT.name) ?? '?']),
  );
