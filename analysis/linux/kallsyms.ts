/**
 * The symbol table in the read-only data of a Linux kernel (kernel/kallsyms.c, scripts/kallsyms.c), found in an image of
 * its memory. Names are strings of tokens; `token_table` holds the 256 tokens, `token_index` the offset of each, `markers`
 * the offset of every 256th name. No pointer leads to these tables; they are recognized by their contents.
 */

export interface Kallsyms {
  readonly symbols: readonly LinuxSymbol[];
}

/** As /proc/kallsyms lists them: address, kind letter of `nm`, name, and the module that it belongs to. */
export interface LinuxSymbol {
  readonly address: number;
  readonly letter: string;
  readonly name: string;
  readonly module?: string;
}

const TOKENS = 256;
const NAMES_PER_MARKER = 256;
/** Digits occur in so many names that each is always a token: the search begins at a run of them. */
const DIGITS = Buffer.from('0\x001\x002\x003\x004\x005\x006\x007\x008\x009\x00', 'latin1');
const DIGIT_0 = 0x30;
/** Bounds for the number of symbols of a kernel. */
const FEWEST = 1_000;
const MOST = 1_000_000;
/** Maximum distance in bytes from the names to the tokens. */
const SEARCHED_BYTES = 16 << 20;
/** A kind letter of nm, and a name. */
const NAME = /^[A-Za-z?][\x21-\x7e]+$/;
/** A token stands for a few letters. */
const LONGEST_TOKEN = 256;
/**
 * Tokens and characters that are read in all, some seconds of work: a kernel's names are a few million. Memory that was made to look like the
 * beginning of a table everywhere has none.
 */
const MOST_WORK = 60_000_000;
/** Characters of a name (KSYM_NAME_LEN). */
const LONGEST_NAME = 512;
/** Names of at least 128 bytes have a length of two bytes (Linux 5.16 on). */
const LONG_NAME = 0x80;

/** The symbols in `memory`, a copy of physical memory; undefined when there is no such table. */
export function findKallsyms(memory: Uint8Array): Kallsyms | undefined {
  const bytes = Buffer.from(memory.buffer, memory.byteOffset, memory.length);
  const work: Work = { left: MOST_WORK };
  for (let at = bytes.indexOf(DIGITS); at >= 0; at = bytes.indexOf(DIGITS, at + 1)) {
    const tokens = tokensAround(bytes, at);
    const found = tokens && namesBefore(bytes, tokens, work);
    if (found) return found;
  }
  return undefined;
}

/** Tokens that may still be read. */
interface Work {
  left: number;
}

interface TokenTable {
  readonly start: number;
  /** Behind the index. */
  readonly end: number;
  readonly tokens: readonly string[];
}

/** The table one of whose tokens is "0" at `digits`, checked by the index behind it. */
function tokensAround(bytes: Buffer, digits: number): TokenTable | undefined {
  let start = digits;
  for (let n = 0; n < DIGIT_0; n++) {
    start = bytes.lastIndexOf(0, start - 2) + 1;
    if (start <= 0) return undefined;
  }
  // Token 0 has no byte of its own before it that would end it: what lies there is padding.
  const starts: number[] = [];
  const tokens: string[] = [];
  let at = start;
  for (let n = 0; n < TOKENS; n++) {
    const end = bytes.indexOf(0, at);
    if (end < 0 || end - at > LONGEST_TOKEN) return undefined;
    starts.push(at - start);
    tokens.push(bytes.toString('latin1', at, end));
    at = end + 1;
  }
  for (let index = at; index < at + 64; index++) {
    if (index + 2 * TOKENS > bytes.length) return undefined;
    if (starts.every((offset, n) => bytes.readUInt16LE(index + 2 * n) === offset))
      return { start, end: index + 2 * TOKENS, tokens };
  }
  return undefined;
}

/** The count of symbols and their names, somewhere before the tokens, checked by the markers behind the names. */
function namesBefore(bytes: Buffer, table: TokenTable, work: Work): Kallsyms | undefined {
  const first = Math.max(8, table.start - SEARCHED_BYTES);
  for (let countAt = (table.start & ~3) - 4; countAt >= first && work.left > 0; countAt -= 4) {
    work.left--;
    const count = bytes.readUInt32LE(countAt);
    if (count < FEWEST || count > MOST) continue;
    const decoded = decodeNames(bytes, countAt + 4, count, table, work);
    const addresses = decoded && findAddresses(bytes, countAt, table.end, count);
    if (addresses)
      return {
        symbols: decoded.map((text, n) => ({ address: addresses[n], letter: text[0], name: text.slice(1) })),
      };
  }
  return undefined;
}

function decodeNames(
  bytes: Buffer,
  start: number,
  count: number,
  table: TokenTable,
  work: Work,
): string[] | undefined {
  const names: string[] = [];
  const markers: number[] = [];
  let at = start;
  for (let n = 0; n < count; n++) {
    if (n % NAMES_PER_MARKER === 0) markers.push(at - start);
    let length = bytes[at++];
    if (length & LONG_NAME) length = (length & ~LONG_NAME) | (bytes[at++] << 7);
    if (length === 0 || length > LONGEST_NAME || at + length > table.start) return undefined;
    let name = '';
    for (const token of bytes.subarray(at, at + length)) name += table.tokens[token];
    work.left -= length + name.length;
    if (work.left < 0 || name.length > LONGEST_NAME || !NAME.test(name)) return undefined;
    names.push(name);
    at += length;
  }
  const markersAt = (at + 3) & ~3;
  if (markersAt + 4 * markers.length > bytes.length) return undefined;
  return markers.every((offset, n) => bytes.readUInt32LE(markersAt + 4 * n) === offset) ? names : undefined;
}

/** Offsets and the base they count from, or addresses (before 4.6); before the count, or (6.4 on) behind the tokens. */
function findAddresses(
  bytes: Buffer,
  countAt: number,
  tokensEnd: number,
  count: number,
): number[] | undefined {
  const row = (at: number) => {
    // A word behind it may be read as well.
    if (at < 0 || at + 4 * count + 4 > bytes.length) return undefined;
    const numbers = Array.from({ length: count }, (_, n) => bytes.readUInt32LE(at + 4 * n));
    return numbers.every((number, n) => n === 0 || number >= numbers[n - 1]) ? numbers : undefined;
  };
  const isKernel = (address: number) => address >= 0x8000_0000;
  for (const baseAt of [countAt - 4, countAt - 8]) {
    const base = bytes.readUInt32LE(baseAt);
    for (const padding of [0, 4]) {
      const offsets = isKernel(base) ? row(baseAt - padding - 4 * count) : undefined;
      if (offsets?.[0] === 0) return offsets.map((offset) => (base + offset) >>> 0);
    }
  }
  const behind = (tokensEnd + 3) & ~3;
  const offsets = row(behind);
  if (offsets?.[0] === 0) {
    const base = bytes.readUInt32LE(behind + 4 * count);
    if (isKernel(base)) return offsets.map((offset) => (base + offset) >>> 0);
  }
  const addresses = row(countAt - 4 * count);
  return addresses && isKernel(addresses[0]) ? addresses : undefined;
}

/** The text of a System.map; symbols of modules as in /proc/kallsyms. */
export const systemMap = ({ symbols }: Kallsyms): string =>
  symbols
    .map(({ address, letter, name, module }) => {
      const line = `${address.toString(16).padStart(8, '0')} ${letter} ${name}`;
      return module === undefined ? `${line}\n` : `${line}\t[${module}]\n`;
    })
    .join('');
