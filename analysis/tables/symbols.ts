import { unpack } from '../../schemas/compression.ts';
import { readElf } from '../../schemas/elf.ts';
import { RowBuffer } from './row-buffer.ts';
import type { TableColumn, TraceTable } from './table.ts';

const columns: readonly TableColumn[] = [
  { name: 'address', kind: 'uint', doc: 'linear address' },
  { name: 'size', kind: 'uint', doc: 'bytes; 0 when the kernel does not say' },
  { name: 'kind', kind: 'word', doc: 'what it names', words: ['function', 'object', 'label'] },
  { name: 'name', kind: 'text', doc: 'the symbol' },
];

/** The guest kernel's symbols, by address. */
export const symbols: TraceTable = {
  name: 'symbols',
  doc: "a symbol of the guest kernel's ELF file",
  columns,
  *batches({ header }) {
    const { image, name } = header.guest;
    if (!image) return;
    const rows = new RowBuffer(columns);
    for (const symbol of symbolsOf(unpack(image.contents), name))
      rows.add(symbol.address, symbol.size, symbol.kind, symbol.name);
    if (rows.rows > 0) yield rows.batch();
  },
};

/** A kernel that is no ELF file (loaded by the addresses in its Multiboot header) has no symbols. */
function symbolsOf(image: Uint8Array, name: string) {
  const isElf = image.length >= 4 && image[0] === 0x7f && image[1] === 0x45;
  return isElf ? readElf(image, name).symbols : [];
}
