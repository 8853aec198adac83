import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileError } from '../../host/file-error.ts';
import { BadInput } from '../../schemas/bad-input.ts';
import { printable } from '../../schemas/untrusted.ts';
import type { Bookmark, SavedQuery } from '../web/serve-data.ts';

/**
 * The folder of a trace's saved queries (each a file of SQL) and bookmarks (bookmarks.json), which lies beside it. It may have come along with
 * the trace: no link in it is followed, nothing large is read, and a query is text until somebody runs it.
 */

const MAX_QUERIES = 500;
const MAX_BOOKMARKS = 2000;
const MAX_BYTES = 1 << 20;
const BOOKMARKS = 'bookmarks.json';
/** Fit for a file of any system. */
const NAME = /^[\p{L}\p{N}](?:[\p{L}\p{N} ._-]{0,62}[\p{L}\p{N}_-])?$/u;

export class NotesFolder {
  private readonly folder: string;

  constructor(trace: string) {
    this.folder = `${trace}.notes`;
  }

  /** In the order of their names. What is no query of a fit name is left out. */
  queries(): SavedQuery[] {
    const names = this.names().flatMap((file) => /^(.*)\.sql$/.exec(file)?.[1] ?? []);
    return names
      .filter((name) => NAME.test(name))
      .sort()
      .slice(0, MAX_QUERIES)
      .flatMap((name) => {
        const sql = this.read(`${name}.sql`);
        return sql === undefined ? [] : [{ name, sql }];
      });
  }

  saveQuery({ name, sql }: SavedQuery): void {
    if (!NAME.test(name))
      throw new BadInput(
        `${name || 'no text'}: not a name for a query`,
        'use letters, digits, spaces, and . _ - within, 64 characters at most',
      );
    this.write(`${name}.sql`, `${sql.trimEnd()}\n`);
  }

  deleteQuery(name: string): void {
    if (NAME.test(name) && this.isFolder())
      this.change(() => rmSync(join(this.folder, `${name}.sql`), { force: true }));
  }

  /** By icount. */
  bookmarks(): Bookmark[] {
    const text = this.read(BOOKMARKS);
    const found = text === undefined ? [] : parsed(text);
    return Array.isArray(found) ? found.filter(isBookmark).slice(0, MAX_BOOKMARKS).map(shown) : [];
  }

  addBookmark(bookmark: Bookmark): void {
    if (!isBookmark(bookmark)) throw new BadInput('not a bookmark');
    const kept = this.bookmarks();
    if (kept.length === MAX_BOOKMARKS) throw new BadInput(`there are already ${MAX_BOOKMARKS} bookmarks`);
    this.writeBookmarks([...kept.filter((one) => !isSame(one, shown(bookmark))), shown(bookmark)]);
  }

  deleteBookmark(bookmark: Bookmark): void {
    this.writeBookmarks(this.bookmarks().filter((one) => !isSame(one, shown(bookmark))));
  }

  private writeBookmarks(bookmarks: readonly Bookmark[]): void {
    const sorted = [...bookmarks].sort((a, b) => a.from - b.from || a.to - b.to);
    const lines = sorted.map(({ from, to, label }) => JSON.stringify({ from, to, label }));
    this.write(BOOKMARKS, `[\n${lines.join(',\n')}\n]\n`);
  }

  /** Undefined where there is no such file, or it is none of ours. */
  private read(name: string): string | undefined {
    if (!this.isFolder()) return undefined;
    let file: number | undefined;
    try {
      file = openSync(
        join(this.folder, name),
        constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0),
      );
      const { size } = fstatSync(file);
      return fstatSync(file).isFile() && size <= MAX_BYTES ? readFileSync(file, 'utf8') : undefined;
    } catch {
      return undefined;
    } finally {
      if (file !== undefined) closeSync(file);
    }
  }

  private names(): string[] {
    return this.isFolder() ? readdirSync(this.folder) : [];
  }

  /** Written beside its place, then renamed: nobody sees half of it, and a link in its place is replaced, not followed. */
  private write(name: string, text: string): void {
    this.change(() => {
      if (!this.isFolder()) mkdirSync(this.folder);
      const beside = join(this.folder, `${name}.${process.pid}.tmp`);
      try {
        writeFileSync(beside, text, { flag: 'wx' });
        renameSync(beside, join(this.folder, name));
      } finally {
        rmSync(beside, { force: true });
      }
    });
  }

  private change(make: () => void): void {
    try {
      make();
    } catch (error) {
      throw new BadInput(
        `cannot write ${this.folder}: ${fileError(error)}`,
        'check the permissions of the folder of the trace',
      );
    }
  }

  private isFolder(): boolean {
    return lstatSync(this.folder, { throwIfNoEntry: false })?.isDirectory() ?? false;
  }
}

/** As it is kept and shown. */
const shown = ({ from, to, label }: Bookmark): Bookmark => ({ from, to, label: printable(label) });

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return [];
  }
}

const MAX_LABEL = 500;
const isIcount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;

function isBookmark(value: unknown): value is Bookmark {
  const { from, to, label } = (value ?? {}) as Partial<Bookmark>;
  return isIcount(from) && isIcount(to) && typeof label === 'string' && label.length <= MAX_LABEL;
}

const isSame = (a: Bookmark, b: Bookmark): boolean =>
  a.from === b.from && a.to === b.to && a.label === b.label;
