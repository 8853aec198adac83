import { type DuckDBConnection, DuckDBScalarFunction, INTEGER, UINTEGER, VARCHAR } from '@duckdb/node-api';
import duckdb from '@duckdb/node-bindings';
import type { GuestNames } from '../../replayer/trace/trace-reader.ts';
import type { DebugFile, GuestImage } from './guest-image.ts';
import { GuestImages } from './guest-images.ts';
import { validityBytes, wordsOf, writeTexts } from './text-vector.ts';

/** SQL functions that read the guest's image: symbols, instructions and source lines at an address. */

/** The SQL functions of the guest's image, for docs/tables.md as well. */
export const GUEST_FUNCTIONS = [
  {
    name: 'symbol',
    doc: 'function+offset at a linear address, or the address if no symbol contains it',
    example: 'SELECT symbol(run_id, eip), count(*) FROM exceptions GROUP BY ALL',
    of: (image: GuestImage, address: number) => image.symbol(address),
  },
  {
    name: 'instruction',
    doc: "the instruction at a linear address in the kernel's file, in AT&T syntax; NULL outside the file",
    example: 'SELECT instruction(run_id, eip), count(*) FROM paging_writes GROUP BY ALL',
    of: (image: GuestImage, address: number) => image.instruction(address),
  },
  {
    name: 'line',
    doc: "FILE:LINE of the code at a linear address, from the kernel's DWARF; NULL if unknown. For a return address, pass the address minus 1",
    example: 'SELECT line(run_id, eip), count(*) FROM exceptions GROUP BY ALL',
    of: (image: GuestImage, address: number) => image.line(address),
  },
  {
    name: 'inlined',
    doc: 'the function at a linear address with its line, preceded by the functions inlined there: `inner:12 < outer:34`; NULL without DWARF',
    example: 'SELECT inlined(run_id, eip), count(*) FROM paging_writes GROUP BY ALL',
    of: (image: GuestImage, address: number) => image.inlined(address),
  },
];

/** Addresses whose answer is kept, of each function: code asks for few, again and again. */
const MAX_KNOWN = 1 << 16;

/** Registers the functions, each of `(run_id, address)`. */
export function registerGuestFunctions(
  connection: DuckDBConnection,
  names: readonly GuestNames[],
  debugFile?: DebugFile,
): void {
  const images = new GuestImages(names, debugFile);
  for (const { name, of } of GUEST_FUNCTIONS) {
    const known = new Map<number, string | null>();
    const answer = (run: number, address: number): string | null => {
      const image = images.numberOf(run);
      if (image === undefined) return null;
      const key = image * 2 ** 32 + address;
      const found = known.get(key);
      if (found !== undefined) return found;
      const said = of(images.image(image), address) ?? null;
      if (known.size >= MAX_KNOWN) known.clear();
      known.set(key, said);
      return said;
    };
    const made = new DuckDBScalarFunction();
    made.setName(name);
    for (const type of [INTEGER, UINTEGER]) made.addParameter(type);
    made.setReturnType(VARCHAR);
    duckdb.scalar_function_set_function(made.scalar_function, (_info, input, output) =>
      answerAll(input, output, answer),
    );
    connection.registerScalarFunction(made);
  }
}

/** Answers a vector of rows. Rows are read as DuckDB has them: a call of its library for each of a hundred million takes minutes. */
function answerAll(
  input: duckdb.DataChunk,
  output: duckdb.Vector,
  answer: (run: number, address: number) => string | null,
): void {
  const rows = duckdb.data_chunk_get_size(input);
  const columns = [0, 1].map((column) => duckdb.data_chunk_get_vector(input, column));
  const [runs, addresses] = columns.map((vector) => wordsOf(duckdb.vector_get_data(vector, rows * 4)));
  // DuckDB leaves out the call for a NULL that is a constant, but not for one of a row.
  const validity = columns.flatMap((vector) => duckdb.vector_get_validity(vector, validityBytes(rows)) ?? []);
  const isNull = (row: number): boolean =>
    validity.some((bits) => (bits[row >>> 3] & (1 << (row & 7))) === 0);
  writeTexts(output, rows, (row) => (isNull(row) ? null : answer(runs[row], addresses[row])));
}
