import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { printable } from '../../schemas/untrusted.ts';
import type { CopyFormat } from '../db/copy-rows.ts';
import type { TraceDatabase } from '../db/trace-database.ts';
import type { Result } from '../web/serve-data.ts';
import { json, type Reply, type Request, type Route } from './http-server.ts';
import { fieldsOf, rangeField, textField } from './sent.ts';

/** The SQL console: questions to a database that reaches the traces and nothing else. */

/** Rows that a page is sent; a download has all. */
export const SHOWN_ROWS = 100_000;

/** `folder`: the one that the database may write downloads into. */
export function consoleRoutes(db: TraceDatabase, folder: string): readonly (readonly [string, Route])[] {
  return [
    ['POST query', (request) => query(db, request)],
    ['POST download', (request) => download(db, folder, request)],
  ];
}

async function query(db: TraceDatabase, { body, signal }: Request): Promise<Reply> {
  const fields = fieldsOf(body);
  const begin = performance.now();
  const { names, types, rows, isWhole } = await db.preview(textField(fields, 'sql'), {
    rows: SHOWN_ROWS,
    range: rangeField(fields),
    signal,
  });
  const result: Result = {
    columns: names.map((name, i) => ({ name: printable(name), type: String(types[i]) })),
    rows: rows.map((row) => row.map((cell) => (typeof cell === 'string' ? printable(cell) : cell))),
    isWhole,
    milliseconds: Math.round(performance.now() - begin),
  };
  return json(result);
}

const TYPES: Readonly<Record<CopyFormat, string>> = {
  csv: 'text/csv; charset=utf-8',
  parquet: 'application/vnd.apache.parquet',
};

let made = 0;

async function download(db: TraceDatabase, folder: string, { body, signal }: Request): Promise<Reply> {
  const fields = fieldsOf(body);
  const format: CopyFormat = fields.format === 'parquet' ? 'parquet' : 'csv';
  const file = join(folder, `download-${made++}`);
  try {
    await db.download(textField(fields, 'sql'), file, format, { range: rangeField(fields), signal });
    return { type: TYPES[format], body: readFileSync(file) };
  } finally {
    rmSync(file, { force: true });
  }
}
