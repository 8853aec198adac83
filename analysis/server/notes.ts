import type { Notes } from '../web/serve-data.ts';
import { json, type Request, type Route } from './http-server.ts';
import { NotesFolder } from './notes-folder.ts';
import { fieldsOf, indexField, numberField, textField } from './sent.ts';

/** Saved queries and bookmarks. Queries lie beside the first trace, bookmarks beside the trace that they are of. */
export function noteRoutes(files: readonly string[]): readonly (readonly [string, Route])[] {
  const folders = files.map((file) => new NotesFolder(file));
  const notes = (): Notes => ({
    queries: folders[0].queries(),
    bookmarks: folders.map((folder) => folder.bookmarks()),
  });
  /** Does it, and answers with what there is then. */
  const changing =
    (change: (request: Request) => void): Route =>
    async (request) => {
      change(request);
      return json(notes());
    };
  return [
    ['GET notes', async () => json(notes())],
    ['POST save-query', changing(({ body }) => folders[0].saveQuery(queryOf(body)))],
    ['POST delete-query', changing(({ body }) => folders[0].deleteQuery(queryOf(body).name))],
    ['POST add-bookmark', changing(({ body }) => folderOf(body, folders).addBookmark(bookmarkOf(body)))],
    [
      'POST delete-bookmark',
      changing(({ body }) => folderOf(body, folders).deleteBookmark(bookmarkOf(body))),
    ],
  ];
}

function queryOf(body: unknown) {
  const fields = fieldsOf(body);
  return { name: textField(fields, 'name'), sql: textField(fields, 'sql') };
}

const folderOf = (body: unknown, folders: readonly NotesFolder[]): NotesFolder =>
  folders[indexField(fieldsOf(body), 'run', folders.length)];

function bookmarkOf(body: unknown) {
  const fields = fieldsOf(body);
  return {
    from: numberField(fields, 'from'),
    to: numberField(fields, 'to'),
    label: textField(fields, 'label'),
  };
}
