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

/** An attribute as it stands in .debug_info. References are offsets in it; indices and offsets of strings are not followed. */
export interface Value {
  /** Of the forms that differ in size only, the first. */
  readonly form: number;
  readonly value: number | string | Uint8Array;
}

/** The form stands before the value. */
const INDIRECT = 0x16;
/** Largest number that stays exact. */
const HIGH = 2 ** 32;

/** Reads an attribute; `unit` is the offset of its unit, `constant` what the abbreviation has for implicit ones. */
export function formValue(reader: ByteReader, form: number, constant: number, unit: number): Value {
  const number = (value: number, as = form): Value => ({ form: as, value });
  const block = (length: number): Value => ({ form: FORM.exprloc, value: reader.block(length) });
  const u24 = () => reader.u8() | (reader.u16() << 8);
  switch (form) {
    case FORM.addr:
      return number(reader.u32());
    case 0x03:
      return block(reader.u16());
    case 0x04:
      return block(reader.u32());
    case 0x05:
      return number(reader.u16());
    case 0x06:
      return number(reader.u32());
    case 0x07:
      return number(reader.u32() + reader.u32() * HIGH);
    case FORM.string:
      return { form, value: reader.text() };
    case 0x09:
    case FORM.exprloc:
      return block(reader.uleb());
    case 0x0a:
      return block(reader.u8());
    case 0x0b:
    case 0x0c:
      return number(reader.u8());
    case 0x0d:
      return number(reader.sleb());
    case FORM.strp:
    case FORM.lineStrp:
    case FORM.refAddr:
    case FORM.secOffset:
      return number(reader.u32());
    case 0x0f:
      return number(reader.uleb());
    case 0x11:
      return number(unit + reader.u8(), FORM.refAddr);
    case 0x12:
      return number(unit + reader.u16(), FORM.refAddr);
    case 0x13:
      return number(unit + reader.u32(), FORM.refAddr);
    case 0x14:
      return number(unit + reader.u32() + reader.u32() * HIGH, FORM.refAddr);
    case 0x15:
      return number(unit + reader.uleb(), FORM.refAddr);
    case INDIRECT: {
      const own = reader.uleb();
      if (own === INDIRECT) throw new RangeError('an indirect form of an indirect form');
      return formValue(reader, own, constant, unit);
    }
    case 0x19:
      return number(1);
    case FORM.strx:
    case FORM.addrx:
    case FORM.loclistx:
    case FORM.rnglistx:
      return number(reader.uleb());
    case 0x1c:
    case 0x1d:
      return number(reader.u32());
    case 0x1e:
      return block(16);
    case 0x20:
    case 0x24:
      return number(reader.u32() + reader.u32() * HIGH);
    case FORM.implicitConst:
      return number(constant);
    case 0x25:
      return number(reader.u8(), FORM.strx);
    case 0x26:
      return number(reader.u16(), FORM.strx);
    case 0x27:
      return number(u24(), FORM.strx);
    case 0x28:
      return number(reader.u32(), FORM.strx);
    case 0x29:
      return number(reader.u8(), FORM.addrx);
    case 0x2a:
      return number(reader.u16(), FORM.addrx);
    case 0x2b:
      return number(u24(), FORM.addrx);
    case 0x2c:
      return number(reader.u32(), FORM.addrx);
    default:
      throw new RangeError(`DWARF form ${form}`);
  }
}
