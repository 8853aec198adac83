import { statSync } from 'node:fs';
import { BadInput } from '../../schemas/bad-input.ts';
import { printable } from '../../schemas/untrusted.ts';
import type { CopyFormat } from '../db/copy-rows.ts';
import type { TraceDatabase } from '../db/trace-database.ts';
import type { Result } from '../web/serve-data.ts';

/** Questions of the SQL console: their answers, for a page and as a file. */

export interface Question {
  readonly sql: string;
  /** The selected stretch of the run, icounts. */
  readonly range?: { readonly from: number; readonly to: number } | undefined;
  /** As a file of this form, written there; else for a page. */
  readonly file?: { readonly path: string; readonly format: CopyFormat } | undefined;
}

/** Answers questions one after the other, apart from the server: a question may take all that its process has. */
export interface Questions {
  /** A `Result` as JSON; of what is written to a file, an empty text. Throws BadInput. */
  ask(question: Question, signal: AbortSignal): Promise<string>;
  close(): Promise<void>;
}

/** Rows that a page is sent; a file has all. */
export const SHOWN_ROWS = 100_000;
/** Bytes of a file; it is held in memory once. */
export const MAX_FILE_BYTES = 512 * 2 ** 20;
const LOOK_MS = 50;

/** Words of the process that answers. */
export interface Answering {
  readonly signal: AbortSignal;
  /** Told when the tables are loaded, and the time of the question begins. */
  readonly onBegin: () => void;
}

export async function answerQuestion(
  db: TraceDatabase,
  { sql, range, file }: Question,
  { signal, onBegin }: Answering,
): Promise<string> {
  const asked = { range, signal, onBegin };
  if (file) {
    await withinBytes(file.path, signal, (signal) =>
      db.download(sql, file.path, file.format, { ...asked, signal }),
    );
    return '';
  }
  const begin = performance.now();
  const { names, types, rows, isWhole } = await db.preview(sql, { ...asked, rows: SHOWN_ROWS });
  const result: Result = {
    columns: names.map((name, i) => ({ name: printable(name), type: String(types[i]) })),
    rows: rows.map((row) => row.map((cell) => (typeof cell === 'string' ? printable(cell) : cell))),
    isWhole,
    milliseconds: Math.round(performance.now() - begin),
  };
  return JSON.stringify(result);
}

/** Stops what writes a file when that is too large. */
async function withinBytes(
  path: string,
  signal: AbortSignal,
  write: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const tooLarge = new AbortController();
  const look = () => {
    if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > MAX_FILE_BYTES) tooLarge.abort();
  };
  const timer = setInterval(look, LOOK_MS);
  try {
    await write(AbortSignal.any([signal, tooLarge.signal]));
    look();
  } catch (error) {
    if (!tooLarge.signal.aborted) throw error;
  } finally {
    clearInterval(timer);
  }
  if (tooLarge.signal.aborted)
    throw new BadInput(
      `the answer is larger than ${MAX_FILE_BYTES / 2 ** 20} MB`,
      'narrow the query, or write a file: rewind386 query FILE --sql … --format parquet -o OUT',
    );
}
