import { BadInput } from '../bad-input.ts';
import { latin1 } from '../text-bytes.ts';
import { MAX_RAM_BYTES, MAX_SYMBOL_BYTES } from '../trace/limits.ts';
import { type Untrusted, untrusted } from '../untrusted.ts';
import { atFirstProcessor } from './per-cpu.ts';

/** ELF32 for the i386 (System V ABI, chapter 4): the parts that a loader and a symboliser need. */

export interface ElfSegment {
  readonly physical: number;
  readonly linear: number;
  /** The bytes in the file; `memoryBytes` beyond them are zero. */
  readonly bytes: Uint8Array;
  readonly memoryBytes: number;
}

export interface ElfSymbol {
  readonly name: Untrusted;
  /** Linear address. */
  readonly address: number;
  /** Size in bytes; 0 if the file does not state it. */
  readonly size: number;
  readonly kind: 'function' | 'object' | 'label';
}

export interface Elf {
  readonly entry: number;
  readonly segments: readonly ElfSegment[];
  /** Functions, objects and labels by address; of aliases, the first in the file. Empty if the file is stripped. */
  readonly symbols: readonly ElfSymbol[];
}

const MAGIC = 0x464c457f;
const HEADER_BYTES = 52;
const CLASS_32 = 1;
const LITTLE_ENDIAN = 1;
const MACHINE_386 = 3;
const LOAD = 1;
const SYMBOL_TABLE = 2;
const SYMBOL_BYTES = 16;
const KINDS: Readonly<Record<number, ElfSymbol['kind']>> = { 0: 'label', 1: 'object', 2: 'function' };
const UNDEFINED_SECTION = 0;
const FIRST_RESERVED_SECTION = 0xff00;
const ABSOLUTE_SECTION = 0xfff1;

/**
 * Reads an ELF file; `name` identifies it in messages. `perCpuOffset`: as in the header's guest. Throws BadInput if it is not an ELF file for
 * the i386.
 */
export function readElf(file: Uint8Array, name: string, perCpuOffset = 0): Elf {
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  checkHeader(view, name);
  try {
    const segments = readSegments(file, view);
    const lowest = segments.reduce((least, { linear }) => Math.min(least, linear), Number.POSITIVE_INFINITY);
    const room = segments.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0);
    // Overlapping segments could otherwise take hours to load.
    if (room > MAX_RAM_BYTES)
      throw new BadInput(
        `${name}: its segments take ${room} bytes of memory`,
        'give a kernel of at most 256 MB',
      );
    const symbols = firstOfAliases(atFirstProcessor(readSymbols(file, view, lowest), perCpuOffset));
    return { entry: view.getUint32(24, true), segments, symbols };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new BadInput(`${name}: the ELF file is truncated (${file.length} bytes)`, 'copy it again');
  }
}

function checkHeader(view: DataView, name: string): void {
  const size = view.byteLength;
  if (size < 4 || view.getUint32(0, true) !== MAGIC)
    throw new BadInput(`${name} is not an ELF file`, 'give an i386 ELF kernel with a Multiboot header');
  if (size < HEADER_BYTES)
    throw new BadInput(`${name}: the ELF file is truncated (${size} bytes)`, 'copy it again');
  if (view.getUint8(4) !== CLASS_32 || view.getUint8(5) !== LITTLE_ENDIAN)
    throw new BadInput(
      `${name} is not a 32-bit little-endian ELF file`,
      'build the kernel for the i386 (gcc -m32)',
    );
  const machine = view.getUint16(18, true);
  if (machine !== MACHINE_386)
    throw new BadInput(`${name} is built for ELF machine ${machine}, not the i386`, 'build it with gcc -m32');
}

function readSegments(file: Uint8Array, view: DataView): ElfSegment[] {
  const table = view.getUint32(28, true);
  const entryBytes = view.getUint16(42, true);
  return Array.from({ length: view.getUint16(44, true) }, (_, n) => table + n * entryBytes)
    .filter((at) => view.getUint32(at, true) === LOAD)
    .map((at) => ({
      linear: view.getUint32(at + 8, true),
      physical: view.getUint32(at + 12, true),
      bytes: slice(file, view.getUint32(at + 4, true), view.getUint32(at + 16, true)),
      memoryBytes: view.getUint32(at + 20, true),
    }));
}

function readSymbols(file: Uint8Array, view: DataView, lowest: number): ElfSymbol[] {
  const table = view.getUint32(32, true);
  const entryBytes = view.getUint16(46, true);
  const section = (n: number) => {
    const at = table + n * entryBytes;
    return {
      type: view.getUint32(at + 4, true),
      offset: view.getUint32(at + 16, true),
      bytes: view.getUint32(at + 20, true),
      link: view.getUint32(at + 24, true),
    };
  };
  const sections = Array.from({ length: table === 0 ? 0 : view.getUint16(48, true) }, (_, n) => section(n));
  const symbols = sections.find(({ type }) => type === SYMBOL_TABLE);
  if (!symbols) return [];
  const strings = sections[symbols.link];
  if (!strings) throw new RangeError('the symbols have no names');
  const names = slice(file, strings.offset, strings.bytes);
  const found: ElfSymbol[] = [];
  for (let at = symbols.offset; at < symbols.offset + symbols.bytes; at += SYMBOL_BYTES) {
    const kind = KINDS[view.getUint8(at + 12) & 15];
    const name = stringAt(names, view.getUint32(at, true));
    const address = view.getUint32(at + 4, true);
    if (kind && name !== '' && isPlace(view.getUint16(at + 14, true), address, lowest))
      found.push({ name: untrusted(name), address, size: view.getUint32(at + 8, true), kind });
  }
  return found;
}

/** True for a defined symbol that is an address: an absolute symbol below all loaded segments is a size or another constant. */
const isPlace = (section: number, address: number, lowest: number): boolean =>
  section === ABSOLUTE_SECTION
    ? address >= lowest
    : section !== UNDEFINED_SECTION && section < FIRST_RESERVED_SECTION;

/** Orders symbols by address; at one address, functions and objects come before labels. */
export function firstOfAliases(symbols: ElfSymbol[]): ElfSymbol[] {
  const rank = { function: 0, object: 1, label: 2 };
  symbols.sort((a, b) => a.address - b.address || rank[a.kind] - rank[b.kind]);
  return symbols.filter((symbol, n) => n === 0 || symbols[n - 1].address !== symbol.address);
}

/** A zero-terminated name, cut after MAX_SYMBOL_BYTES, since many symbols may point into one long text. */
export function stringAt(strings: Uint8Array, at: number): string {
  const rest = strings.subarray(at, at + MAX_SYMBOL_BYTES);
  const end = rest.indexOf(0);
  return latin1(end < 0 ? rest : rest.subarray(0, end));
}

function slice(file: Uint8Array, offset: number, bytes: number): Uint8Array {
  if (offset + bytes > file.length) throw new RangeError('outside the file');
  return file.subarray(offset, offset + bytes);
}

/** `name+0xoffset`, printable, of the symbol that holds an address; undefined when none does. */
export function symbolize(symbols: readonly ElfSymbol[], address: number): string | undefined {
  let low = 0;
  let high = symbols.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (symbols[middle].address <= address) low = middle + 1;
    else high = middle;
  }
  const symbol = symbols[low - 1];
  if (!symbol || (symbol.size > 0 && address >= symbol.address + symbol.size)) return undefined;
  const offset = address - symbol.address;
  return offset === 0 ? `${symbol.name}` : `${symbol.name}+0x${offset.toString(16)}`;
}
