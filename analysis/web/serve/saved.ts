import { element } from '../dom.ts';
import type { Catalogue, CatalogueQuery, Notes } from '../serve-data.ts';
import { get, post } from './client.ts';
import type { SqlEditor } from './editor.ts';
import { button, field, problem } from './parts.ts';

/** Notes beside the traces, as the server last told it; whoever shows a part of it is told of changes. */
export class KeptNotes {
  private notes: Notes = { queries: [], bookmarks: [] };
  private readonly watchers: ((notes: Notes) => void)[] = [];

  /** Called at once, and at each change. */
  watch(watcher: (notes: Notes) => void): void {
    this.watchers.push(watcher);
    watcher(this.notes);
  }

  async load(): Promise<void> {
    this.took(await get<Notes>('notes'));
  }

  /** Throws what the server refuses. */
  async change(path: string, body: unknown): Promise<void> {
    this.took(await post<Notes>(path, body));
  }

  private took(notes: Notes): void {
    this.notes = notes;
    for (const watcher of this.watchers) watcher(notes);
  }
}

/** Saved queries, and those of the tool, each to be put into the editor. */
export function savedQueries(notes: KeptNotes, { queries }: Catalogue, editor: SqlEditor): HTMLElement {
  const list = element('ul');
  const wrong = element('div');
  const change = async (path: string, body: unknown): Promise<void> => {
    wrong.replaceChildren();
    await notes.change(path, body).catch((error: unknown) => wrong.append(problem(error)));
  };
  const save = field({ label: 'Name of the query', placeholder: 'name', action: 'Save' }, (name) => {
    save.input.value = '';
    void change('save-query', { name, sql: editor.text() });
  });
  notes.watch(({ queries: saved }) =>
    list.replaceChildren(
      ...saved.map(({ name, sql }) =>
        element('li', [
          button(name, () => editor.show(sql)),
          button('×', () => void change('delete-query', { name, sql }), `Delete the query ${name}`),
        ]),
      ),
    ),
  );
  const named = element(
    'select',
    [element('option', 'Queries of the tool…'), ...queries.map(({ name }) => element('option', name))],
    { 'aria-label': 'Queries of the tool' },
  ) as HTMLSelectElement;
  named.addEventListener('change', () => {
    const query = queries.find(({ name }) => name === named.value);
    named.selectedIndex = 0;
    if (query) editor.show(textOf(query));
  });
  return element('aside', [element('h3', 'Saved queries'), list, save, wrong, named], {
    class: 'saved',
    'aria-label': 'Saved queries',
  });
}

/** The SQL of a named query, ready to be run: its parameters are literals to be changed. */
const textOf = ({ name, doc, parameters, sql }: CatalogueQuery): string =>
  [
    `-- ${name}: ${doc}`,
    ...parameters.map((parameter) => `-- ${parameter.name}: ${parameter.doc}`),
    parameters.reduce(
      (text, parameter) =>
        text.replaceAll(new RegExp(`\\$${parameter.name}\\b`, 'g'), `0 /* ${parameter.name} */`),
      sql,
    ),
  ].join('\n');
