import type {
  Completion,
  CompletionContext,
  CompletionResult,
  CompletionSource,
} from '@codemirror/autocomplete';
import type { SQLNamespace } from '@codemirror/lang-sql';
import { syntaxTree } from '@codemirror/language';
import type { Catalogue, CatalogueRelation } from '../serve-data.ts';

/** Names that may stand where somebody writes SQL: tables and columns, functions, and symbols of the kernel as addresses. */

/** Tables and views with their columns, for the completion of `table.` and of an alias. */
export const namespaceOf = ({ relations }: Catalogue): SQLNamespace =>
  Object.fromEntries(
    relations.map(({ name, doc, columns }) => [
      name,
      {
        self: { label: name, type: 'class', info: doc },
        children: columns.map((column) => ({ label: column.name, type: 'property', info: column.doc })),
      },
    ]),
  );

/** Columns of the tables that the text names, functions, and symbols. */
export function catalogueSource(catalogue: Catalogue): CompletionSource {
  const relations = new Map(catalogue.relations.map((relation) => [relation.name, relation]));
  const functions = catalogue.functions.map(
    ({ name, doc, parameters }): Completion => ({
      label: name,
      detail: `(${parameters.join(', ')})`,
      type: 'function',
      info: doc,
      apply: `${name}(`,
    }),
  );
  const symbols = catalogue.symbols.map(
    ({ name, address }): Completion => ({
      label: name,
      detail: address,
      type: 'constant',
      // After what the names of tables and columns have.
      boost: -20,
      apply: `${address} /* ${name.replaceAll('*/', '* /')} */`,
    }),
  );
  const names = catalogue.symbols.map(
    ({ name, address }): Completion => ({ label: name, detail: address, type: 'constant' }),
  );
  return (context: CompletionContext): CompletionResult | null => {
    const node = syntaxTree(context.state).resolveInner(context.pos, -1).name;
    if (/Comment/.test(node)) return null;
    const word = context.matchBefore(/[\w$]+/);
    if (!word && !context.explicit) return null;
    const from = word?.from ?? context.pos;
    const validFor = /^[\w$]*$/;
    if (node === 'String') return { from, options: names, validFor };
    if (context.matchBefore(/\.\w*/)) return null;
    const text = context.state.doc.toString();
    return { from, options: [...columnsIn(text, relations), ...functions, ...symbols], validFor };
  };
}

function columnsIn(text: string, relations: ReadonlyMap<string, CatalogueRelation>): Completion[] {
  const columns = new Map<string, Completion>();
  for (const word of new Set(text.match(/[a-z_]\w*/gi)))
    for (const { name, doc } of relations.get(word.toLowerCase())?.columns ?? [])
      if (!columns.has(name))
        columns.set(name, { label: name, detail: word, type: 'property', info: doc, boost: 10 });
  return [...columns.values()];
}
