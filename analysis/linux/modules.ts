import type { LinuxSymbol } from './kallsyms.ts';

/**
 * The modules that a Linux kernel has loaded, with their symbols, found in its memory (include/linux/module.h). The head of their list is no
 * exported symbol and the layout of struct module differs from release to release, so they are recognized by contents: the state, the links
 * of the list and the name with which the structure begins, and the symbol table that it names further on.
 */

export interface LinuxModule {
  readonly name: string;
  readonly symbols: readonly LinuxSymbol[];
}

/** Memory of the kernel by linear addresses. */
export interface LinearMemory {
  /** A copy of physical memory. */
  readonly memory: Uint8Array;
  /** Physical address; negative where nothing is mapped. */
  readonly translate: (linear: number) => number;
  /** The difference of linear and physical addresses of the kernel's image. */
  readonly directMap: number;
}

const PAGE = 4096;
const LAST_PAGE = 0xfffff;
/** MODULE_STATE_LIVE. */
const LIVE = 0;
/** Offsets in struct module: the list, and the name behind it. */
const LIST = 4;
const NAME_AT = 12;
/** MODULE_NAME_LEN, 64 - sizeof(long). */
const NAME_BYTES = 60;
const NAME = /^[A-Za-z0-9_-]+$/;
/** struct module is smaller: its symbol table is named within. */
const MODULE_BYTES = 1024;
/** Elf32_Sym: st_name, st_value, st_size, st_info, st_other, st_shndx. */
const SYMBOL_BYTES = 16;
const VALUE_AT = 4;
const INFO_AT = 12;
const ELF_FUNCTION = 2;
/** Bounds of what is read: memory may have been made to look like modules. */
const MOST_MODULES = 1024;
const MOST_SYMBOLS = 1 << 16;
const LONGEST_SYMBOL = 256;

/** In the order of their addresses; none where the kernel has no modules. */
export function findModules(kernel: LinearMemory): LinuxModule[] {
  const reader = new Reader(kernel);
  const found: LinuxModule[] = [];
  let left = MOST_SYMBOLS;
  for (let page = kernel.directMap >>> 12; page <= LAST_PAGE && found.length < MOST_MODULES; page++) {
    const linear = page * PAGE;
    const physical = kernel.translate(linear);
    // Modules lie in pages of their own, and not in the map of all memory.
    if (physical < 0 || physical === linear - kernel.directMap) continue;
    for (let at = linear; at < linear + PAGE && left > 0; at += 4) {
      const name = moduleAt(reader, at);
      const symbols = name === undefined ? undefined : symbolsOf(reader, at, name, left);
      if (name === undefined || !symbols) continue;
      left -= symbols.length;
      found.push({ name, symbols });
    }
  }
  return found;
}

/** The name of the module whose structure begins there: its neighbours in the list link back to it. */
function moduleAt(reader: Reader, at: number): string | undefined {
  if (reader.word(at) !== LIVE) return undefined;
  const list = at + LIST;
  const [next = 0, previous = 0] = [reader.word(list), reader.word(list + 4)];
  if (!reader.isKernel(next) || !reader.isKernel(previous)) return undefined;
  if (reader.word(next + 4) !== list || reader.word(previous) !== list) return undefined;
  const name = reader.text(at + NAME_AT, NAME_BYTES);
  return name !== undefined && NAME.test(name) ? name : undefined;
}

/** Symbol table, number of symbols and names stand behind one another in struct mod_kallsyms; the kinds behind them since 5.2. */
function symbolsOf(
  reader: Reader,
  module: number,
  name: string,
  most: number,
): readonly LinuxSymbol[] | undefined {
  for (let at = module + NAME_AT + NAME_BYTES; at < module + MODULE_BYTES; at += 4) {
    const [table = 0, count = 0, names = 0, kinds = 0] = [0, 4, 8, 12].map((n) => reader.word(at + n));
    if (count < 1 || count > most || !reader.isKernel(table) || !reader.isKernel(names)) continue;
    // The first symbol of an ELF table is empty, and so is the first name.
    if ([0, 4, 8, 12].some((n) => reader.word(table + n) !== 0) || reader.text(names, 1) !== '') continue;
    const symbols = read(reader, { table, count, names, kinds }, name);
    if (symbols) return symbols;
  }
  return undefined;
}

interface Table {
  readonly table: number;
  readonly count: number;
  readonly names: number;
  readonly kinds: number;
}

/** Undefined where a symbol has no name: that is no table. */
function read(
  reader: Reader,
  { table, count, names, kinds }: Table,
  module: string,
): readonly LinuxSymbol[] | undefined {
  const found: LinuxSymbol[] = [];
  for (let n = 1; n < count; n++) {
    const at = table + n * SYMBOL_BYTES;
    const name = reader.text(names + (reader.word(at) ?? 0), LONGEST_SYMBOL);
    const address = reader.word(at + VALUE_AT);
    if (name === undefined || address === undefined) return undefined;
    if (!reader.isKernel(address) || !/^[\x21-\x7e]+$/.test(name)) continue;
    found.push({ address, letter: letterOf(reader, at, kinds + n), name, module });
  }
  return found;
}

/** As `nm` has it: in a table of its own, or (before 5.2) in place of the symbol's type, or by that type. */
function letterOf(reader: Reader, symbol: number, kind: number): string {
  const info = reader.byte(symbol + INFO_AT) ?? 0;
  for (const byte of [reader.byte(kind) ?? 0, info])
    if (/[a-z]/i.test(String.fromCharCode(byte))) return String.fromCharCode(byte);
  return (info & 15) === ELF_FUNCTION ? 't' : 'd';
}

class Reader {
  private readonly bytes: Buffer;
  private readonly kernel: LinearMemory;
  private page = -1;
  private physical = -1;

  constructor(kernel: LinearMemory) {
    this.kernel = kernel;
    this.bytes = Buffer.from(kernel.memory.buffer, kernel.memory.byteOffset, kernel.memory.length);
  }

  isKernel(address: number): boolean {
    return address >= this.kernel.directMap;
  }

  byte(linear: number): number | undefined {
    const at = this.at(linear);
    return at < 0 ? undefined : this.bytes[at];
  }

  word(linear: number): number | undefined {
    if ((linear & 3) === 0) {
      const at = this.at(linear);
      return at < 0 ? undefined : this.bytes.readUInt32LE(at);
    }
    const four = [3, 2, 1, 0].map((n) => this.byte(linear + n));
    return four.reduce((sum: number | undefined, one) =>
      sum === undefined || one === undefined ? undefined : sum * 256 + one,
    );
  }

  /** Text up to a NUL among the next `most` bytes; undefined without one. */
  text(linear: number, most: number): string | undefined {
    let text = '';
    for (let n = 0; n < most; n++) {
      const byte = this.byte(linear + n);
      if (byte === undefined) return undefined;
      if (byte === 0) return text;
      text += String.fromCharCode(byte);
    }
    return undefined;
  }

  /** Physical address within the memory; negative elsewhere. */
  private at(linear: number): number {
    const page = linear >>> 12;
    if (page !== this.page) {
      this.page = page;
      this.physical = this.kernel.translate(page * PAGE);
    }
    const at = this.physical + (linear & (PAGE - 1));
    return this.physical < 0 || at + 4 > this.bytes.length ? -1 : at;
  }
}
