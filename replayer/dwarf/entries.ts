import { ByteReader } from './byte-reader.ts';
import { FORM, formValue, type Value } from './forms.ts';
import type { Sections } from './sections.ts';
import type { Work } from './work.ts';

/** Entries of `.debug_info` with their attributes, decoded by `.debug_abbrev` (DWARF 5, 7.5). */

/** Attributes by number (DWARF 5, table 7.5). */
export const AT = {
  location: 0x02,
  name: 0x03,
  byteSize: 0x0b,
  bitOffset: 0x0c,
  bitSize: 0x0d,
  lowPc: 0x11,
  highPc: 0x12,
  constValue: 0x1c,
  upperBound: 0x2f,
  abstractOrigin: 0x31,
  count: 0x37,
  dataMemberLocation: 0x38,
  declaration: 0x3c,
  encoding: 0x3e,
  external: 0x3f,
  frameBase: 0x40,
  specification: 0x47,
  type: 0x49,
  callLine: 0x59,
  ranges: 0x55,
  dataBitOffset: 0x6b,
  stringOffsetsBase: 0x72,
  addressBase: 0x73,
  rangeListsBase: 0x74,
  locationListsBase: 0x8c,
} as const;

/** Tags by number (DWARF 5, table 7.3). */
export const TAG = {
  arrayType: 0x01,
  enumerationType: 0x04,
  formalParameter: 0x05,
  lexicalBlock: 0x0b,
  member: 0x0d,
  pointerType: 0x0f,
  compileUnit: 0x11,
  structureType: 0x13,
  subroutineType: 0x15,
  typedef: 0x16,
  unionType: 0x17,
  inlinedSubroutine: 0x1d,
  subrangeType: 0x21,
  baseType: 0x24,
  constType: 0x26,
  enumerator: 0x28,
  subprogram: 0x2e,
  variable: 0x34,
  volatileType: 0x35,
  restrictType: 0x37,
} as const;

/** A debugging information entry (DWARF 5, 2.1). */
export interface Die {
  /** Offset in .debug_info. */
  readonly offset: number;
  readonly tag: number;
  readonly attributes: ReadonlyMap<number, Value>;
  readonly children: readonly Die[];
  readonly unit: Unit;
}

/** Maximum entries and attributes of one unit, about 200 MB of memory. A compiler's largest unit has a tenth. */
const MAX_KEPT = 2_000_000;
/** Steps of work per attribute of an abbreviation. */
const ABBREVIATED = 6;
const NO_CHILDREN: readonly Die[] = [];

interface Abbreviation {
  readonly tag: number;
  readonly children: boolean;
  readonly attributes: readonly { readonly name: number; readonly form: number; readonly constant: number }[];
}

export type Abbreviations = ReadonlyMap<number, Abbreviation>;

/** A compilation unit: its header (7.5.1), and its entries once they are needed. */
export class Unit {
  readonly start: number;
  readonly end: number;
  readonly version: number;
  readonly sections: Sections;
  /** The budget charged for reading it. */
  readonly work: Work;
  /** Number of entries and attributes in memory. */
  kept = 0;
  private readonly first: number;
  private readonly abbreviations: () => Abbreviations;
  private own: Die | undefined;
  private tree: Die | undefined;
  private byOffset = new Map<number, Die>();

  /** `abbreviations` returns the table at an offset of .debug_abbrev; it is called when entries are read. */
  constructor(
    sections: Sections,
    start: number,
    work: Work,
    abbreviations: (offset: number) => Abbreviations,
  ) {
    const reader = new ByteReader(sections.get('.debug_info') as Uint8Array, start);
    this.sections = sections;
    this.work = work;
    this.start = start;
    this.end = reader.u32() + reader.at;
    this.version = reader.u16();
    let abbreviationsAt: number;
    if (this.version >= 5) {
      const type = reader.u8();
      reader.u8();
      abbreviationsAt = reader.u32();
      // Skeleton and split units have an identifier.
      if (type === 4 || type === 5) reader.at += 8;
    } else {
      abbreviationsAt = reader.u32();
      reader.u8();
    }
    this.first = reader.at;
    this.abbreviations = () => abbreviations(abbreviationsAt);
  }

  /** The unit's own entry, without its children. */
  get root(): Die {
    this.own ??= this.read(false);
    return this.own;
  }

  /** The unit's entry with all entries in it. */
  get entries(): Die {
    this.tree ??= this.read(true);
    return this.tree;
  }

  /** Drops everything except the unit's own entry. */
  forget(): void {
    this.tree = undefined;
    this.byOffset = new Map();
    this.kept = 0;
  }

  /** The entry at an offset of .debug_info. */
  entry(offset: number): Die | undefined {
    return this.entries && this.byOffset.get(offset);
  }

  private read(deep: boolean): Die {
    const reader = new ByteReader(this.sections.get('.debug_info') as Uint8Array, this.first);
    const abbreviations = this.abbreviations();
    const root = this.readEntry(reader, abbreviations);
    if (!root) throw new RangeError(`no unit at ${this.start}`);
    const open = root.children ? [root] : [];
    while (deep && open.length > 0 && reader.at < this.end) {
      const next = this.readEntry(reader, abbreviations);
      if (!next) {
        open.pop();
        continue;
      }
      (open[open.length - 1].die.children as Die[]).push(next.die);
      if (next.children) open.push(next);
    }
    return root.die;
  }

  private readEntry(
    reader: ByteReader,
    abbreviations: Abbreviations,
  ): { die: Die; children: boolean } | undefined {
    const offset = reader.at;
    const code = reader.uleb();
    this.work.spend();
    if (code === 0) return undefined;
    const abbreviation = abbreviations.get(code);
    if (!abbreviation) throw new RangeError(`no abbreviation ${code} in the unit at ${this.start}`);
    const cost = 1 + abbreviation.attributes.length;
    this.kept += cost;
    if (this.kept > MAX_KEPT) throw new RangeError(`too many entries in the unit at ${this.start}`);
    this.work.spend(cost);
    const attributes = new Map<number, Value>();
    for (const { name, form, constant } of abbreviation.attributes)
      attributes.set(name, formValue(reader, form, constant, this.start));
    const children = abbreviation.children ? [] : NO_CHILDREN;
    const die: Die = { offset, tag: abbreviation.tag, attributes, children, unit: this };
    this.byOffset.set(offset, die);
    return { die, children: abbreviation.children };
  }
}

/** A table of .debug_abbrev (7.5.3). */
export function readAbbreviations(section: Uint8Array, offset: number, work: Work): Abbreviations {
  const reader = new ByteReader(section, offset);
  const table = new Map<number, Abbreviation>();
  for (let code = reader.uleb(); code !== 0; code = reader.uleb()) {
    const tag = reader.uleb();
    const children = reader.u8() !== 0;
    const attributes: { name: number; form: number; constant: number }[] = [];
    for (;;) {
      work.spend(ABBREVIATED);
      const name = reader.uleb();
      const form = reader.uleb();
      const constant = form === FORM.implicitConst ? reader.sleb() : 0;
      if (name === 0 && form === 0) break;
      attributes.push({ name, form, constant });
    }
    table.set(code, { tag, children, attributes });
  }
  return table;
}
