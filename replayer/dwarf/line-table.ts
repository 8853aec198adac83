import { ByteReader } from './byte-reader.ts';
import type { Sections } from './sections.ts';

/** A place in the sources. `file` is as the compiler was told it, relative to its folder. */
export interface SourceLine {
  readonly file: string;
  readonly line: number;
}

interface Row extends SourceLine {
  readonly address: number;
  /** A good place for a breakpoint. */
  readonly statement: boolean;
  /** One past the last instruction of a stretch: no line. */
  readonly end: boolean;
}

/** Standard opcodes (DWARF 5, 6.2.5.2). */
const COPY = 1;
const ADVANCE_PC = 2;
const ADVANCE_LINE = 3;
const SET_FILE = 4;
const NEGATE_STATEMENT = 6;
const CONST_ADD_PC = 8;
const FIXED_ADVANCE_PC = 9;
/** Extended opcodes (6.2.5.3). */
const END_SEQUENCE = 1;
const SET_ADDRESS = 2;
/** Content types of version 5 (6.2.4.1). */
const CONTENT_PATH = 1;
const CONTENT_DIRECTORY = 2;

/** Which source line each instruction comes from: `.debug_line` of DWARF 2 to 5 (DWARF 5, 6.2). */
export class LineTable {
  /** By address. */
  private readonly rows: readonly Row[];

  constructor(sections: Sections) {
    const rows: Row[] = [];
    const lines = sections.get('.debug_line');
    if (lines) {
      for (const reader = new ByteReader(lines); reader.at < lines.length; ) {
        const next = reader.at + 4 + reader.u32();
        readUnit(reader, next, sections, rows);
        reader.at = next;
      }
    }
    // A stretch that ends where another begins comes first.
    this.rows = rows.sort((a, b) => a.address - b.address || Number(b.end) - Number(a.end));
  }

  /** The line of the instruction at a linear address. */
  at(address: number): SourceLine | undefined {
    let low = 0;
    let high = this.rows.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.rows[middle].address <= address) low = middle + 1;
      else high = middle;
    }
    const row = this.rows[low - 1];
    return row && !row.end ? row : undefined;
  }

  /** The files that have code. */
  files(): string[] {
    return [...new Set(this.rows.map(({ file }) => file))].sort();
  }

  /** Where to stop for a line: its first instruction in each place that it was compiled to; of the next line with code if none. */
  addressesOf(file: string, line: number): { readonly line: number; readonly addresses: number[] } {
    const own = this.rows.filter((row) => row.file === file && row.statement && !row.end && row.line >= line);
    const found = own.reduce((least, row) => Math.min(least, row.line), Number.POSITIVE_INFINITY);
    const addresses: number[] = [];
    let previous: Row | undefined;
    for (const row of this.rows) {
      const starts = row.file === file && row.line === found && row.statement && !row.end;
      const goesOn = previous?.file === file && previous.line === found && !previous.end;
      if (starts && !goesOn) addresses.push(row.address);
      previous = row;
    }
    return { line: found, addresses };
  }
}

/** A unit's header and its program (6.2.4, 6.2.5). The reader stands after the length. */
function readUnit(reader: ByteReader, end: number, sections: Sections, rows: Row[]): void {
  const version = reader.u16();
  if (version < 2 || version > 5) return;
  if (version >= 5) reader.at += 2;
  const program = reader.u32() + reader.at;
  const minimum = reader.u8();
  if (version >= 4) reader.u8();
  const defaultStatement = reader.u8() !== 0;
  const lineBase = reader.s8();
  const lineRange = reader.u8();
  const opcodeBase = reader.u8();
  const lengths = Array.from({ length: opcodeBase - 1 }, () => reader.u8());
  const files = version >= 5 ? filesOfVersion5(reader, sections) : filesBefore5(reader);
  reader.at = program;

  let address = 0;
  let file = 1;
  let line = 1;
  let statement = defaultStatement;
  const add = (last = false) => rows.push({ address, file: files[file] ?? '', line, statement, end: last });
  while (reader.at < end) {
    const opcode = reader.u8();
    if (opcode >= opcodeBase) {
      const adjusted = opcode - opcodeBase;
      address += Math.floor(adjusted / lineRange) * minimum;
      line += lineBase + (adjusted % lineRange);
      add();
    } else if (opcode === 0) {
      const next = reader.uleb() + reader.at;
      const extended = reader.u8();
      if (extended === SET_ADDRESS) address = reader.u32();
      else if (extended === END_SEQUENCE) {
        add(true);
        address = 0;
        file = line = 1;
        statement = defaultStatement;
      }
      reader.at = next;
    } else if (opcode === COPY) add();
    else if (opcode === ADVANCE_PC) address += reader.uleb() * minimum;
    else if (opcode === ADVANCE_LINE) line += reader.sleb();
    else if (opcode === SET_FILE) file = reader.uleb();
    else if (opcode === NEGATE_STATEMENT) statement = !statement;
    else if (opcode === CONST_ADD_PC) address += Math.floor((255 - opcodeBase) / lineRange) * minimum;
    else if (opcode === FIXED_ADVANCE_PC) address += reader.u16();
    else for (let n = 0; n < lengths[opcode - 1]; n++) reader.uleb();
  }
}

const join = (folder: string | undefined, name: string): string =>
  !folder || folder === '.' || name.startsWith('/') ? name : `${folder}/${name}`;

/** Directories and files up to version 4: files count from 1, directory 0 is where the compiler ran. */
function filesBefore5(reader: ByteReader): string[] {
  const folders = ['.'];
  for (let name = reader.text(); name !== ''; name = reader.text()) folders.push(name);
  const files = [''];
  for (let name = reader.text(); name !== ''; name = reader.text()) {
    files.push(join(folders[reader.uleb()], name));
    reader.uleb();
    reader.uleb();
  }
  return files;
}

function filesOfVersion5(reader: ByteReader, sections: Sections): string[] {
  const folders = entries(reader, sections).map(({ path }) => path);
  return entries(reader, sections).map(({ path, folder }) => join(folders[folder], path));
}

/** A table of names, each as its own format says (6.2.4.1). */
function entries(reader: ByteReader, sections: Sections): { path: string; folder: number }[] {
  const format = Array.from({ length: reader.u8() }, () => [reader.uleb(), reader.uleb()] as const);
  return Array.from({ length: reader.uleb() }, () => {
    let path = '';
    let folder = 0;
    for (const [content, form] of format) {
      const value = formValue(reader, form, sections);
      if (content === CONTENT_PATH) path = String(value);
      else if (content === CONTENT_DIRECTORY) folder = Number(value);
    }
    return { path, folder };
  });
}

/** The forms that line tables use (7.5.6). */
function formValue(reader: ByteReader, form: number, sections: Sections): string | number {
  const string = (section: string) => {
    const at = reader.u32();
    const strings = sections.get(section);
    return strings ? new ByteReader(strings, at).text() : '';
  };
  const skip = (bytes: number) => {
    reader.at += bytes;
    return 0;
  };
  switch (form) {
    case 0x05:
      return reader.u16();
    case 0x06:
      return reader.u32();
    case 0x07:
      return skip(8);
    case 0x08:
      return reader.text();
    case 0x09:
      return skip(reader.uleb());
    case 0x0b:
      return reader.u8();
    case 0x0e:
      return string('.debug_str');
    case 0x0f:
      return reader.uleb();
    case 0x1e:
      return skip(16);
    case 0x1f:
      return string('.debug_line_str');
    default:
      throw new RangeError(`DWARF form ${form} in a line table`);
  }
}
