import duckdb from '@duckdb/node-bindings';

/**
 * Texts into a vector of DuckDB's. Tables and functions say the same few again and again: each is handed over once for a vector, and rows that
 * repeat it get a copy of its entry, 16 bytes that hold the text or point to it in the vector's own memory.
 */

/** 32-bit words of an entry. */
const WORDS = 4;

/** Writes a text for each of `rows` rows of a vector; null is NULL. */
export function writeTexts(
  vector: duckdb.Vector,
  rows: number,
  textOf: (row: number) => string | null,
): void {
  const places = new Map<string, number>();
  const placeOf = new Uint32Array(rows);
  const valid = new Uint8Array(validityBytes(rows));
  let nulls = 0;
  for (let row = 0; row < rows; row++) {
    const text = textOf(row);
    if (text === null) {
      nulls++;
      continue;
    }
    valid[row >>> 3] |= 1 << (row & 7);
    let place = places.get(text);
    if (place === undefined) {
      place = places.size;
      places.set(text, place);
      duckdb.vector_assign_string_element(vector, place, text);
    }
    placeOf[row] = place;
  }
  if (places.size > 0) spread(vector, placeOf, places.size);
  if (nulls === 0) return;
  duckdb.vector_ensure_validity_writable(vector);
  duckdb.copy_data_to_vector_validity(vector, 0, valid.buffer, 0, valid.length);
}

/** Copies the first `count` entries to the rows that have their texts. */
function spread(vector: duckdb.Vector, placeOf: Uint32Array, count: number): void {
  const first = Uint32Array.from(wordsOf(duckdb.vector_get_data(vector, count * WORDS * 4)));
  const entries = new Uint32Array(placeOf.length * WORDS);
  for (let row = 0, to = 0; row < placeOf.length; row++) {
    const from = placeOf[row] * WORDS;
    for (let word = 0; word < WORDS; word++) entries[to++] = first[from + word];
  }
  duckdb.copy_data_to_vector(vector, 0, entries.buffer, 0, entries.byteLength);
}

/** The numbers of a column of 4 bytes a value. */
export const wordsOf = ({ buffer, byteOffset, byteLength }: Uint8Array): Uint32Array =>
  new Uint32Array(buffer, byteOffset, byteLength / 4);

/** The bytes of the bits that say which rows are not NULL. */
export const validityBytes = (rows: number): number => ((rows + 63) >>> 6) << 3;
