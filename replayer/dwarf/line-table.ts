import { ByteReader } from './byte-reader.ts';
import { LineRows } from './line-rows.ts';
import type { Sections } from './sections.ts';
import { understood, Work } from './work.ts';

/** Source lines by address and addresses by line: `.debug_line`. */

/** A source position. `file` is the path given to the compiler, relative to its folder. */
export interface SourceLine {
  readonly file: string;
  readonly line: number;
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

/** Characters of file names that cost one step of work. */
const STEP_OF_NAMES = 8;

/** The source line of each instruction, from `.debug_line` of DWARF 2 to 5 (DWARF 5, 6.2). */
export class LineTable {
  private readonly rows = new LineRows();

  constructor(sections: Sections) {
    const lines = sections.get('.debug_line');
    if (!lines) return;
    const work = new Work();
    const reader = new ByteReader(lines);
    while (reader.left >= 4) {
      const length = reader.u32();
      // Includes the 64-bit format (7.4), which 32-bit programs do not use.
      if (length > reader.left) break;
      const unit = new ByteReader(lines.subarray(0, reader.at + length), reader.at);
      // If a unit is not supported, the rows up to there are used.
      understood(() => readUnit(unit, sections, this.rows, work));
      reader.skip(length);
    }
    this.rows.sort();
  }

  /** The line of the instruction at a linear address. */
  at(address: number): SourceLine | undefined {
    const row = this.rows.at(address);
    return row && !row.end ? { file: row.file, line: row.line } : undefined;
  }

  /** The files that have code. */
  files(): readonly string[] {
    return this.rows.files();
  }

  /**
   * The addresses at which to stop for a line: its first instruction in each place where it was compiled, or those of the next line with
   * code.
   */
  addressesOf(file: string, line: number): { readonly line: number; readonly addresses: number[] } {
    let found = Number.POSITIVE_INFINITY;
    for (const row of this.rows.all())
      if (row.file === file && row.statement && !row.end && row.line >= line)
        found = Math.min(found, row.line);
    const addresses: number[] = [];
    let goesOn = false;
    for (const row of this.rows.all()) {
      const here = row.file === file && row.line === found && !row.end;
      if (here && row.statement && !goesOn) addresses.push(row.address);
      goesOn = here;
    }
    return { line: found, addresses };
  }
}

/** A unit's header and its program (6.2.4, 6.2.5). The reader is positioned after the length and ends with the unit. */
function readUnit(reader: ByteReader, sections: Sections, rows: LineRows, work: Work): void {
  const version = reader.u16();
  if (version < 2 || version > 5) return;
  if (version >= 5) reader.skip(2);
  const program = reader.u32() + reader.at;
  const minimum = reader.u8();
  if (version >= 4) reader.u8();
  const defaultStatement = reader.u8() !== 0;
  const lineBase = reader.s8();
  const lineRange = reader.u8();
  const opcodeBase = reader.u8();
  if (lineRange === 0 || opcodeBase === 0) throw new RangeError('the line table has no lines');
  const lengths = Array.from({ length: opcodeBase - 1 }, () => reader.u8());
  const names = version >= 5 ? filesOfVersion5(reader, sections) : filesBefore5(reader);
  const files = names.map((name) => {
    work.spend(1 + name.length / STEP_OF_NAMES);
    return rows.file(name);
  });
  const unknown = rows.file('');
  reader.at = program;

  let address = 0;
  let file = 1;
  let line = 1;
  let statement = defaultStatement;
  const add = (end = false) => rows.add(address, files[file] ?? unknown, line, statement, end);
  while (reader.left > 0) {
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

/** A table of names in the format that it declares (6.2.4.1). Each name takes at least a byte. */
function entries(reader: ByteReader, sections: Sections): { path: string; folder: number }[] {
  const format = Array.from({ length: reader.u8() }, () => [reader.uleb(), reader.uleb()] as const);
  const count = reader.uleb();
  if (count > (format.length > 0 ? reader.left : 0))
    throw new RangeError(`${count} names in ${reader.left} bytes`);
  return Array.from({ length: count }, () => {
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
    reader.skip(bytes);
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
