import type { ElfSymbol } from '../../schemas/guest/elf.ts';
import { GUEST_FUNCTIONS } from '../db/guest-functions.ts';
import { commandSql, MACROS, QUERIES, VIEWS } from '../sql/catalog.ts';
import { TABLES } from '../tables/index.ts';
import type { Catalogue } from '../web/serve-data.ts';

/** The names that SQL may use, for who writes it: tables, views, macros, named queries, and symbols of the kernel. */

/** Symbols told at most; a kernel has some tens of thousands. */
const MAX_SYMBOLS = 50_000;

export const catalogueOf = (symbols: readonly ElfSymbol[]): Catalogue => ({
  first: commandSql('serve-first'),
  relations: [
    ...TABLES.map(({ name, doc, columns }) => ({
      name,
      doc,
      columns: [
        { name: 'run_id', doc: 'index of the trace among those given, from 0' },
        ...columns.map(nameAndDoc),
      ],
    })),
    ...VIEWS.map(({ name, title, columns }) => ({ name, doc: title, columns: columns.map(nameAndDoc) })),
  ],
  functions: [
    ...MACROS.map(({ name, doc, parameters }) => ({
      name,
      doc,
      parameters: parameters.map((parameter) => parameter.name),
    })),
    ...GUEST_FUNCTIONS.map(({ name, doc }) => ({ name, doc, parameters: ['run_id', 'address'] })),
  ],
  queries: QUERIES.map(({ name, title, parameters, sql }) => ({
    name,
    doc: title,
    parameters: parameters.map(nameAndDoc),
    sql,
  })),
  symbols: symbols.slice(0, MAX_SYMBOLS).map(({ name, address }) => ({
    name: String(name),
    address: `0x${address.toString(16).padStart(8, '0')}`,
  })),
});

const nameAndDoc = ({ name, doc }: { readonly name: string; readonly doc: string }) => ({ name, doc });
