import { ByteReader } from './byte-reader.ts';

/** Sections of an ELF file, by name. */

/** Sections by name. */
export type Sections = ReadonlyMap<string, Uint8Array>;

/** SHT_NOBITS: a section without bytes in the file. */
const NO_BITS = 8;

/** The sections of an ELF32 file (System V ABI, chapter 4); none if it is not one. */
export function elfSections(file: Uint8Array): Sections {
  const sections = new Map<string, Uint8Array>();
  if (file.length < 52 || new ByteReader(file).u32() !== 0x464c457f) return sections;
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const table = view.getUint32(32, true);
  const entryBytes = view.getUint16(46, true);
  const count = table === 0 ? 0 : view.getUint16(48, true);
  const field = (n: number, at: number) => view.getUint32(table + n * entryBytes + at, true);
  const contents = (n: number) => file.subarray(field(n, 16), field(n, 16) + field(n, 20));
  if (count === 0) return sections;
  const names = contents(view.getUint16(50, true));
  for (let n = 0; n < count; n++) {
    if (field(n, 4) !== NO_BITS) sections.set(new ByteReader(names, field(n, 0)).text(), contents(n));
  }
  return sections;
}
