/**
 * BTF, the type information in the read-only data of a Linux kernel (Documentation/bpf/btf.rst): the offsets of structure members, and of the
 * variables of a section. Only the parts needed for that are read.
 */

const MAGIC = 0xeb9f;
const VERSION = 1;
/** Modules have type information of their own. */
const MOST_TRIED = 200;
const HEADER_BYTES = 24;
const TYPE_BYTES = 12;
const MEMBER_BYTES = 12;
/** Characters of a name that are read: bytes of a stranger may have no end of it. */
const LONGEST_NAME = 64;
const STRUCT = 4;
const VAR = 14;
const DATASEC = 15;
/** Bytes after the type of each kind (2.2): fixed, and per member. */
const BEHIND: Readonly<Record<number, readonly [fixed: number, each: number]>> = {
  1: [4, 0], // INT
  2: [0, 0], // PTR
  3: [12, 0], // ARRAY
  4: [0, MEMBER_BYTES], // STRUCT
  5: [0, MEMBER_BYTES], // UNION
  6: [0, 8], // ENUM
  7: [0, 0], // FWD
  8: [0, 0], // TYPEDEF
  9: [0, 0], // VOLATILE
  10: [0, 0], // CONST
  11: [0, 0], // RESTRICT
  12: [0, 0], // FUNC
  13: [0, 8], // FUNC_PROTO
  14: [4, 0], // VAR
  15: [0, 12], // DATASEC
  16: [0, 0], // FLOAT
  17: [4, 0], // DECL_TAG
  18: [0, 0], // TYPE_TAG
  19: [0, 12], // ENUM64
};

/** A variable of a section: bytes from its start, and its size in bytes. */
export interface SectionVariable {
  readonly offset: number;
  readonly size: number;
}

/** As structureMembers, of the first BTF in a copy of memory that has the structure. */
export const findStructure = (memory: Buffer, name: string): ReadonlyMap<string, number> | undefined =>
  firstIn(memory, (bytes) => structureMembers(bytes, name));

/** As sectionVariables, of the first BTF in a copy of memory that has the section. */
export const findSection = (
  memory: Uint8Array,
  name: string,
): ReadonlyMap<string, SectionVariable> | undefined =>
  firstIn(Buffer.from(memory.buffer, memory.byteOffset, memory.length), (bytes) =>
    sectionVariables(bytes, name),
  );

function firstIn<Found>(memory: Buffer, read: (bytes: Uint8Array) => Found | undefined): Found | undefined {
  const start = Buffer.from([MAGIC & 0xff, MAGIC >>> 8, VERSION, 0, HEADER_BYTES, 0, 0, 0]);
  let tried = 0;
  for (
    let at = memory.indexOf(start);
    at >= 0 && tried < MOST_TRIED;
    at = memory.indexOf(start, at + 1), tried++
  ) {
    const found = read(memory.subarray(at));
    if (found) return found;
  }
  return undefined;
}

/** The byte offsets of the members that structure `name` has itself, by name; undefined where the bytes are no BTF, or do not have it. */
export function structureMembers(bytes: Uint8Array, name: string): ReadonlyMap<string, number> | undefined {
  const table = new TypeTable(bytes);
  for (const { kind, hasFlag, at, members, end } of table.types()) {
    if (kind !== STRUCT || table.nameAt(at) !== name) continue;
    const found = new Map<string, number>();
    for (let member = members; member < end; member += MEMBER_BYTES) {
      const bits = table.word(member + 8) & (hasFlag ? 0xffffff : 0xffffffff);
      found.set(table.nameAt(member), bits >>> 3);
    }
    return found;
  }
  return undefined;
}

/** The variables of section `name`, by name; undefined where the bytes are no BTF, or do not have it. */
export function sectionVariables(
  bytes: Uint8Array,
  name: string,
): ReadonlyMap<string, SectionVariable> | undefined {
  const table = new TypeTable(bytes);
  /** Offset of the name of each variable, by the number of its type; numbers begin with 1. */
  const variables = new Map<number, number>();
  let number = 0;
  for (const { kind, at, members, end } of table.types()) {
    number++;
    if (kind === VAR) variables.set(number, at);
    if (kind !== DATASEC || table.nameAt(at) !== name) continue;
    const found = new Map<string, SectionVariable>();
    for (let entry = members; entry < end; entry += MEMBER_BYTES) {
      const variable = variables.get(table.word(entry));
      if (variable !== undefined)
        found.set(table.nameAt(variable), { offset: table.word(entry + 4), size: table.word(entry + 8) });
    }
    return found;
  }
  return undefined;
}

interface Type {
  readonly kind: number;
  /** The highest bit of its info. */
  readonly hasFlag: boolean;
  /** Its first byte, with the offset of its name; the first byte and the end of what depends on the kind. */
  readonly at: number;
  readonly members: number;
  readonly end: number;
}

class TypeTable {
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private readonly first: number = 0;
  private readonly end: number = 0;
  private readonly strings: number = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    if (bytes.length < HEADER_BYTES || this.view.getUint16(0, true) !== MAGIC) return;
    const [header, types, typeBytes, strings, stringBytes] = [4, 8, 12, 16, 20].map((at) => this.word(at));
    const end = header + types + typeBytes;
    if (end > bytes.length || header + strings + stringBytes > bytes.length) return;
    this.first = header + types;
    this.end = end;
    this.strings = header + strings;
  }

  word(at: number): number {
    return this.view.getUint32(at, true);
  }

  /** The name whose offset stands at `at`; a longer one is cut. */
  nameAt(at: number): string {
    const start = this.strings + this.word(at);
    const name = Buffer.from(this.bytes.subarray(start, start + LONGEST_NAME));
    const stop = name.indexOf(0);
    return name.toString('latin1', 0, stop < 0 ? name.length : stop);
  }

  /** All types, up to one that is cut off or of an unknown kind. */
  *types(): Generator<Type> {
    for (let at = this.first; at + TYPE_BYTES <= this.end; ) {
      const info = this.word(at + 4);
      const kind = (info >>> 24) & 31;
      const behind = BEHIND[kind];
      if (!behind) return;
      const members = at + TYPE_BYTES;
      const end = members + behind[0] + behind[1] * (info & 0xffff);
      if (end > this.end) return;
      yield { kind, hasFlag: info >>> 31 === 1, at, members, end };
      at = end;
    }
  }
}
