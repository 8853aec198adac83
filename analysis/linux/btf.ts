/**
 * BTF, the type information in the read-only data of a Linux kernel (Documentation/bpf/btf.rst): the offsets of structure members. Only the
 * parts needed for that are read.
 */

const MAGIC = 0xeb9f;
const VERSION = 1;
/** Modules have type information of their own. */
const MOST_TRIED = 200;
const HEADER_BYTES = 24;
const TYPE_BYTES = 12;
const MEMBER_BYTES = 12;
const STRUCT = 4;
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

/** As structureMembers, of the first BTF in a copy of memory that has the structure. */
export function findStructure(memory: Buffer, name: string): ReadonlyMap<string, number> | undefined {
  const start = Buffer.from([MAGIC & 0xff, MAGIC >>> 8, VERSION, 0, HEADER_BYTES, 0, 0, 0]);
  let tried = 0;
  for (
    let at = memory.indexOf(start);
    at >= 0 && tried < MOST_TRIED;
    at = memory.indexOf(start, at + 1), tried++
  ) {
    const found = structureMembers(memory.subarray(at), name);
    if (found) return found;
  }
  return undefined;
}

/** The byte offsets of the members that structure `name` has itself, by name; undefined where the bytes are no BTF, or do not have it. */
export function structureMembers(bytes: Uint8Array, name: string): ReadonlyMap<string, number> | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length < HEADER_BYTES || view.getUint16(0, true) !== MAGIC) return undefined;
  const [header, types, typeBytes, strings, stringBytes] = [4, 8, 12, 16, 20].map((at) =>
    view.getUint32(at, true),
  );
  const end = header + types + typeBytes;
  if (end > bytes.length || header + strings + stringBytes > bytes.length) return undefined;
  const text = (offset: number): string => {
    const start = header + strings + offset;
    const stop = bytes.indexOf(0, start);
    return stop < 0 ? '' : Buffer.from(bytes.subarray(start, Math.min(stop, start + 64))).toString('latin1');
  };
  for (let at = header + types; at + TYPE_BYTES <= end; ) {
    const info = view.getUint32(at + 4, true);
    const count = info & 0xffff;
    const kind = (info >>> 24) & 31;
    const behind = BEHIND[kind];
    if (!behind) return undefined;
    const members = at + TYPE_BYTES;
    at = members + behind[0] + behind[1] * count;
    if (kind !== STRUCT || at > end || text(view.getUint32(members - TYPE_BYTES, true)) !== name) continue;
    const hasBitFields = info >>> 31 === 1;
    const found = new Map<string, number>();
    for (let member = members; member < at; member += MEMBER_BYTES) {
      const bits = view.getUint32(member + 8, true) & (hasBitFields ? 0xffffff : 0xffffffff);
      found.set(text(view.getUint32(member, true)), bits >>> 3);
    }
    return found;
  }
  return undefined;
}
