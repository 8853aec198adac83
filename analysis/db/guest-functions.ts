import {
  type DuckDBConnection,
  type DuckDBDataChunk,
  DuckDBScalarFunction,
  type DuckDBVector,
  INTEGER,
  UINTEGER,
  VARCHAR,
} from '@duckdb/node-api';
import type { GuestNames } from '../../replayer/trace/trace-reader.ts';
import type { DebugFile, GuestImage } from './guest-image.ts';
import { GuestImages } from './guest-images.ts';

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
    // DuckDB leaves out the call for a NULL that is a constant, but not for one of a row.
    const known = new Map<number, string | null>();
    const answer = (run: unknown, address: unknown): string | null => {
      if (run === null || address === null) return null;
      const image = images.numberOf(Number(run));
      if (image === undefined) return null;
      const key = image * 2 ** 32 + Number(address);
      const found = known.get(key);
      if (found !== undefined) return found;
      const said = of(images.image(image), Number(address)) ?? null;
      if (known.size >= MAX_KNOWN) known.clear();
      known.set(key, said);
      return said;
    };
    connection.registerScalarFunction(
      DuckDBScalarFunction.create({
        name,
        parameterTypes: [INTEGER, UINTEGER],
        returnType: VARCHAR,
        mainFunction: (_info, input, output) => answerAll(input, output, answer),
      }),
    );
  }
}

function answerAll(
  input: DuckDBDataChunk,
  output: DuckDBVector,
  answer: (run: unknown, address: unknown) => string | null,
): void {
  const [runs, addresses] = input.getColumns();
  for (let row = 0; row < input.rowCount; row++) output.setItem(row, answer(runs[row], addresses[row]));
  output.flush();
}
