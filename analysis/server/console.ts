import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { CopyFormat } from '../db/copy-rows.ts';
import { JSON_TYPE, type Reply, type Request, type Route } from './http-server.ts';
import type { Questions } from './questions.ts';
import { fieldsOf, rangeField, textField } from './sent.ts';

/** The SQL console: questions to a database that reaches the traces and nothing else. */

/** `folder`: the one that downloads are written into. */
export function consoleRoutes(questions: Questions, folder: string): readonly (readonly [string, Route])[] {
  return [
    [
      'POST query',
      async ({ body, signal }) => {
        const fields = fieldsOf(body);
        const question = { sql: textField(fields, 'sql'), range: rangeField(fields) };
        return { type: JSON_TYPE, body: await questions.ask(question, signal) };
      },
    ],
    ['POST download', (request) => download(questions, folder, request)],
  ];
}

const TYPES: Readonly<Record<CopyFormat, string>> = {
  csv: 'text/csv; charset=utf-8',
  parquet: 'application/vnd.apache.parquet',
};

let made = 0;

async function download(questions: Questions, folder: string, { body, signal }: Request): Promise<Reply> {
  const fields = fieldsOf(body);
  const format: CopyFormat = fields.format === 'parquet' ? 'parquet' : 'csv';
  const path = join(folder, `download-${made++}`);
  try {
    const sql = textField(fields, 'sql');
    await questions.ask({ sql, range: rangeField(fields), file: { path, format } }, signal);
    return { type: TYPES[format], body: readFileSync(path) };
  } finally {
    rmSync(path, { force: true });
  }
}
