import type { ByteReader } from './byte-reader.ts';

/** Reads attribute values by their forms (DWARF 5, 7.5.5). */

/** Forms that mean more than their number (DWARF 5, 7.5.6). */
export const FORM = {
  addr: 0x01,
  string: 0x08,
  strp: 0x0e,
  refAddr: 0x10,
  secOffset: 0x17,
  exprloc: 0x18,
  strx: 0x1a,
  addrx: 0x1b,
  lineStrp: 0x1f,
  implicitConst: 0x21,
  loclistx: 0x22,
  rnglistx: 0x23,
} as const;

/** An undecoded attribute of .debug_info. References are offsets in it; indices and offsets of strings are not resolved. */
export interface Value {
  /** The form; of forms that differ only in size, the first. */
  readonly form: number;
  readonly value: number | string | Uint8Array;
}

/** The form is stored before the value. */
const INDIRECT = 0x16;
/** Largest exact number. */
const HIGH = 2 ** 32;

/** `unit` is the offset of the attribute's unit, `constant` the abbreviation's value for implicit constants. */
type Read = (reader: ByteReader, unit: number, constant: number) => Value['value'];

const u8: Read = (reader) => reader.u8();
const u16: Read = (reader) => reader.u16();
const u24: Read = (reader) => reader.u8() | (reader.u16() << 8);
const u32: Read = (reader) => reader.u32();
const u64: Read = (reader) => reader.u32() + reader.u32() * HIGH;
const uleb: Read = (reader) => reader.uleb();
const sleb: Read = (reader) => reader.sleb();
const text: Read = (reader) => reader.text();
const flag: Read = () => 1;
const implicit: Read = (_reader, _unit, constant) => constant;
const block =
  (length: (reader: ByteReader) => number): Read =>
  (reader) =>
    reader.block(length(reader));
const inUnit =
  (offset: (reader: ByteReader) => number): Read =>
  (reader, unit) =>
    unit + offset(reader);

/** The reader of each form (DWARF 5, table 7.6), and its class of forms if that has another name. */
const FORMS: ReadonlyMap<number, readonly [read: Read, as?: number]> = new Map<
  number,
  readonly [read: Read, as?: number]
>([
  [FORM.addr, [u32]],
  [0x03, [block((reader) => reader.u16()), FORM.exprloc]],
  [0x04, [block((reader) => reader.u32()), FORM.exprloc]],
  [0x05, [u16]],
  [0x06, [u32]],
  [0x07, [u64]],
  [FORM.string, [text]],
  [0x09, [block((reader) => reader.uleb()), FORM.exprloc]],
  [0x0a, [block((reader) => reader.u8()), FORM.exprloc]],
  [0x0b, [u8]],
  [0x0c, [u8]],
  [0x0d, [sleb]],
  [FORM.strp, [u32]],
  [0x0f, [uleb]],
  [FORM.refAddr, [u32]],
  [0x11, [inUnit((reader) => reader.u8()), FORM.refAddr]],
  [0x12, [inUnit((reader) => reader.u16()), FORM.refAddr]],
  [0x13, [inUnit((reader) => reader.u32()), FORM.refAddr]],
  [0x14, [inUnit((reader) => reader.u32() + reader.u32() * HIGH), FORM.refAddr]],
  [0x15, [inUnit((reader) => reader.uleb()), FORM.refAddr]],
  [FORM.secOffset, [u32]],
  [FORM.exprloc, [block((reader) => reader.uleb())]],
  [0x19, [flag]],
  [FORM.strx, [uleb]],
  [FORM.addrx, [uleb]],
  [0x1c, [u32]],
  [0x1d, [u32]],
  [0x1e, [block(() => 16), FORM.exprloc]],
  [FORM.lineStrp, [u32]],
  [0x20, [u64]],
  [FORM.implicitConst, [implicit]],
  [FORM.loclistx, [uleb]],
  [FORM.rnglistx, [uleb]],
  [0x24, [u64]],
  [0x25, [u8, FORM.strx]],
  [0x26, [u16, FORM.strx]],
  [0x27, [u24, FORM.strx]],
  [0x28, [u32, FORM.strx]],
  [0x29, [u8, FORM.addrx]],
  [0x2a, [u16, FORM.addrx]],
  [0x2b, [u24, FORM.addrx]],
  [0x2c, [u32, FORM.addrx]],
]);

/** Reads an attribute; `unit` is the offset of its unit, `constant` the abbreviation's value for implicit constants. */
export function formValue(reader: ByteReader, form: number, constant: number, unit: number): Value {
  if (form === INDIRECT) {
    const own = reader.uleb();
    if (own === INDIRECT) throw new RangeError('an indirect form of an indirect form');
    return formValue(reader, own, constant, unit);
  }
  const known = FORMS.get(form);
  if (!known) throw new RangeError(`DWARF form ${form}`);
  const [read, as = form] = known;
  return { form: as, value: read(reader, unit, constant) };
}
