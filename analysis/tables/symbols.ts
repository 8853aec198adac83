import { guestSymbols } from '../../schemas/guest/guest-symbols.ts';
import { RowBuffer } from './row-buffer.ts';
import type { TableColumn, TraceTable } from './table.ts';

/** The symbols of the guest's kernel, as a table. */

const columns: readonly TableColumn[] = [
  { name: 'address', kind: 'uint', doc: 'linear address' },
  { name: 'size', kind: 'uint', doc: 'bytes; 0 if unknown' },
  { name: 'kind', kind: 'word', doc: 'kind of object', words: ['function', 'object', 'label'] },
  { name: 'name', kind: 'text', doc: 'the symbol' },
];

/** The guest kernel's symbols, by address. */
export const symbols: TraceTable = {
  name: 'symbols',
  doc: 'a symbol of the guest kernel, from its own file or the file given by `--symbols`',
  columns,
  *batches({ names }) {
    const rows = new RowBuffer(columns);
    for (const symbol of guestSymbols(names.guest))
      rows.add(symbol.address, symbol.size, symbol.kind, symbol.name.raw);
    if (rows.rows > 0) yield rows.batch();
  },
};
