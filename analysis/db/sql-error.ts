import { BadInput } from '../../schemas/bad-input.ts';

/** An error in a user's SQL, and the place of it where DuckDB tells one. */
export class SqlError extends BadInput {
  readonly position: Position | undefined;

  constructor(what: string, next: string, position: Position | undefined) {
    super(what, next);
    this.position = position;
  }
}

/** DuckDB's message about a query, as one line with the position in the user's text. */
export function sqlError(error: unknown, sql: string): BadInput {
  const message = error instanceof Error ? error.message : String(error);
  if (/^Out of Memory Error/.test(message))
    return new BadInput(
      'the query exceeds its memory limit',
      'narrow the query, or raise the limit: --memory 8G',
    );
  const summary = message
    .split('Stack Trace:')[0]
    .split('\n\nLINE ')[0]
    .replaceAll(/\s*\n\s*/g, ' ')
    .trim();
  if (/disabled by configuration/.test(summary))
    return new BadInput(
      `SQL error: ${summary}`,
      'SQL can read only the trace; to let your own SQL read files: add --unsafe-files',
    );
  const position = positionIn(message, sql);
  const where = position ? ` at line ${position.line}, column ${position.column}` : '';
  return new SqlError(
    `SQL error${where}: ${summary}`,
    position
      ? `${position.text}\n${' '.repeat(position.column + 'next: '.length - 1)}^`
      : 'rewind386 query FILE --sql "SHOW TABLES"',
    position,
  );
}

/** A place in SQL, counted from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
  /** The line of SQL. */
  readonly text: string;
}

/** DuckDB quotes a part of the line, with a caret below it: where that stands in the whole line. */
function positionIn(message: string, sql: string): Position | undefined {
  const quoted = /\nLINE (\d+): (.*)\n( *)\^/.exec(message);
  if (!quoted) return undefined;
  const line = Number(quoted[1]);
  const text = sql.split('\n')[line - 1];
  if (text === undefined) return undefined;
  const caret = quoted[3].length - `LINE ${line}: `.length;
  const part = quoted[2].replace(/^\.\.\./, '').replace(/\.\.\.$/, '');
  const cut = quoted[2].length - quoted[2].replace(/^\.\.\./, '').length;
  const start = Math.max(0, text.indexOf(part));
  return { line, column: start + caret - cut + 1, text };
}
