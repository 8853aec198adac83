import { BadInput } from '../bad-input.ts';
import { latin1 } from '../text-bytes.ts';
import { untrusted } from '../untrusted.ts';
import { type ElfSymbol, firstOfAliases, readElf, stringAt } from './elf.ts';
import { atFirstProcessor } from './per-cpu.ts';

/**
 * Files that name the addresses of a kernel: ELF, a.out (BSD before ELF, Linux 0.x), and the text that `nm` prints, which
 * Linux installs as System.map and shows as /proc/kallsyms.
 */

/** Symbols of a file by address; of aliases, the first. `perCpuOffset`: as in the header's guest. Throws BadInput if the file is of no known kind. */
export function readSymbols(file: Uint8Array, name: string, perCpuOffset = 0): readonly ElfSymbol[] {
  if (isElf(file)) return readElf(file, name, perCpuOffset).symbols;
  if (isAout(file)) return readAout(file, name);
  const symbols = readMap(file, perCpuOffset);
  if (symbols) return symbols;
  throw new BadInput(
    `${name} has no symbols in a known format`,
    'give a System.map (the output of nm), an ELF file or an a.out file',
  );
}

/** Symbols in a kernel's own file; none if it is of another kind or stripped. */
export const symbolsOfImage = (file: Uint8Array, name: string): readonly ElfSymbol[] =>
  isElf(file) || isAout(file) ? readSymbols(file, name) : [];

export const isElf = (file: Uint8Array): boolean =>
  file.length >= 4 && file[0] === 0x7f && file[1] === 0x45 && file[2] === 0x4c && file[3] === 0x46;

/** Letters of `nm` for symbols that are addresses: code, data, zeroed data, read-only data, weak; upper case is global. */
const MAP_KINDS: Readonly<Record<string, ElfSymbol['kind']>> = {
  t: 'function',
  w: 'function',
  d: 'object',
  b: 'object',
  r: 'object',
  v: 'object',
  g: 'object',
  s: 'object',
};
const MAP_LINE = /^([0-9a-f]{8,16}) ([A-Za-z?]) (\S+)(?:\s+\[(\S+)\])?$/;
/** Number of first lines by which a symbol map is recognised. */
const SNIFFED_LINES = 3;

/** Parses lines of `ADDRESS KIND NAME`; undefined if the file is not such text. */
function readMap(file: Uint8Array, perCpuOffset: number): ElfSymbol[] | undefined {
  const lines = latin1(file).split(/\r?\n/);
  if (!lines.slice(0, SNIFFED_LINES).every((line) => line === '' || MAP_LINE.test(line))) return undefined;
  const found: ElfSymbol[] = [];
  for (const line of lines) {
    const [, digits, kindLetter, name, module] = MAP_LINE.exec(line) ?? [];
    const kind = kindLetter && MAP_KINDS[kindLetter.toLowerCase()];
    if (!kind) continue;
    const address = Number.parseInt(digits, 16);
    // Per-CPU offsets and other constants below the first page are not addresses.
    if (address < 0x1000 || address > 0xffff_ffff) continue;
    found.push({ name: untrusted(module ? `${name} [${module}]` : name), address, size: 0, kind });
  }
  return found.length > 0 ? firstOfAliases(atFirstProcessor(found, perCpuOffset)) : undefined;
}

/** A range of code in a kernel's file. */
export interface CodeSegment {
  readonly linear: number;
  readonly bytes: Uint8Array;
}

/** The code in an ELF or a.out file, by linear address; none for other files. Throws BadInput for a truncated file. */
export function codeOf(file: Uint8Array, name: string): readonly CodeSegment[] {
  if (isElf(file)) return readElf(file, name).segments;
  return isAout(file) ? [aoutText(file, name)] : [];
}

/** struct exec (a.out(5)): magic, sizes of text, data, bss and symbols, entry, relocation sizes. */
const AOUT_HEADER_BYTES = 32;
const AOUT_MAGICS: readonly number[] = [0o407, 0o410, 0o413, 0o314];
const AOUT_SYMBOL_BYTES = 12;
/** n_type: the external bit and the kinds of address; stabs set a bit of 0xe0. */
const N_EXT = 1;
const N_STAB = 0xe0;
const N_KINDS: Readonly<Record<number, ElfSymbol['kind']>> = { 4: 'function', 6: 'object', 8: 'object' };
const ZMAGIC = 0o413;

function isAout(file: Uint8Array): boolean {
  if (file.length < AOUT_HEADER_BYTES) return false;
  const magic = file[0] | (file[1] << 8);
  if (!AOUT_MAGICS.includes(magic)) return false;
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  const sizes = [4, 8, 16].reduce((sum, at) => sum + view.getUint32(at, true), 0);
  return sizes > 0 && sizes <= file.length;
}

/** The text of an a.out kernel. It is linked to be entered in its first page. */
function aoutText(file: Uint8Array, name: string): CodeSegment {
  const { start, text, entry } = aoutLayout(file, name);
  return { linear: entry - (entry % 4096), bytes: file.subarray(start, start + text) };
}

function aoutLayout(file: Uint8Array, name: string) {
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  const [text, data, symbolBytes, entry] = [4, 8, 16, 20].map((at) => view.getUint32(at, true));
  const [textRelocations, dataRelocations] = [24, 28].map((at) => view.getUint32(at, true));
  const paged = (file[0] | (file[1] << 8)) === ZMAGIC;
  // The text of a ZMAGIC file starts on a page (4.3BSD, 386BSD: 4096; Linux: 1024) or counts the header in.
  const rest = text + data + textRelocations + dataRelocations;
  const start = (paged ? [4096, 1024, 0] : [AOUT_HEADER_BYTES]).find((offset) => {
    const strings = offset + rest + symbolBytes;
    if (strings + 4 > file.length) return false;
    const bytes = view.getUint32(strings, true);
    return bytes >= 4 && strings + bytes <= file.length;
  });
  if (start === undefined)
    throw new BadInput(`${name}: the a.out file is truncated (${file.length} bytes)`, 'copy it again');
  return { view, start, text, entry, table: start + rest, strings: start + rest + symbolBytes };
}

function readAout(file: Uint8Array, name: string): ElfSymbol[] {
  const { view, table, strings } = aoutLayout(file, name);
  const found: ElfSymbol[] = [];
  for (let at = table; at + AOUT_SYMBOL_BYTES <= strings; at += AOUT_SYMBOL_BYTES) {
    const type = view.getUint8(at + 4);
    const kind = type & N_STAB ? undefined : N_KINDS[type & ~N_EXT];
    const nameAt = strings + view.getUint32(at, true);
    if (!kind || nameAt >= file.length) continue;
    const symbol = stringAt(file, nameAt);
    if (symbol !== '' && !symbol.endsWith('.o'))
      found.push({
        name: untrusted(symbol.replace(/^_/, '')),
        address: view.getUint32(at + 8, true),
        size: 0,
        kind,
      });
  }
  return firstOfAliases(found);
}
