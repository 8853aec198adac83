/**
 * The symbols that a Linux kernel exports to its modules (include/linux/export.h). With CONFIG_KALLSYMS_ALL off, as in Debian's 686 kernel, they
 * are the only symbols of data. They are found in a copy of physical memory by their names: an entry has the symbol followed by the name,
 * each as its distance from the field itself (since 4.19) or as its linear address.
 */

/** Maximum number of other places at which a name may occur in memory: in other string tables. */
const MOST_PLACES = 16;
/** Bytes of an entry: symbol and name, and since 5.4 the name space. */
const ENTRY_BYTES = [12, 8];
/** Maximum number of exports; a kernel has some ten thousand. */
const MOST_EXPORTS = 100_000;
/** Characters of a name (KSYM_NAME_LEN). */
const LONGEST_NAME = 512;
const NAME = /^[A-Za-z_][\w.]*$/;

/**
 * The physical address of exported data; undefined if memory has no such name or no entry for it. `directMap`: the difference of linear and
 * physical addresses of the kernel's image and data.
 */
export function exportedSymbol(memory: Uint8Array, name: string, directMap: number): number | undefined {
  return findEntry(memory, name, directMap)?.symbol;
}

/**
 * The physical addresses of all that is exported, by name: the entries of the table around the one of `name`, which the kernel must
 * export. Empty if there is none.
 */
export function exportedSymbols(
  memory: Uint8Array,
  name: string,
  directMap: number,
): ReadonlyMap<string, number> {
  const entry = findEntry(memory, name, directMap);
  const bytes = Buffer.from(memory.buffer, memory.byteOffset, memory.length);
  const tables = entry ? ENTRY_BYTES.map((stride) => tableAround(bytes, entry, stride, directMap)) : [];
  return tables.reduce((most, table) => (table.size > most.size ? table : most), new Map<string, number>());
}

interface Entry {
  /** Physical address of the entry. */
  readonly at: number;
  readonly symbol: number;
  readonly isDistance: boolean;
}

function findEntry(memory: Uint8Array, name: string, directMap: number): Entry | undefined {
  const bytes = Buffer.from(memory.buffer, memory.byteOffset, memory.length);
  const words = new Int32Array(memory.buffer, memory.byteOffset, memory.length >>> 2);
  const text = Buffer.from(`\0${name}\0`, 'latin1');
  let places = 0;
  for (
    let at = bytes.indexOf(text);
    at >= 0 && places < MOST_PLACES;
    at = bytes.indexOf(text, at + 1), places++
  ) {
    const found = entryFor(words, at + 1, directMap);
    if (found) return found;
  }
  return undefined;
}

/** Words that are searched by one call: V8 optimizes a function that is called often, not one that runs long. */
const SLICE = 1 << 16;

/** The entry whose name stands at a physical address. */
function entryFor(words: Int32Array, name: number, directMap: number): Entry | undefined {
  for (let begin = 1; begin < words.length; begin += SLICE) {
    const found = entryIn(words, begin, Math.min(begin + SLICE, words.length), name, directMap);
    if (found) return found;
  }
  return undefined;
}

/** The same, among the words from `begin` up to, not including, `stop`. */
function entryIn(
  words: Int32Array,
  begin: number,
  stop: number,
  name: number,
  directMap: number,
): Entry | undefined {
  const linear = (name + directMap) | 0;
  const end = 4 * words.length;
  for (let n = begin; n < stop; n++) {
    const isDistance = words[n] === name - 4 * n;
    if (!isDistance && words[n] !== linear) continue;
    const symbol = isDistance ? 4 * (n - 1) + words[n - 1] : (words[n - 1] - directMap) >>> 0;
    if (symbol >= 0 && symbol < end) return { at: 4 * (n - 1), symbol, isDistance };
  }
  return undefined;
}

/** The entries on both sides of one, as far as each has a name. */
function tableAround(bytes: Buffer, known: Entry, stride: number, directMap: number): Map<string, number> {
  const found = new Map<string, number>();
  const target = (field: number) =>
    known.isDistance ? field + bytes.readInt32LE(field) : (bytes.readUInt32LE(field) - directMap) >>> 0;
  const addEntry = (at: number): boolean => {
    if (at < 0 || at + 8 > bytes.length || found.size >= MOST_EXPORTS) return false;
    const [symbol, text] = [target(at), target(at + 4)];
    const end = text >= 0 && text < bytes.length ? bytes.indexOf(0, text) : -1;
    const name = end < 0 || end - text > LONGEST_NAME ? '' : bytes.toString('latin1', text, end);
    if (!NAME.test(name)) return false;
    if (symbol >= 0 && symbol < bytes.length) found.set(name, symbol);
    return true;
  };
  for (let at = known.at; addEntry(at); at += stride);
  for (let at = known.at - stride; addEntry(at); at -= stride);
  return found;
}
