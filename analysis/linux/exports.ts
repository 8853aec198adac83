/**
 * The symbols that a Linux kernel exports to its modules (include/linux/export.h). With CONFIG_KALLSYMS_ALL off, as in Debian's 686 kernel, they
 * are the only symbols of data. They are found in a copy of physical memory by their names: an entry has the symbol followed by the name,
 * each as its distance from the field itself (since 4.19) or as its linear address.
 */

/** Maximum number of other places at which a name may occur in memory: in other string tables. */
const MOST_PLACES = 16;

/**
 * The physical address of exported data; undefined if memory has no such name or no entry for it. `directMap`: the difference of linear and
 * physical addresses of the kernel's image and data.
 */
export function exportedSymbol(memory: Uint8Array, name: string, directMap: number): number | undefined {
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
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The symbol of the entry whose name stands at a physical address. */
function entryFor(words: Int32Array, name: number, directMap: number): number | undefined {
  const linear = (name + directMap) | 0;
  const end = 4 * words.length;
  for (let n = 1; n < words.length; n++) {
    const isDistance = words[n] === name - 4 * n;
    if (!isDistance && words[n] !== linear) continue;
    const symbol = isDistance ? 4 * (n - 1) + words[n - 1] : (words[n - 1] - directMap) >>> 0;
    if (symbol >= 0 && symbol < end) return symbol;
  }
  return undefined;
}
